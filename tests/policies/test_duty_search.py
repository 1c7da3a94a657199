"""No role alone gives itself a cell that it wasn't given; where a duty is loosened, the search finds the way (T30)."""

from dataclasses import replace

import pytest

from portal.policies.duties import Duties, Duty, Operation, load_duties
from portal.vocabulary import Role
from tests.policies.duty_search import PROPOSALS, DutySearch

pytestmark = [pytest.mark.clause("threats.md T29"), pytest.mark.clause("threats.md T30"), pytest.mark.clause("WH-24")]

DEPTH = 4
AUTHORS = (Role.SYSTEM_ADMINISTRATOR, Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER)
ONLY_MORE_ROLES = {f"become {role}" for role in (Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER)}


def loosened(operation: Operation, **members: object) -> Duties:
    """Duties of which those for the operation are others."""

    def change(duty: Duty) -> Duty:
        return replace(duty, **members) if operation in duty.operations else duty  # type: ignore[arg-type]

    return Duties(tuple(map(change, load_duties())))


@pytest.mark.parametrize("role", Role)
def test_no_role_alone_reads_what_it_was_not_given(role: Role) -> None:
    found = DutySearch(Duties(), (role,), (role,), (role,)).search(DEPTH)
    assert found.way is None
    # Who may draft has much to try; nobody else has anything.
    assert (found.states > 500) is (role in AUTHORS)


@pytest.mark.parametrize("name", sorted(PROPOSALS.keys() - ONLY_MORE_ROLES - {"register a person"}))
def test_every_proposal_would_open_the_canary_if_it_came_into_force(name: str) -> None:
    search = DutySearch(Duties(), (Role.ANALYST,), (Role.ANALYST,))
    assert search.search(1).states == 1
    assert search.reads_after(name)


@pytest.mark.parametrize("name", sorted(ONLY_MORE_ROLES | {"register a person"}))
def test_roles_and_accounts_alone_open_nothing(name: str) -> None:
    assert not DutySearch(Duties(), (Role.ANALYST,), (Role.ANALYST,)).reads_after(name)


@pytest.mark.parametrize(
    ("roles", "last"),
    [
        ((Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER), "approves: grant"),
        ((Role.SYSTEM_ADMINISTRATOR, Role.AUTHORITY_OFFICER), "approves: "),
        ((Role.SYSTEM_ADMINISTRATOR, Role.POLICY_ADMINISTRATOR), "approves: "),
    ],
)
def test_two_persons_of_two_roles_together_can_what_neither_can(roles: tuple[Role, Role], last: str) -> None:
    found = DutySearch(Duties(), (roles[0],), (roles[1],)).search(DEPTH)
    assert found.way is not None
    assert len(found.way) == 3
    assert last in found.way[-1]
    assert len({act.partition(" ")[0] for act in found.way}) == 2


def test_one_person_with_two_roles_cannot_what_two_persons_can() -> None:
    both = (Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER)
    assert DutySearch(Duties(), both, both).search(DEPTH).way is None
    system = (Role.SYSTEM_ADMINISTRATOR, Role.AUTHORITY_OFFICER)
    assert DutySearch(Duties(), system, system).search(DEPTH).way is None


@pytest.mark.parametrize(
    ("duties", "role"),
    [
        pytest.param(
            loosened(Operation.APPROVE_CHANGE, second_person=False),
            Role.POLICY_ADMINISTRATOR,
            id="no second person is asked for",
        ),
        pytest.param(
            loosened(Operation.APPROVE_CHANGE, second_person=False),
            Role.AUTHORITY_OFFICER,
            id="no second person is asked for, of officers",
        ),
        pytest.param(
            loosened(Operation.APPROVE_CHANGE, second_person=False, roles=frozenset({Role.SYSTEM_ADMINISTRATOR})),
            Role.SYSTEM_ADMINISTRATOR,
            id="who drafts the register approves",
        ),
        pytest.param(
            Duties(
                tuple(
                    replace(duty, roles=duty.roles | {Role.OPERATOR_OFFICER}, second_person=False)
                    for duty in load_duties()
                )
            ),
            Role.OPERATOR_OFFICER,
            id="a role is in every duty",
        ),
    ],
)
def test_search_finds_the_way_when_a_duty_is_loosened(duties: Duties, role: Role) -> None:
    found = DutySearch(duties, (role,), (role,)).search(DEPTH)
    assert found.way is not None
    assert len(found.way) == 3
