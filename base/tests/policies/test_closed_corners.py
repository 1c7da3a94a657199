"""T13: where something is missing, misspelled or broken, the answer is no."""

from itertools import product
from pathlib import Path

import pytest

from portal.conditions.tree import UNKNOWN, Comparison, Constant, Operator
from portal.errors import ErrorCode, PolicyUnavailable
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision import Deny
from portal.policies.decision_point import DecisionPoint
from portal.policies.matching import Stage, furthest_stage
from portal.policies.records import ANY, Effect, PolicyKind, PolicyRecord
from portal.resources import PACKAGE_FOLDER
from portal.vocabulary import PUBLIC, EntryCode, Subject
from tests.policies.building import (
    CHECKER,
    MATCHERS,
    OTHER,
    OWNER,
    changed,
    code_of,
    entry,
    is_permitted_in,
    open_entry,
    point,
    read,
    record,
    request,
    restriction,
    snapshot,
    use,
)
from tests.policies.plain_enforcer import PlainEnforcer

EVERYONE = {"checker": CHECKER, "owner": OWNER, "other": OTHER, "public": PUBLIC}
BY_NAME = pytest.mark.parametrize("subject", EVERYONE.values(), ids=EVERYONE)
OPEN = open_entry()


@BY_NAME
@pytest.mark.clause("T13")
def test_t13_nothing_is_permitted_when_there_is_no_record(subject: Subject) -> None:
    for of in (entry(), OPEN):
        decision = point(of=of).decide(request(subject), use(*(one.identifier for one in of.items)))
        assert isinstance(decision, Deny)
        assert decision.reasons == tuple((one.identifier, ErrorCode.ITEM_DENIED) for one in of.items)


@BY_NAME
@pytest.mark.clause("T13")
def test_t13_plain_casbin_permits_nothing_when_there_is_no_record(subject: Subject) -> None:
    for name in ModelName:
        assert not PlainEnforcer(name, []).permits(request(subject), OPEN, OPEN.items[0], {})


@BY_NAME
@pytest.mark.clause("T13")
def test_t13_empty_snapshot_shows_and_permits_nothing(subject: Subject) -> None:
    empty = snapshot([], [])
    assert empty.view(subject, request().environment.now) == {}
    assert empty.candidates(EntryCode("303001001/00001"), subject) == ()
    with pytest.raises(KeyError):
        DecisionPoint(empty, MATCHERS).decide(request(subject), use("name"))


@BY_NAME
@pytest.mark.clause("T13")
def test_t13_denies_alone_permit_nobody(subject: Subject) -> None:
    denies = [
        restriction(OPEN, id="a", consumer="group:strangers", items=["*"]),
        restriction(OPEN, id="b", consumer="public", items=["*"], scope={"or": []}),
        restriction(OPEN, id="c", consumer="any_department", items=["*"], valid_until="2020-01-01T00:00:00Z"),
    ]
    assert code_of(point(*denies, of=OPEN).decide(request(subject), use("code"))) is ErrorCode.ITEM_DENIED
    for name in ModelName:
        assert not PlainEnforcer(name, denies).permits(request(subject), OPEN, OPEN.items[0], {})


@pytest.mark.parametrize(
    "spelling", ["Deny", " deny", "deny ", "DENY", "ALLOW", "Allow", "allow\n", "deny,", "d\u0435ny"]
)
@pytest.mark.clause("T13")
def test_t13_effect_is_refused_by_the_reader_when_it_is_misspelled(spelling: str) -> None:
    found, faults = read(effect=spelling)
    assert found is None
    assert [fault.column for fault in faults] == ["effect"]


@pytest.mark.clause("T13")
def test_t13_enforcer_that_was_switched_off_permits_nothing() -> None:
    matchers = {name: Matcher(name) for name in ModelName}
    for matcher in matchers.values():
        matcher._enforcer.enable_enforce(False)
    decide = DecisionPoint(snapshot([entry()], [record()]), matchers).decide
    assert code_of(decide(request(), use("name"))) is ErrorCode.ITEM_DENIED


