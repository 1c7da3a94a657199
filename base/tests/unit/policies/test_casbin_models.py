import logging
import sys
from collections.abc import Mapping

import pytest

from portal.catalog.entries import EntryStatus
from portal.conditions.tree import Comparison, Operator
from portal.errors import ErrorCode, PolicyUnavailable
from portal.policies.casbin_models import (
    ANY_ROW,
    Matcher,
    ModelName,
    Row,
    is_in_scope,
    model_of,
    model_path,
    policy_line,
    predicates,
)
from portal.policies.records import Effect
from portal.vocabulary import PUBLIC, DepartmentCode, Subject
from tests.policies.building import (
    CHECKER,
    CONSUMER,
    OWNER,
    changed,
    entry,
    item,
    open_entry,
    record,
    request,
    restriction,
)

NAME = entry().items[0]
OPEN = open_entry()
CODE_ITEM = OPEN.items[0]


def test_model_is_of_open_data_when_the_public_asks() -> None:
    assert model_of(PUBLIC) is ModelName.OPEN_DATA
    assert [model_of(subject) for subject in (CHECKER, OWNER)] == [ModelName.DEPARTMENT_SHARING] * 2
    assert model_of(Subject(department=DepartmentCode("x"))) is ModelName.DEPARTMENT_SHARING


@pytest.mark.parametrize("name", ModelName)
def test_model_is_a_file_of_its_own_folder(name: ModelName) -> None:
    assert model_path(name).read_text(encoding="utf-8").startswith("[request_definition]")


def test_matching_returns_every_record_that_matches_in_their_order() -> None:
    records = (
        record(id="a"),
        record(id="b", purposes=["work_reference"]),
        restriction(id="c"),
        record(id="d", scope={"or": []}),
        restriction(id="e", scope={"name": {"eq": "x"}}),
        record(id="f", consumer="group:strangers"),
    )
    found = Matcher(ModelName.DEPARTMENT_SHARING).matching(records, entry(), NAME, request())
    assert [one.id for one in found] == ["a", "c", "d", "e"]


def test_matching_returns_nothing_when_there_is_no_record() -> None:
    assert Matcher(ModelName.DEPARTMENT_SHARING).matching((), entry(), NAME, request()) == ()


def test_matching_forgets_the_records_of_an_earlier_request() -> None:
    matcher = Matcher(ModelName.DEPARTMENT_SHARING)
    assert len(matcher.matching((record(),), entry(), NAME, request())) == 1
    assert matcher.matching((), entry(), NAME, request()) == ()
    assert matcher.matching((record(purposes=["work_reference"]),), entry(), NAME, request()) == ()


def test_matching_for_the_public_takes_public_records_alone() -> None:
    matcher = Matcher(ModelName.OPEN_DATA)
    opened = record(OPEN, id="open", kind="open_data", consumer="public", items=["code"])
    closed = restriction(OPEN, id="closed", consumer="public", items=["code"])
    others = [
        restriction(OPEN, id=consumer.split(":")[0], consumer=consumer, items=["code"])
        for consumer in (f"department:{CONSUMER}", "any_department", "group:readers", "application:checker")
    ]
    chosen = restriction(OPEN, id="chosen", consumer="public", items=["code"], applications=["checker"])
    found = matcher.matching((opened, closed, *others, chosen), OPEN, CODE_ITEM, request(PUBLIC))
    assert [one.id for one in found] == ["open", "closed"]


def test_matching_for_the_public_is_none_when_the_entry_is_not_published() -> None:
    opened = record(OPEN, kind="open_data", consumer="public", items=["code"])
    withdrawn = changed(OPEN, status=EntryStatus.WITHDRAWN)
    assert Matcher(ModelName.OPEN_DATA).matching((opened,), withdrawn, CODE_ITEM, request(PUBLIC)) == ()


def test_matching_by_the_public_model_is_none_when_a_department_asks() -> None:
    opened = record(OPEN, kind="open_data", consumer="public", items=["code"])
    assert Matcher(ModelName.OPEN_DATA).matching((opened,), OPEN, CODE_ITEM, request(CHECKER)) == ()


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.clause("T13")
def test_matching_says_unavailable_when_a_record_cannot_be_evaluated(effect: Effect) -> None:
    # A level compared with a text: reading refuses it, a broken store might not.
    broken = changed(record(), effect=effect, condition=Comparison("auth_level", Operator.LT, "two"))
    with pytest.raises(PolicyUnavailable) as refused:
        Matcher(ModelName.DEPARTMENT_SHARING).matching((record(), broken), entry(), NAME, request())
    assert refused.value.code is ErrorCode.POLICY_UNAVAILABLE
    assert "two" not in str(refused.value)


