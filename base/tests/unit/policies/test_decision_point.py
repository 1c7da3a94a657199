from collections.abc import Mapping

import pytest

from portal.catalog.entries import EntryStatus
from portal.conditions.meaning import Attribute
from portal.conditions.tree import TRUE, And, Comparison, Not, Operator, Or
from portal.errors import ErrorCode
from portal.policies.decision import Deny, Permit
from portal.policies.decision_point import DecisionPoint, action_for
from portal.policies.records import PolicyRecord
from portal.vocabulary import PUBLIC, Action, ApplicationId, ItemIdentifier, Matter, Mode, Subject
from tests.policies.building import (
    CHECKER,
    CONSUMER,
    MATCHERS,
    OTHER,
    OWNER,
    PROVIDER,
    changed,
    code_of,
    entry,
    is_permitted_in,
    open_entry,
    permitted,
    point,
    record,
    request,
    restriction,
    snapshot,
    state,
    use,
)

NAME, DIVISION, NOTE = map(ItemIdentifier, ("name", "division", "note"))
WITHIN = {"division": {"eq": "a"}}
IN_A, IN_B = Comparison("division", Operator.EQ, "a"), Comparison("division", Operator.EQ, "b")
ROW_A: Mapping[str, Attribute] = {"division": "a"}
ROW_B: Mapping[str, Attribute] = {"division": "b"}
ROW_NULL: Mapping[str, Attribute] = {"division": None}


def test_permit_is_for_every_row_when_an_unscoped_allow_applies() -> None:
    decision = permitted(point(record(), record(id="statute-2", scope=WITHIN)).decide(request(), use("name")))
    assert decision.row_condition == TRUE
    assert [one.id for one in decision.records] == ["statute-1", "statute-2"]


def test_permit_is_for_the_rows_of_any_scope_when_every_allow_has_one() -> None:
    other = record(id="statute-2", scope={"division": {"eq": "b"}})
    decision = permitted(point(record(scope=WITHIN), other).decide(request(), use("name")))
    assert decision.row_condition == Or((IN_A, IN_B))
    assert [is_permitted_in(decision, row) for row in (ROW_A, ROW_B, {"division": "c"}, ROW_NULL)] == [
        True,
        True,
        False,
        False,
    ]


def test_permit_is_for_rows_in_which_every_used_item_is_permitted() -> None:
    of_name = record(scope=WITHIN)
    of_note = record(id="statute-2", items=["note"], scope={"note": {"isNull": False}})
    decision = permitted(point(of_name, of_note).decide(request(), use("name", "note")))
    assert is_permitted_in(decision, {"division": "a", "note": "x"})
    assert not is_permitted_in(decision, {"division": "a", "note": None})
    assert not is_permitted_in(decision, {"division": "b", "note": "x"})


def test_permit_puts_the_subjects_attributes_in_their_places() -> None:
    found = record(scope={"division": {"startsWith": {"subject": "region"}}})
    decision = permitted(point(found).decide(request(), use("name")))
    assert decision.row_condition == Or((Comparison("division", Operator.STARTS_WITH, "999999"),))


def test_permit_gives_no_row_when_the_scope_needs_an_attribute_that_is_missing() -> None:
    found = record(scope={"not": {"division": {"eq": {"subject": "user"}}}})
    decision = point(found).decide(request(), use("name"))
    assert isinstance(decision, Permit)
    assert not any(is_permitted_in(decision, row) for row in (ROW_A, ROW_B, ROW_NULL))


@pytest.mark.parametrize("scope", [{"or": []}, {"not": {"and": []}}, {"division": {"in": []}}])
@pytest.mark.clause("enforcement.md §4, a scope that no row meets")
def test_permit_is_given_when_the_scope_is_never_met(scope: object) -> None:
    decision = permitted(point(record(scope=scope)).decide(request(), use("name")))
    assert not is_permitted_in(decision, ROW_A)


@pytest.mark.clause("enforcement.md §4, item")
def test_item_is_denied_when_a_deny_without_scope_applies() -> None:
    decision = point(record(), restriction()).decide(request(), use("name"))
    assert decision == Deny(((NAME, ErrorCode.ITEM_DENIED),))


