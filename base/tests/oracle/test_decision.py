from dataclasses import replace

import pytest

from tests.oracle.answer import Reference
from tests.oracle.conditions import ConditionTree, Group, ItemTests
from tests.oracle.document import Text, Word
from tests.oracle.expectation import Refused
from tests.oracle.samples import (
    APP,
    CONSUMER,
    IN_REGION,
    OWNER,
    PROVIDER,
    PUBLIC,
    RESIDENTS,
    USER,
    answer_to,
    asked,
    days,
    nodes_of,
    reference_of,
    restriction,
    statute,
)
from tests.oracle.world import Kind, Record, ShareClass, subject_of

NEVER = ConditionTree((Group("or", ()),))
UNKNOWN = ConditionTree((ItemTests("user", (("eq", "user-1"),)),))
AGREED = statute(kind=Kind.AGREEMENT, items=("name", "secret"), valid_from=days(-1), valid_until=days(9))
GOVERNMENT = ConditionTree((ItemTests("network_zone", (("eq", "government"),)), ItemTests("auth_level", (("gte", 2),))))


def refusal(reference: Reference, *items: str, purpose: str | None = None, matter: str | None = None) -> Refused:
    arguments = {} if purpose is None else {"purpose": Word(purpose)}
    stated = {} if matter is None else {"matter": Text(matter)}
    answer = answer_to(reference, APP, asked(*items, **arguments, **stated))
    assert isinstance(answer, Refused)
    return answer


@pytest.mark.parametrize(
    ("record", "codes"),
    [
        (statute(modes=("exchange",)), {"MODE_DENIED"}),
        (statute(purposes=("verification",)), {"PURPOSE_REQUIRED"}),
        (statute(matters=("m1",)), {"PURPOSE_DENIED"}),
        (statute(purposes=("verification",), matters=("m1",)), {"PURPOSE_REQUIRED", "PURPOSE_DENIED"}),
        (statute(valid_until=days(-1)), {"EXPIRED"}),
        (statute(valid_from=days(1)), {"EXPIRED"}),
        (statute(condition=UNKNOWN), {"CONDITION_FAILED"}),
        (statute(valid_until=days(-1), condition=UNKNOWN), {"EXPIRED"}),
        (statute(modes=("exchange",), valid_until=days(-1)), {"MODE_DENIED"}),
    ],
)
def test_refusal_names_where_the_record_stopped(record: Record, codes: set[str]) -> None:
    assert refusal(reference_of(record), "code", "name") == Refused(frozenset(codes), ("code", "name"))


def test_refusal_follows_the_record_that_came_furthest() -> None:
    records = (statute("a", modes=("exchange",)), statute("b", condition=NEVER), statute("c", valid_until=days(-200)))
    assert refusal(reference_of(*records), "name").codes == {"CONDITION_FAILED"}


def test_refusal_wants_a_purpose_when_one_of_the_furthest_did() -> None:
    records = (statute("a", matters=("m1",)), statute("b", purposes=("verification",)))
    assert refusal(reference_of(*records), "name").codes == {"PURPOSE_REQUIRED"}
    assert refusal(reference_of(*records), "name", purpose="WORK_REFERENCE").codes == {"PURPOSE_DENIED"}


def test_unregistered_matter_is_refused_whatever_else() -> None:
    assert refusal(reference_of(statute()), "name", matter="m9").codes == {"PURPOSE_DENIED"}


def test_only_registered_matter_stands_for_itself() -> None:
    provider = Record("provider-2", Kind.STATUTORY, f"department:{PROVIDER}", RESIDENTS.code, matters=("m1",))
    reference = reference_of(provider, entry=replace(RESIDENTS, provider=CONSUMER))
    assert nodes_of(answer_to(reference, OWNER, asked("code"))) == [{"code": code} for code in "cabd"]


def test_unscoped_deny_refuses_only_its_items() -> None:
    reference = reference_of(statute(), restriction(items=("name",)))
    assert refusal(reference, "code", "name") == Refused(frozenset({"ITEM_DENIED"}), ("name",))
    assert nodes_of(answer_to(reference, APP, asked("code"))) == [{"code": code} for code in "cabd"]


def test_deny_applies_when_its_condition_or_scope_is_unknown() -> None:
    doubtful = restriction(items=("name",), condition=UNKNOWN)
    assert refusal(reference_of(statute(), doubtful), "name").codes == {"ITEM_DENIED"}
    in_doubt = restriction(items=("code",), scope=ConditionTree((ItemTests("count", (("eq", 99),)),)))
    reference = reference_of(statute(), in_doubt)
    assert nodes_of(answer_to(reference, APP, asked("code"))) == [{"code": code} for code in "cbd"]