def test_matcher_goes_on_when_a_record_could_not_be_evaluated() -> None:
    matcher = Matcher(ModelName.DEPARTMENT_SHARING)
    broken = changed(record(), condition=Comparison("auth_level", Operator.LT, "two"))
    with pytest.raises(PolicyUnavailable):
        matcher.matching((broken,), entry(), NAME, request())
    assert matcher.matching((record(),), entry(), NAME, request()) == (record(),)


@pytest.mark.clause("architecture.md §9, it logs each denial with its values")
def test_matcher_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    matcher = Matcher(ModelName.DEPARTMENT_SHARING)
    matcher.matching((record(), record(purposes=["work_reference"])), entry(), NAME, request())
    assert caplog.records == []


@pytest.mark.clause("T14")
def test_matcher_parses_nothing_when_it_decides() -> None:
    # `ast.parse` of Python 3.11 fails now and then while another thread parses.
    matcher = Matcher(ModelName.DEPARTMENT_SHARING)
    called: list[object] = []
    sys.setprofile(lambda _frame, event, function: called.append(function) if event == "c_call" else None)
    try:
        matcher.matching((record(), restriction()), entry(), NAME, request())
    finally:
        sys.setprofile(None)
    assert isinstance in called
    assert compile not in called


def test_line_of_a_record_holds_its_number_and_effect_and_none_of_its_text() -> None:
    assert policy_line(3, record(id="secret", basis="secret")) == ["3", "allow"]
    assert policy_line(0, restriction()) == ["0", "deny"]


@pytest.mark.clause("T13")
def test_predicates_are_false_where_there_is_no_record() -> None:
    functions = predicates([])
    asked = request()
    rest = {
        "names_public": (),
        "names_consumer": (CHECKER,),
        "covers_item": (entry(), NAME),
        "allows_mode": (asked.action,),
        "serves_purpose": (asked.action,),
        "is_in_period": (asked.environment,),
        "meets_condition": (CHECKER, asked.environment),
        "in_scope": (CHECKER, ANY_ROW),
    }
    assert [functions[name]("", *arguments) for name, arguments in rest.items()] == [False] * len(rest)


@pytest.mark.parametrize("number", ["1", "-5", "x", "0.0", None])
@pytest.mark.clause("T13")
def test_predicates_raise_when_a_line_names_no_record(number: object) -> None:
    with pytest.raises((IndexError, ValueError, TypeError)):
        predicates([record()])["names_consumer"](number, CHECKER)


ROWS: Mapping[str, Row] = {
    "inside": {"division": "99999901"},
    "outside": {"division": "11"},
    "unknown": {"division": None},
}


@pytest.mark.parametrize(
    ("effect", "row", "within"),
    [
        (Effect.ALLOW, "inside", True),
        (Effect.ALLOW, "outside", False),
        (Effect.ALLOW, "unknown", False),
        (Effect.DENY, "inside", True),
        (Effect.DENY, "outside", False),
        (Effect.DENY, "unknown", True),
    ],
)
@pytest.mark.clause("enforcement.md §3, doubt never opens")
def test_row_lies_in_scope_when_doubt_lets_it(effect: Effect, row: str, *, within: bool) -> None:
    found = changed(record(scope={"division": {"startsWith": {"subject": "region"}}}), effect=effect)
    assert is_in_scope(found, CHECKER, ROWS[row]) is within
    assert is_in_scope(found, CHECKER, ANY_ROW)
    assert is_in_scope(changed(found, scope=None), CHECKER, ROWS[row])


def test_row_lies_in_no_scope_of_an_allow_when_the_subject_lacks_the_attribute() -> None:
    found = record(scope={"division": {"startsWith": {"subject": "region"}}})
    without = changed(CHECKER, region=None)
    assert not is_in_scope(found, without, ROWS["inside"])
    assert is_in_scope(changed(found, effect=Effect.DENY), without, ROWS["outside"])


def test_item_is_compared_by_its_identifier() -> None:
    assert Matcher(ModelName.DEPARTMENT_SHARING).matching((record(),), entry(), item("name2"), request()) == ()