@pytest.mark.parametrize("scope", [{"and": []}, {"division": {"notIn": []}}, {"not": {"or": []}}])
@pytest.mark.clause("enforcement.md §2, any object but {} is a scope")
def test_rows_are_left_out_when_a_deny_has_a_scope_that_is_always_true(scope: object) -> None:
    decision = permitted(point(record(), restriction(scope=scope)).decide(request(), use("name")))
    assert [one.id for one in decision.restrictions] == ["restriction-1"]
    assert not any(is_permitted_in(decision, row) for row in (ROW_A, ROW_B, ROW_NULL))


@pytest.mark.clause("enforcement.md §3, doubt never opens")
def test_rows_are_left_out_when_a_deny_holds_for_them_or_may() -> None:
    decision = permitted(point(record(), restriction(scope=WITHIN)).decide(request(), use("name")))
    assert decision.row_condition == Not(IN_A)
    assert [is_permitted_in(decision, row) for row in (ROW_A, ROW_B, ROW_NULL)] == [False, True, False]


def test_rows_are_left_out_when_a_denys_scope_needs_an_attribute_that_is_missing() -> None:
    closed = restriction(scope={"division": {"eq": {"subject": "user"}}})
    decision = permitted(point(record(), closed).decide(request(), use("name")))
    assert not any(is_permitted_in(decision, row) for row in (ROW_A, ROW_B, ROW_NULL))


def test_rows_are_left_out_when_a_deny_is_on_any_used_item() -> None:
    allow = record(items=["name", "note"])
    deny = restriction(items=["note"], scope=WITHIN)
    both = point(allow, deny)
    assert is_permitted_in(both.decide(request(), use("name")), ROW_A)
    assert not is_permitted_in(both.decide(request(), use("name", "note")), ROW_A)
    assert is_permitted_in(both.decide(request(), use("name", "note")), ROW_B)


def test_deny_is_not_heard_when_it_does_not_apply() -> None:
    for members in (
        {"purposes": ["work_reference"]},
        {"modes": ["exchange"]},
        {"consumer": "group:strangers"},
        {"items": ["note"]},
        {"valid_until": "2026-03-01T08:00:00Z"},
        {"matters": ["999999-0009"]},
        {"condition": {"auth_level": {"lt": 2}}},
    ):
        decision = permitted(point(record(), restriction(**members)).decide(request(), use("name")))
        assert (decision.row_condition, decision.restrictions) == (TRUE, ())


def test_deny_is_heard_when_its_condition_is_unknown() -> None:
    closed = restriction(condition={"user": {"eq": "clerk"}})
    assert code_of(point(record(), closed).decide(request(), use("name"))) is ErrorCode.ITEM_DENIED


def test_code_is_that_of_the_allow_which_came_furthest() -> None:
    ladder = [
        (ErrorCode.MODE_DENIED, record(id="a", modes=["exchange"])),
        (ErrorCode.PURPOSE_DENIED, record(id="b", purposes=["work_reference"])),
        (ErrorCode.EXPIRED, record(id="c", valid_until="2020-01-01T00:00:00Z")),
        (ErrorCode.CONDITION_FAILED, record(id="d", condition={"auth_level": {"eq": 0}})),
    ]
    records: list[PolicyRecord] = []
    for code, found in ladder:
        records.append(found)
        assert code_of(point(*reversed(records)).decide(request(), use("name"))) is code
    assert code_of(point(*records, record(id="e")).decide(request(), use("name"))) is None


def test_code_is_item_denied_when_no_allow_names_the_item_or_the_subject() -> None:
    for subject, records in (
        (CHECKER, ()),
        (CHECKER, (record(items=["note"]),)),
        (CHECKER, (restriction(),)),
        (OTHER, (record(),)),
        (PUBLIC, (record(),)),
        (CHECKER, (record(applications=["keeper"]),)),
    ):
        assert code_of(point(*records).decide(request(subject), use("name"))) is ErrorCode.ITEM_DENIED


def test_code_is_the_allows_own_when_a_deny_applies_beside_it() -> None:
    late = record(valid_until="2020-01-01T00:00:00Z")
    assert code_of(point(late, restriction()).decide(request(), use("name"))) is ErrorCode.EXPIRED


@pytest.mark.clause("enforcement.md §5, PURPOSE_REQUIRED")
def test_code_is_purpose_required_when_one_that_came_furthest_wants_a_purpose() -> None:
    other_matter = record(id="a", purposes=["*"], matters=["999999-0009"])
    wanting = record(id="b")
    asked = request(purpose=None)
    assert code_of(point(wanting).decide(asked, use("name"))) is ErrorCode.PURPOSE_REQUIRED
    assert code_of(point(other_matter).decide(asked, use("name"))) is ErrorCode.PURPOSE_DENIED
    assert code_of(point(other_matter, wanting).decide(asked, use("name"))) is ErrorCode.PURPOSE_REQUIRED