def test_allow_does_not_apply_when_its_scope_is_unknown_or_false() -> None:
    reference = reference_of(statute(scope=IN_REGION))
    assert nodes_of(answer_to(reference, APP, asked("code"))) == [{"code": "c"}, {"code": "a"}]


def test_scope_that_no_row_meets_gives_an_empty_answer() -> None:
    assert nodes_of(answer_to(reference_of(statute(scope=NEVER)), APP, asked("code"))) == []


def test_deny_with_a_scope_that_is_always_true_gives_an_empty_answer() -> None:
    reference = reference_of(statute(), restriction(scope=ConditionTree((Group("and", ()),))))
    assert nodes_of(answer_to(reference, APP, asked("code"))) == []


def test_every_used_item_must_be_permitted_in_the_row() -> None:
    wide = statute("wide", items=("code",))
    reference = reference_of(wide, statute("narrow", items=("name",), scope=IN_REGION))
    assert nodes_of(answer_to(reference, APP, asked("code"))) == [{"code": code} for code in "cabd"]
    assert nodes_of(answer_to(reference, APP, asked("code", "name"))) == [
        {"code": "c", "name": "王一"},
        {"code": "a", "name": None},
    ]


@pytest.mark.parametrize(
    ("record", "items"),
    [
        (statute(), ["code", "name", "division", "count", "secret"]),
        (statute(kind=Kind.UNCONDITIONAL, consumer="any_department"), ["code", "division", "count"]),
        (statute(kind=Kind.UNCONDITIONAL, consumer="group:g1", items=("name", "count")), ["count"]),
        (statute(kind=Kind.OPEN_DATA, consumer="public"), ["code", "division"]),
        (AGREED, ["name"]),
        (statute(applications=("app-1",)), ["code", "name", "division", "count", "secret"]),
        (statute(applications=("app-2",)), []),
        (statute(consumer="application:app-1", items=("name",)), ["name"]),
        (statute(items=("name",), valid_until=days(-89)), ["name"]),
        (statute(items=("name",), valid_until=days(-91)), []),
        (statute(items=("name",), valid_from=days(300)), ["name"]),
        (statute(items=("name",), modes=("exchange",), condition=NEVER, scope=NEVER), ["name"]),
        (restriction(), []),
    ],
)
def test_view_holds_what_a_record_opens_and_the_catalog_lets_stand(record: Record, items: list[str]) -> None:
    reference = reference_of(record)
    view = reference.view(subject_of(reference.world, APP))
    assert list(view.get("residents", ())) == items


def test_entry_class_narrows_its_items() -> None:
    closed = replace(RESIDENTS, share_class=ShareClass.NOT_SHARED)
    reference = reference_of(
        statute(kind=Kind.UNCONDITIONAL), statute("o", kind=Kind.OPEN_DATA, consumer="public"), entry=closed
    )
    assert reference.view(subject_of(reference.world, APP)) == {}


def test_unpublished_entry_is_its_provider_s_alone() -> None:
    draft = replace(RESIDENTS, status="draft")
    reference = reference_of(statute(), entry=draft)
    assert answer_to(reference, APP, asked("code")) is None
    assert nodes_of(answer_to(reference, OWNER, asked("code"))) == [{"code": code} for code in "cabd"]


def test_loading_into_an_empty_portal_derives_records() -> None:
    reference = reference_of(derive=True)
    assert [record.id for record in reference.records] == [
        "provider-residents",
        "unconditional-residents",
        "open-residents",
    ]
    assert list(reference.view(subject_of(reference.world, PUBLIC))["residents"]) == ["code", "division"]
    assert list(reference.view(subject_of(reference.world, USER))["residents"]) == ["code", "division", "count"]


def test_deriving_leaves_out_a_kind_that_the_bundle_has() -> None:
    own = statute("own", kind=Kind.OPEN_DATA, consumer="public", items=("code",))
    assert [record.id for record in reference_of(own, derive=True).records][1:] == [
        "provider-residents",
        "unconditional-residents",
    ]


def test_level_and_zone_come_from_the_token_before_the_register() -> None:
    reference = reference_of(statute(condition=GOVERNMENT))
    assert nodes_of(answer_to(reference, APP, asked("code")))
    weaker = replace(APP, claimed_level=1)
    answer = answer_to(reference, weaker, asked("code"))
    assert isinstance(answer, Refused)
    assert answer.codes == {"CONDITION_FAILED"}
