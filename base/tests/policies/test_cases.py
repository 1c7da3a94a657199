"""Each line of the truth tables, by the decision point and by Casbin alone."""

import re
from collections import Counter
from hashlib import sha256

import pytest

from portal.errors import ErrorCode
from portal.policies.casbin_models import ModelName, model_of, model_path, predicates
from portal.policies.decision import Deny, Permit, Use
from portal.policies.decision_point import DecisionPoint
from tests.policies.building import MATCHERS, is_permitted_in, snapshot
from tests.policies.plain_enforcer import PlainEnforcer
from tests.policies.tables import Case, read_table

LEAST_CASES = {ModelName.DEPARTMENT_SHARING: 60, ModelName.OPEN_DATA: 25}
CASES = [pytest.param(name, case, id=f"{name}: {case.says}") for name in ModelName for case in read_table(name)]
MODEL_DIGESTS = {
    ModelName.DEPARTMENT_SHARING: "3f784c5eb5bf04fb6dd98254b60d708c199ecc0ad3af374d2aa16944d66568fd",
    ModelName.OPEN_DATA: "9b151d08280f88b711f98f584e18a730da2efc958a49268e44922de3d50bf7fe",
}
CALL = re.compile(r"(?P<name>[a-z_]+)\((p\.record|r\.[a-z]+)(, r\.[a-z]+)*\)")
ITEM_CODES = {
    ErrorCode.ITEM_DENIED,
    ErrorCode.MODE_DENIED,
    ErrorCode.PURPOSE_DENIED,
    ErrorCode.PURPOSE_REQUIRED,
    ErrorCode.EXPIRED,
    ErrorCode.CONDITION_FAILED,
}


def calls_of(name: ModelName) -> list[str]:
    """Return the predicates that the matcher of a model joins, as they are called."""
    lines = model_path(name).read_text(encoding="utf-8").splitlines()
    (matcher,) = [line.removeprefix("m = ") for line in lines if line.startswith("m")]
    return matcher.split(" && ")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_plain_casbin_decides_as_the_table_says(name: ModelName, case: Case) -> None:
    enforcer = PlainEnforcer(name, case.records)
    assert enforcer.permits(case.request, case.entry, case.item, case.row) is case.permitted


@pytest.mark.parametrize(("name", "case"), CASES)
def test_decision_point_decides_as_the_table_says(name: ModelName, case: Case) -> None:
    assert model_of(case.request.subject) is name
    point = DecisionPoint(snapshot(case.entries, case.records), MATCHERS)
    decision = point.decide(case.request, Use(case.entry.code, (case.item.identifier,)))
    assert is_permitted_in(decision, case.row) is case.permitted
    if case.code is None:
        assert isinstance(decision, Permit)
    else:
        assert decision == Deny(((case.item.identifier, case.code),))


@pytest.mark.parametrize("name", ModelName)
def test_table_says_enough_of_its_model(name: ModelName) -> None:
    cases = read_table(name)
    shares = Counter("permit" if case.permitted else case.code or "row" for case in cases)
    assert len(cases) >= LEAST_CASES[name]
    assert set(shares) == {"permit", "row", *ITEM_CODES}
    assert shares["permit"] * 5 >= len(cases)
    assert len({case.says for case in cases}) == len(cases)
    assert all(not (case.permitted and case.code) for case in cases)


@pytest.mark.parametrize("name", ModelName)
@pytest.mark.clause("T11")
def test_model_file_is_the_one_that_was_reviewed(name: ModelName) -> None:
    assert sha256(model_path(name).read_bytes()).hexdigest() == MODEL_DIGESTS[name]


@pytest.mark.parametrize("name", ModelName)
@pytest.mark.clause("T11")
def test_model_file_asks_predicates_of_the_portal_alone(name: ModelName) -> None:
    text = model_path(name).read_text(encoding="utf-8")
    sections = [line for line in text.splitlines() if line.startswith("[")]
    assert sections == ["[request_definition]", "[policy_definition]", "[policy_effect]", "[matchers]"]
    assert "eval(" not in text
    own = predicates([]).keys()
    for call in calls_of(name):
        asked = CALL.fullmatch(call)
        assert asked is not None, call
        assert asked["name"] in own


@pytest.mark.parametrize("name", ModelName)
@pytest.mark.clause("T33")
def test_model_file_knows_no_roles_so_that_no_chain_of_them_can_be_cut(name: ModelName) -> None:
    text = model_path(name).read_text(encoding="utf-8")
    assert "role_definition" not in text
    assert "g(" not in text
    assert set(MATCHERS[name]._enforcer.model.keys()) == {"r", "p", "e", "m"}


@pytest.mark.parametrize("name", ModelName)
def test_readme_of_a_model_names_its_table_and_explains_each_predicate(name: ModelName) -> None:
    readme = (model_path(name).parent / "README.md").read_text(encoding="utf-8")
    asked = [call.partition("(")[0] for call in calls_of(name)]
    assert "[cases.toml](cases.toml)" in readme
    assert [predicate for predicate in asked if f"`{predicate}`" not in readme] == []
