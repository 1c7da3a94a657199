"""The emergency freeze: at once, on every way, whoever asks; lifted by two people (T84)."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from portal.access.asker import Asker
from portal.administration.acts import Person
from portal.administration.freezing import parse_frozen
from portal.audit.searching import Search, reading_log, search_records
from portal.errors import BadInput, Conflict, Forbidden
from portal.policies.duties import Actor
from portal.policies.freezes import Freeze, FreezeTarget, Frozen
from portal.vocabulary import DepartmentCode, ItemIdentifier, Role, Subject, UserId
from tests.fixtures.office import OFFICER, in_force, office_bundle, step, submitted
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, KEEPER, OUTSIDER, RESIDENTS, VILLAGES
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER

pytestmark = pytest.mark.clause("threats.md T84")

NAMES = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { name } } } }"
CODES = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { code } } } }"
OWN = "{ shared { residents(first: 1) { nodes { name } } } }"
VILLAGE = "{ shared { villages(purpose: WORK_REFERENCE, first: 1) { nodes { code } } } }"
OPEN = "{ shared { villages(first: 1) { nodes { code } } } }"

EVERY_PROMISE = [
    "opens_nothing_unshared",
    "outlives_no_agreement",
    "serves_declared_purposes",
    "opens_nothing_to_the_public",
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(office_bundle(), tmp_path) as opened:
        yield opened


def person(*roles: Role, confirmed: bool = True) -> Person:
    subject = Subject(department=DepartmentCode(AUTHORITY), user=UserId("drafter"), roles=roles, auth_level=3)
    return Person(Actor(subject, confirmed), Asker(None, None, uuid4().hex))


def freeze(world: PortalWorld, target: str, by: Person | None = None) -> Freeze:
    acting = by or person(Role.POLICY_ADMINISTRATOR)
    return world.run(world.portal.endpoint.office.freezes.freeze(acting, parse_frozen(target), "疑似泄露"))


def codes(world: PortalWorld, document: str, by: str | None) -> list[str]:
    return world.ask(document, by=by).codes


ASKED = [(NAMES, CHECKER), (CODES, CHECKER), (OWN, KEEPER), (VILLAGE, OUTSIDER), (OPEN, None)]


@pytest.mark.parametrize(
    ("target", "denied"),
    [
        (f"item:{RESIDENTS}#name", [(NAMES, CHECKER), (OWN, KEEPER)]),
        (f"entry:{RESIDENTS}", [(NAMES, CHECKER), (CODES, CHECKER), (OWN, KEEPER)]),
        (f"entry:{VILLAGES}", [(VILLAGE, OUTSIDER), (OPEN, None)]),
        (f"department:{CONSUMER}", [(NAMES, CHECKER), (CODES, CHECKER)]),
        ("application:checker", [(NAMES, CHECKER), (CODES, CHECKER)]),
        ("everything", ASKED),
    ],
)
def test_freeze_denies_what_it_names_to_everybody_and_nothing_else(
    world: PortalWorld, target: str, denied: list[tuple[str, str | None]]
) -> None:
    assert [codes(world, *asked) for asked in ASKED] == [[]] * len(ASKED)
    freeze(world, target)
    for asked in ASKED:
        assert codes(world, *asked) == (["ITEM_DENIED"] if asked in denied else []), asked


def test_refusal_names_the_freeze_and_why(world: PortalWorld) -> None:
    made = freeze(world, f"item:{RESIDENTS}#name")
    document = f'{{ explain(resource: "{RESIDENTS}", purpose: VERIFICATION, items: ["name"]) {{ lines }} }}'
    lines = world.ask(document, by=CHECKER).data["explain"]["lines"]
    assert any(made.id in line for line in lines)
    (error,) = world.ask(NAMES, by=CHECKER).errors
    assert made.id in error["message"]
    assert "疑似泄露" in error["message"]
    assert world.ask("{ freezes { id target reason frozenBy } }", by=OFFICER).data["freezes"] == [
        {"id": "freeze:1", "target": f"item:{RESIDENTS}#name", "reason": "疑似泄露", "frozenBy": "drafter"}
    ]


def test_public_is_told_of_no_freeze(world: PortalWorld) -> None:
    before = world.ask("{ shared { villages(first: 1) { nodes { note } } } }").payload
    freeze(world, f"entry:{VILLAGES}")
    (error,) = world.ask(OPEN).errors
    assert "freeze" not in error["message"]
    assert world.ask("{ shared { villages(first: 1) { nodes { note } } } }").payload == before


def test_freeze_is_lifted_by_two_people_alone(world: PortalWorld) -> None:
    made = freeze(world, "everything")
    lift = {"withdraw": [{"kind": "freeze", "id": made.id}]}
    handed = submitted(world, lift)
    assert codes(world, NAMES, CHECKER) == ["ITEM_DENIED"]
    assert step(world, "approveChange", handed, by=OFFICER).data["approveChange"]["state"] == "ACTIVE"
    assert codes(world, NAMES, CHECKER) == []
    assert freeze(world, "everything").id == "freeze:2"


def test_no_record_takes_a_freeze_away(world: PortalWorld, tmp_path: Path) -> None:
    freeze(world, f"entry:{RESIDENTS}")
    changed = office_bundle()
    changed.title = "另一标题"
    world.load(changed, tmp_path / "again")
    assert codes(world, NAMES, CHECKER) == ["ITEM_DENIED"]
    in_force(world, {"withdraw": [{"kind": "policy", "id": "poor"}], "declare": {"accept": EVERY_PROMISE}})
    assert codes(world, NAMES, CHECKER) == ["ITEM_DENIED"]


@pytest.mark.parametrize(
    "roles", [(role,) for role in Role if role not in (Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER)]
)
def test_nobody_else_freezes(world: PortalWorld, roles: tuple[Role, ...]) -> None:
    with pytest.raises(Forbidden):
        freeze(world, "everything", person(*roles))
    assert codes(world, NAMES, CHECKER) == []


def test_nobody_freezes_without_a_second_factor(world: PortalWorld) -> None:
    with pytest.raises(Forbidden, match="second factor"):
        freeze(world, "everything", person(Role.POLICY_ADMINISTRATOR, confirmed=False))


@pytest.mark.parametrize("target", ["entry:999", f"item:{RESIDENTS}#nothing", "department:x", "application:x"])
def test_what_is_not_there_is_not_frozen(world: PortalWorld, target: str) -> None:
    with pytest.raises(BadInput, match="there is no"):
        freeze(world, target)


def test_what_is_frozen_is_not_frozen_twice(world: PortalWorld) -> None:
    freeze(world, "everything")
    with pytest.raises(Conflict):
        freeze(world, "everything")


def test_freeze_is_in_the_log(world: PortalWorld) -> None:
    freeze(world, f"entry:{RESIDENTS}")
    with reading_log(world.settings.database_url) as connection:
        (record,) = search_records(connection, Search(subject="user:drafter"))
    assert '"act":"frozen"' in record.text
    assert f'"target":"entry:{RESIDENTS}"' in record.text


@pytest.mark.parametrize(
    ("text", "frozen"),
    [
        ("everything", Frozen(FreezeTarget.EVERYTHING)),
        ("entry:1/2", Frozen(FreezeTarget.ENTRY, "1/2")),
        ("item:1/2#name", Frozen(FreezeTarget.ITEM, "1/2", ItemIdentifier("name"))),
        ("department:D", Frozen(FreezeTarget.DEPARTMENT, "D")),
        ("application:a", Frozen(FreezeTarget.APPLICATION, "a")),
    ],
)
def test_target_is_read_as_it_is_written(text: str, frozen: Frozen) -> None:
    assert parse_frozen(text) == frozen
    assert str(frozen) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "all",
        "everything:",
        "everything:x",
        "entry",
        "entry:",
        "entry:1/2#name",
        "item:1/2",
        "item:1/2#",
        "item:#name",
        "department",
        "application:a#b",
        "Entry:1/2",
        "user:u",
    ],
)
def test_what_says_no_target_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="can be frozen"):
        parse_frozen(text)