def test_code_is_not_purpose_required_when_another_came_further() -> None:
    late = record(id="a", purposes=["*"], valid_until="2020-01-01T00:00:00Z")
    decision = point(late, record(id="b")).decide(request(purpose=None), use("name"))
    assert code_of(decision) is ErrorCode.EXPIRED


@pytest.mark.clause("enforcement.md §5, without purpose only [*]")
def test_purpose_may_be_left_out_when_a_record_is_for_every_purpose() -> None:
    records = (record(id="a", purposes=["*"]), record(id="b"))
    decision = permitted(point(*records).decide(request(purpose=None), use("name")))
    assert [one.id for one in decision.records] == ["a"]


def test_each_refused_item_has_its_own_code_in_the_order_used() -> None:
    records = (
        record(id="a", items=["name"], modes=["exchange"]),
        record(id="b", items=["division"]),
        record(id="c", items=["born"], valid_until="2020-01-01T00:00:00Z"),
    )
    decision = point(*records).decide(request(), use("note", "name", "division", "born"))
    assert isinstance(decision, Deny)
    assert decision.reasons == (
        (NOTE, ErrorCode.ITEM_DENIED),
        (NAME, ErrorCode.MODE_DENIED),
        (ItemIdentifier("born"), ErrorCode.EXPIRED),
    )


def test_item_is_denied_when_the_entry_has_none_of_that_name() -> None:
    every = record(items=["*"])
    for name in ("salery", "Name", "name ", "*", ""):
        decision = point(every).decide(request(), use("name", name))
        assert decision == Deny(((ItemIdentifier(name), ErrorCode.ITEM_DENIED),))


def test_item_is_decided_when_it_is_only_compared() -> None:
    decision = point(record()).decide(request(), use("name", compared=["note", "division"]))
    assert decision == Deny(((DIVISION, ErrorCode.ITEM_DENIED), (NOTE, ErrorCode.ITEM_DENIED)))


@pytest.mark.clause("enforcement.md §4, used items")
def test_request_that_uses_no_item_is_decided_by_the_key() -> None:
    assert code_of(point().decide(request(), use())) is ErrorCode.ITEM_DENIED
    assert code_of(point(record(items=["note"])).decide(request(), use())) is ErrorCode.ITEM_DENIED
    scoped = permitted(point(record(scope=WITHIN)).decide(request(), use()))
    assert not is_permitted_in(scoped, ROW_B)


@pytest.mark.parametrize("status", [status for status in EntryStatus if status is not EntryStatus.PUBLISHED])
def test_entry_that_is_not_published_permits_its_provider_alone(status: EntryStatus) -> None:
    of = entry(status=status)
    own = record(id="provider-residents", kind="provider", consumer=f"department:{PROVIDER}", items=["*"])
    decide = point(own, record(), of=of).decide
    assert code_of(decide(request(OWNER), use("name"))) is None
    assert code_of(decide(request(CHECKER), use("name"))) is ErrorCode.ITEM_DENIED


def test_entry_that_was_removed_permits_its_provider_alone() -> None:
    own = record(id="provider-residents", kind="provider", consumer=f"department:{PROVIDER}", items=["*"])
    decide = DecisionPoint(snapshot([state(entry(), removed=True)], [own, record()]), MATCHERS).decide
    assert code_of(decide(request(OWNER), use("name"))) is None
    assert code_of(decide(request(CHECKER), use("name"))) is ErrorCode.ITEM_DENIED


def test_public_is_permitted_open_items_alone() -> None:
    of = open_entry()
    opened = record(of, kind="open_data", consumer="public", items=["*"], purposes=["*"])
    decide = point(opened, of=of).decide
    assert code_of(decide(request(PUBLIC, purpose=None), use("code"))) is None
    assert code_of(decide(request(PUBLIC, purpose=None), use("note"))) is ErrorCode.ITEM_DENIED
    assert code_of(decide(request(CHECKER), use("code"))) is None


