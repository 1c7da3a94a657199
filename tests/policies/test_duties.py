"""Who may do what with the portal itself: the truth table, and every operation for every set of roles (T29)."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations, product
from typing import Any

import casbin
import pytest

from portal.errors import Forbidden
from portal.policies.duties import (
    ANYTHING,
    Actor,
    Duties,
    Duty,
    Operation,
    Reach,
    Target,
    holds_role,
    is_confirmed,
    is_second_person,
    load_duties,
    names_operation,
    parse_duties,
    reaches_target,
)
from portal.resources import policy_models_folder
from portal.vocabulary import EXCLUSIVE_ROLES, ApplicationId, DepartmentCode, Role, Subject, UserId

pytestmark = [pytest.mark.clause("threats.md T29"), pytest.mark.clause("threats.md T39"), pytest.mark.clause("WH-24")]

FOLDER = policy_models_folder() / "administration"
MODEL_DIGEST = "aa3e8446eca208f0908a9f806fa8f2f7ba5c0e5e1fad2eb4c52acaf36912bfac"
LEAST_CASES = 50
PREDICATES: tuple[Callable[..., bool], ...] = (
    names_operation,
    holds_role,
    reaches_target,
    is_second_person,
    is_confirmed,
)
DUTIES = Duties()


@dataclass(frozen=True, slots=True)
class Case:
    """A line of the truth table."""

    says: str
    actor: Actor
    operation: Operation
    target: Target
    permitted: bool


def read_cases() -> list[Case]:
    table = tomllib.loads((FOLDER / "cases.toml").read_text(encoding="utf-8"))
    return [read_case({**table["defaults"], **case}, table["actors"]) for case in table["cases"]]


def read_case(case: dict[str, Any], actors: Mapping[str, dict[str, Any]]) -> Case:
    assert set(case) == {"says", "actor", "confirmed", "operation", "target", "expect"}, case
    assert case["expect"] in ("permit", "deny"), case
    target = dict(case["target"])
    if "author" in target:
        author = subject_of_table(actors[target["author"]])
        target |= {"author": author.user, "author_roles": frozenset(author.roles)}
    actor = Actor(subject_of_table(actors[case["actor"]]), case["confirmed"])
    return Case(case["says"], actor, Operation(case["operation"]), Target(**target), case["expect"] == "permit")


def subject_of_table(members: Mapping[str, Any]) -> Subject:
    return Subject(**{**members, "roles": tuple(map(Role, members["roles"]))})


CASES = read_cases()


def plain_enforcer() -> casbin.Enforcer:
    """Casbin by itself on the model file, every duty a line, which its own predicates look up."""
    own = parse_duties((FOLDER / "duties.toml").read_text(encoding="utf-8"))
    enforcer = casbin.Enforcer(str(FOLDER / "model.conf"))
    for predicate in PREDICATES:
        enforcer.add_function(predicate.__name__, looking_up(predicate, own))
    for number in range(len(own)):
        enforcer.add_policy(str(number), "allow")
    return enforcer


def looking_up(predicate: Callable[..., bool], own: tuple[Duty, ...]) -> Callable[..., bool]:
    return lambda number, *rest: predicate(own[int(number)], *rest)


PLAIN = plain_enforcer()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_duties_and_plain_casbin_decide_as_the_table_says(case: Case) -> None:
    assert DUTIES.permits(case.actor, case.operation, case.target) is case.permitted
    assert PLAIN.enforce(case.actor, case.operation, case.target) is case.permitted


def test_table_says_enough() -> None:
    assert len(CASES) >= LEAST_CASES
    assert len({case.says for case in CASES}) == len(CASES)
    for operation in Operation:
        assert {case.permitted for case in CASES if case.operation is operation} == {True, False}, operation
    assert {role for case in CASES for role in case.actor.subject.roles} == set(Role)


@pytest.mark.clause("T11")
def test_model_file_is_the_one_that_was_reviewed() -> None:
    assert sha256((FOLDER / "model.conf").read_bytes()).hexdigest() == MODEL_DIGEST


@pytest.mark.clause("T11")
def test_model_file_asks_predicates_of_the_portal_alone_and_knows_no_roles() -> None:
    text = (FOLDER / "model.conf").read_text(encoding="utf-8")
    sections = [line for line in text.splitlines() if line.startswith("[")]
    assert sections == ["[request_definition]", "[policy_definition]", "[policy_effect]", "[matchers]"]
    assert "eval(" not in text
    calls = next(line for line in text.splitlines() if line.startswith("m")).removeprefix("m = ").split(" && ")
    assert [call.partition("(")[0] for call in calls] == [predicate.__name__ for predicate in PREDICATES]


def test_readme_names_its_table_and_explains_each_predicate() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "[cases.toml](cases.toml)" in readme
    assert [one.__name__ for one in PREDICATES if f"`{one.__name__}`" not in readme] == []


# Written by hand, in other terms than the table of duties: who may, with a second factor unless it says otherwise.
SYSTEM, SECURITY, AUDITOR = EXCLUSIVE_ROLES
OFFICER, MANAGER, HEAD, ANALYST = Role.AUTHORITY_OFFICER, Role.INFORMATION_MANAGER, Role.HEAD, Role.ANALYST
WHEREVER: Mapping[Operation, set[Role]] = {
    Operation.DRAFT_POLICIES: {SECURITY, OFFICER},
    Operation.DRAFT_REGISTER: {SYSTEM},
    Operation.WITHDRAW_CHANGE: {SYSTEM, SECURITY, OFFICER},
    Operation.APPROVE_CHANGE: set(),
    Operation.REJECT_CHANGE: set(),
    Operation.VIEW_CHANGES: {SYSTEM, SECURITY, OFFICER, AUDITOR},
    Operation.VIEW_REGISTER: {SYSTEM, SECURITY, OFFICER, AUDITOR},
    Operation.ASK_POLICY: {SECURITY, OFFICER, AUDITOR},
    Operation.FREEZE: {SECURITY, OFFICER},
    Operation.READ_AUDIT: {AUDITOR},
    Operation.VIEW_SESSIONS: {SYSTEM},
    Operation.END_SESSION: {SYSTEM},
    Operation.RESET_FACTOR: {SYSTEM},
    Operation.BRING_IN_ROWS: set(),
    Operation.VIEW_TICKETS: {OFFICER},
    Operation.ANSWER_WISH: {OFFICER},
    Operation.ANSWER_FAULT: set(),
}
ON_OWN_ENTRIES: Mapping[Operation, set[Role]] = {
    Operation.ASK_POLICY: {MANAGER, HEAD},
    Operation.READ_AUDIT: {MANAGER, HEAD, ANALYST},
    Operation.BRING_IN_ROWS: {MANAGER, Role.REGISTRAR},
    Operation.VIEW_TICKETS: {MANAGER},
    Operation.ANSWER_FAULT: {MANAGER},
}
ON_OWN_ENTRIES_CONFIRMED = (Operation.BRING_IN_ROWS, Operation.VIEW_TICKETS, Operation.ANSWER_FAULT)
ON_OWN_REQUESTS: Mapping[Operation, set[Role]] = {Operation.READ_AUDIT: {MANAGER, HEAD, ANALYST}}
JUDGES = {SECURITY, OFFICER}
JUDGED = (Operation.APPROVE_CHANGE, Operation.REJECT_CHANGE)
OWN, OTHER = DepartmentCode("11999999MB0000019T"), DepartmentCode("11999999MB0000027M")
TARGETS = {
    "nobody's": ANYTHING,
    "own entry": Target(provider=OWN, consumer=OTHER),
    "own request": Target(provider=OTHER, consumer=OWN),
    "other's": Target(provider=OTHER, consumer=OTHER),
}


def role_sets() -> Iterator[frozenset[Role]]:
    """Every set of roles that the register takes: of three administrators nobody is two."""
    for size in range(len(Role) + 1):
        for roles in combinations(Role, size):
            if len(set(roles) & set(EXCLUSIVE_ROLES)) <= 1:
                yield frozenset(roles)


ROLE_SETS = list(role_sets())


def actor_with(roles: frozenset[Role], *, confirmed: bool) -> Actor:
    subject = Subject(department=OWN, user=UserId("actor"), roles=tuple(sorted(roles)))
    return Actor(subject, confirmed)


def expected(operation: Operation, roles: frozenset[Role], *, confirmed: bool, where: str) -> bool:
    if confirmed and roles & WHEREVER[operation]:
        return True
    if where == "own entry":
        return (confirmed or operation not in ON_OWN_ENTRIES_CONFIRMED) and bool(
            roles & ON_OWN_ENTRIES.get(operation, set())
        )
    return where == "own request" and bool(roles & ON_OWN_REQUESTS.get(operation, set()))


def test_every_set_of_roles_is_tried() -> None:
    assert len(ROLE_SETS) == (1 + len(EXCLUSIVE_ROLES)) * 2 ** (len(Role) - len(EXCLUSIVE_ROLES))
    assert set(WHEREVER) == set(Operation)


@pytest.mark.parametrize("operation", Operation)
def test_every_set_of_roles_may_do_what_the_hand_written_table_says(operation: Operation) -> None:
    wrong = [
        (sorted(roles), confirmed, where)
        for roles, confirmed, where in product(ROLE_SETS, (False, True), TARGETS)
        if DUTIES.permits(actor_with(roles, confirmed=confirmed), operation, TARGETS[where])
        is not expected(operation, roles, confirmed=confirmed, where=where)
    ]
    assert wrong == []


@pytest.mark.clause("threats.md T30")
@pytest.mark.parametrize("operation", JUDGED)
@pytest.mark.parametrize("is_own", [False, True])
def test_every_set_of_roles_judges_as_the_hand_written_table_says(operation: Operation, is_own: bool) -> None:
    authors = [roles for roles in ROLE_SETS if roles <= {SYSTEM, SECURITY, OFFICER}]
    wrong = []
    for roles, author_roles, confirmed in product(ROLE_SETS, authors, (False, True)):
        actor = actor_with(roles, confirmed=confirmed)
        target = Target(author=UserId("actor" if is_own else "another"), author_roles=author_roles)
        has_another_role = bool((roles & JUDGES) - author_roles)
        if DUTIES.permits(actor, operation, target) is not (confirmed and not is_own and has_another_role):
            wrong.append((sorted(roles), sorted(author_roles), confirmed))
    assert len(authors) == 6
    assert wrong == []


@pytest.mark.parametrize("operation", Operation)
def test_who_is_no_person_does_nothing_whatever_roles_it_has(operation: Operation) -> None:
    for target in (*TARGETS.values(), Target(author=UserId("another"))):
        for subject in (Subject(), Subject(department=OWN, application=ApplicationId("app"), roles=tuple(Role))):
            assert not DUTIES.permits(Actor(subject, confirmed=True), operation, target)


def test_auditor_changes_nothing() -> None:
    changing = set(Operation) - {Operation.READ_AUDIT, Operation.ASK_POLICY}
    changing -= {Operation.VIEW_CHANGES, Operation.VIEW_REGISTER}
    for operation in changing:
        for target in (*TARGETS.values(), Target(author=UserId("another"))):
            assert not DUTIES.permits(actor_with(frozenset({AUDITOR}), confirmed=True), operation, target)


@pytest.mark.parametrize("operation", Operation)
def test_office_shows_an_operation_to_those_who_may_ever_do_it(operation: Operation) -> None:
    of_target = ON_OWN_ENTRIES.get(operation, set()) | ON_OWN_REQUESTS.get(operation, set())
    whose = WHEREVER[operation] | of_target | (JUDGES if operation in JUDGED else set())
    for roles in ROLE_SETS:
        assert DUTIES.is_in_office(actor_with(roles, confirmed=False), operation) is bool(roles & whose)


@pytest.mark.parametrize(
    ("roles", "confirmed", "operation", "target", "words"),
    [
        ({SECURITY}, False, Operation.FREEZE, ANYTHING, "this needs a second factor"),
        ({SECURITY}, True, Operation.APPROVE_CHANGE, Target(author=UserId("actor")), "by another person"),
        ({HEAD}, True, Operation.READ_AUDIT, ANYTHING, "none of your roles may `read_audit` here"),
        (set(), True, Operation.APPROVE_CHANGE, ANYTHING, "none of your roles may `approve_change` here"),
    ],
)
def test_refusal_says_what_it_takes(
    roles: set[Role], confirmed: bool, operation: Operation, target: Target, words: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        DUTIES.check(actor_with(frozenset(roles), confirmed=confirmed), operation, target)
    assert words in refused.value.text.en
    assert refused.value.text.zh


def test_nothing_is_refused_that_is_permitted() -> None:
    DUTIES.check(actor_with(frozenset({SECURITY}), confirmed=True), Operation.FREEZE)


WHOLE = '[[duty]]\noperations = ["freeze"]\nroles = ["auditor"]\nreach = "everything"\n'


def test_duty_is_read_as_it_is_written() -> None:
    plain = Duty(frozenset({Operation.FREEZE}), frozenset({AUDITOR}), Reach.EVERYTHING)
    assert parse_duties(WHOLE) == (plain,)
    [strict] = parse_duties(WHOLE + "second_person = true\nconfirmed = true\n")
    assert (strict.second_person, strict.confirmed) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WHOLE + "confirm = true\n", id="unknown member"),
        pytest.param(WHOLE + 'confirmed = "yes"\n', id="confirmed isn't true or false"),
        pytest.param(WHOLE + "second_person = 1\n", id="second_person isn't true or false"),
        pytest.param(WHOLE.replace("freeze", "thaw"), id="unknown operation"),
        pytest.param(WHOLE.replace("auditor", "boss"), id="unknown role"),
        pytest.param(WHOLE.replace("everything", "all"), id="unknown reach"),
        pytest.param(WHOLE.replace('reach = "everything"\n', ""), id="no reach"),
        pytest.param(WHOLE.replace('["auditor"]', '"auditor"'), id="roles are no list"),
        pytest.param(WHOLE.replace('["freeze"]', '"freeze"'), id="operations are no list"),
        pytest.param(WHOLE + "[other]\nx = 1\n", id="unknown table"),
        pytest.param("", id="nothing"),
    ],
)
def test_table_that_says_what_nobody_knows_is_refused_whole(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse_duties(text)


def test_without_any_duty_nobody_may_do_anything() -> None:
    none = Duties(())
    for operation in Operation:
        assert not none.permits(actor_with(frozenset(Role), confirmed=True), operation)


def test_table_is_read_once() -> None:
    assert load_duties() is load_duties()
    assert load_duties() == parse_duties((FOLDER / "duties.toml").read_text(encoding="utf-8"))