@pytest.mark.clause("T13")
def test_t13_portal_has_no_word_for_switching_the_enforcer_off() -> None:
    word = "enable_" + "enforce"
    sources = list(Path(PACKAGE_FOLDER).rglob("*.py"))
    assert len(sources) > 20
    assert [path.name for path in sources if word in path.read_text(encoding="utf-8")] == []


BROKEN = {
    "a level and a text": Comparison("auth_level", Operator.LT, "two"),
    "a list and a number": Comparison("groups", Operator.GTE, 2),
    "a moment and a text": Comparison("now", Operator.LT, "2026"),
}


@pytest.mark.parametrize("condition", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("effect", Effect)
@pytest.mark.clause("T13")
def test_t13_decision_is_unavailable_when_a_record_cannot_be_evaluated(effect: Effect, condition: Comparison) -> None:
    kind = PolicyKind.RESTRICTION if effect is Effect.DENY else PolicyKind.STATUTORY
    broken = changed(record(id="z"), effect=effect, kind=kind, condition=condition)
    with pytest.raises(PolicyUnavailable):
        point(record(), broken).decide(request(), use("name"))


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.clause("T13")
def test_t13_plain_casbin_fails_when_a_record_cannot_be_evaluated(effect: Effect) -> None:
    kind = PolicyKind.RESTRICTION if effect is Effect.DENY else PolicyKind.STATUTORY
    broken = changed(record(id="z"), effect=effect, kind=kind, condition=BROKEN["a level and a text"])
    with pytest.raises(TypeError):
        PlainEnforcer(ModelName.DEPARTMENT_SHARING, [record(), broken]).permits(
            request(), entry(), entry().items[0], {}
        )


@pytest.mark.parametrize("value", [None, False, True])
@pytest.mark.clause("T13")
def test_t13_condition_opens_only_when_it_is_true(value: bool | None) -> None:
    allow = changed(record(), condition=Constant(value))
    deny = changed(restriction(), condition=Constant(value))
    allowed = code_of(point(allow).decide(request(), use("name"))) is None
    denied = code_of(point(record(), deny).decide(request(), use("name"))) is not None
    assert (allowed, denied) == (value is True, value is not False)


@pytest.mark.clause("T13")
def test_t13_row_is_left_out_when_its_scope_is_unknown() -> None:
    allow = changed(record(), scope=UNKNOWN)
    deny = changed(restriction(), scope=UNKNOWN)
    for records in ([allow], [record(), deny], [allow, deny]):
        assert not is_permitted_in(point(*records).decide(request(), use("name")), {"name": "x"})


def weakened() -> list[PolicyRecord]:
    """Return records as a broken store might hold them: consumer, kind or lists emptied."""
    empty: tuple[str, ...] = ()
    return [
        changed(record(), items=empty),
        changed(record(), purposes=empty),
        changed(record(), modes=empty),
        changed(record(), consumer=changed(record().consumer, code="")),
        changed(record(), resource=EntryCode("")),
        changed(record(), kind=PolicyKind.RESTRICTION),
        changed(record(), kind=PolicyKind.PROVIDER),
        changed(record(), kind=PolicyKind.OPEN_DATA),
        changed(record(), kind=PolicyKind.AGREEMENT, items=ANY),
    ]


@pytest.mark.parametrize("number", range(len(weakened())))
@BY_NAME
@pytest.mark.clause("T13")
def test_t13_record_permits_nothing_when_a_member_of_it_is_gone(number: int, subject: Subject) -> None:
    found = weakened()[number]
    without = Subject(department=None, groups=(), application=None, region=None, auth_level=None)
    for asked in product((subject, without), ("verification", None)):
        decision = point(found).decide(request(asked[0], purpose=asked[1]), use("name"))
        assert code_of(decision) is not None


@pytest.mark.clause("T13")
def test_t13_subject_without_department_is_no_department() -> None:
    nobody = changed(record(), consumer=changed(record().consumer, code=""))
    assert furthest_stage(nobody, entry(), request(PUBLIC)) is Stage.CONSUMER
    assert code_of(point(nobody).decide(request(PUBLIC), use("name"))) is ErrorCode.ITEM_DENIED