def test_public_is_refused_an_item_that_a_restriction_names() -> None:
    of = open_entry()
    opened = record(of, kind="open_data", consumer="public", items=["code"], purposes=["*"])
    closed = restriction(of, consumer="public", items=["code"])
    for_departments = restriction(of, id="restriction-2", consumer="any_department", items=["code"])
    asked = request(PUBLIC, purpose=None)
    assert code_of(point(opened, closed, of=of).decide(asked, use("code"))) is ErrorCode.ITEM_DENIED
    assert code_of(point(opened, for_departments, of=of).decide(asked, use("code"))) is None


def test_subject_is_denied_when_casbin_and_the_predicates_do_not_agree_who_it_is() -> None:
    # No one is registered like this: an application without department, which the public's model knows nothing of.
    stray = Subject(application=ApplicationId("checker"))
    decision = point(record(consumer="application:checker")).decide(request(stray), use("name"))
    assert decision == Deny(((NAME, ErrorCode.ITEM_DENIED),))


@pytest.mark.parametrize(
    ("registered", "asked", "taken"),
    [
        ((), None, None),
        (("a",), None, "a"),
        (("a", "b"), None, None),
        (("a", "b"), "b", "b"),
        (("a",), "a", "a"),
    ],
)
@pytest.mark.clause("enforcement.md §1, matter")
def test_action_has_the_matter_that_the_application_is_registered_for(
    registered: tuple[str, ...], asked: str | None, taken: str | None
) -> None:
    subject = changed(CHECKER, matters=tuple(map(Matter, registered)))
    action = Action(matter=None if asked is None else Matter(asked))
    assert action_for(action, subject) == Action(matter=None if taken is None else Matter(taken))


@pytest.mark.parametrize("registered", [(), ("b",), ("b", "c"), ("a ",), ("A",)])
def test_request_is_refused_when_the_application_is_not_registered_for_the_matter(registered: tuple[str, ...]) -> None:
    subject = changed(CHECKER, matters=tuple(map(Matter, registered)))
    asked = request(subject, matter="a")
    assert action_for(asked.action, subject) is None
    decision = point(record()).decide(asked, use("name", compared=["division"]))
    assert decision == Deny(((NAME, ErrorCode.PURPOSE_DENIED), (DIVISION, ErrorCode.PURPOSE_DENIED)))
    assert code_of(point(record()).decide(asked, use())) is ErrorCode.PURPOSE_DENIED


def test_record_for_a_matter_applies_when_it_is_the_only_registered_one() -> None:
    found = record(matters=["a"])
    one, two = changed(CHECKER, matters=(Matter("a"),)), changed(CHECKER, matters=(Matter("a"), Matter("b")))
    assert code_of(point(found).decide(request(one), use("name"))) is None
    assert code_of(point(found).decide(request(two), use("name"))) is ErrorCode.PURPOSE_DENIED
    assert code_of(point(found).decide(request(two, matter="a"), use("name"))) is None


def test_mode_of_the_request_is_the_one_decided_on() -> None:
    decide = point(record(modes=["exchange"])).decide
    assert code_of(decide(request(mode=Mode.EXCHANGE), use("name"))) is None
    assert code_of(decide(request(mode=Mode.QUERY), use("name"))) is ErrorCode.MODE_DENIED


def test_condition_on_rows_is_written_once_when_items_share_their_records() -> None:
    found = record(items=["*"], scope=WITHIN)
    decision = permitted(point(found).decide(request(), use("name", "note", "born")))
    assert decision.row_condition == Or((IN_A,))


def test_condition_on_rows_joins_items_that_differ() -> None:
    records = (record(scope=WITHIN), record(id="b", items=["note"], scope={"division": {"eq": "b"}}))
    decision = permitted(point(*records).decide(request(), use("name", "note")))
    assert decision.row_condition == And((Or((IN_A,)), Or((IN_B,))))


def test_items_are_decided_alike_whatever_the_order_of_the_records() -> None:
    records = [record(id=name, scope=WITHIN if name == "a" else None) for name in ("a", "b", "c")]
    decisions = {point(*order).decide(request(), use("name")) for order in (records, records[::-1])}
    assert len(decisions) == 1


def test_decision_is_on_the_departments_own_when_groups_differ() -> None:
    found = record(consumer="group:readers")
    assert code_of(point(found).decide(request(CHECKER), use("name"))) is None
    assert code_of(point(found).decide(request(changed(CHECKER, groups=())), use("name"))) is ErrorCode.ITEM_DENIED
    of_department = record(consumer=f"department:{CONSUMER}")
    assert code_of(point(of_department).decide(request(changed(CHECKER, groups=())), use("name"))) is None
