"""The emergency freeze: at once, on every way, whoever asks; lifted by two people (T84)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from portal.access.asker import Asker
from portal.administration.acts import Person
from portal.administration.freezing import parse_frozen
from portal.audit.searching import Search, reading_log, search_records
from portal.errors import BadInput, Conflict, Forbidden
from portal.identity.second_factors import MAX_FAILURES, Verdict, code_of
from portal.policies.duties import Actor
from portal.policies.freezes import Freeze, FreezeTarget, Frozen
from portal.storage.content import read_content
from portal.storage.content_changes import WantedContent, compare_content, store_change
from portal.storage.database import for_writing
from portal.storage.tables import policy_records
from portal.vocabulary import DepartmentCode, ItemIdentifier, Role, Subject, UserId
from tests.fixtures.command_line import CommandLine
from tests.fixtures.office import OFFICER, in_force, office_bundle, step, submitted
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.register_changes import NOTE, store_of
from tests.fixtures.sharing_bundle import CHECKER, KEEPER, OUTSIDER, RESIDENTS, VILLAGES
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, content_of

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


def test_freeze_over_the_api_takes_a_code(world: PortalWorld) -> None:
    document = 'mutation { freeze(target: "everything", reason: "疑似泄露", code: "000000") { id } }'
    (error,) = world.ask(document, by=OFFICER).errors
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "second factor" in error["message"]
    assert codes(world, NAMES, CHECKER) == []


@pytest.mark.parametrize("target", ["entry:999", f"item:{RESIDENTS}#nothing", "department:x", "application:x"])
def test_what_is_not_there_is_not_frozen(world: PortalWorld, target: str) -> None:
    with pytest.raises(BadInput, match="there is no"):
        freeze(world, target)


def test_what_is_frozen_is_not_frozen_twice(world: PortalWorld) -> None:
    freeze(world, "everything")
    with pytest.raises(Conflict):
        freeze(world, "everything")


def enrolled(world: PortalWorld) -> str:
    """Return the secret of the administrator's second factor."""
    rows, now = world.portal.endpoint.office.second_factors.rows, datetime.now(UTC)
    secret = rows.propose(UserId("drafter"), now)
    before = now - timedelta(seconds=60)
    assert rows.confirm(UserId("drafter"), code_of(secret, before), before) is Verdict.TAKEN
    return secret


@pytest.mark.clause("threats.md T47")
def test_command_asks_for_the_code_and_counts_none_that_was_forgotten(world: PortalWorld) -> None:
    secret, portal = enrolled(world), CommandLine(world.settings.home)
    order = ("freeze", f"entry:{VILLAGES}", "--by", "drafter", "--reason", "疑似泄露")
    for _ in range(MAX_FAILURES + 1):
        ended = portal(*order)
        assert (ended.code, "--code" in ended.err) == (2, True)
    assert "the code is wrong" in portal(*order, "--code", "000000").err
    assert codes(world, OPEN, None) == []
    ended = portal(*order, "--code", code_of(secret, datetime.now(UTC)))
    assert ended.code == 0, ended.err
    assert codes(world, OPEN, None) == ["ITEM_DENIED"]


def test_all_who_freeze_at_once_have_frozen(world: PortalWorld) -> None:
    """Each writes upon what it saw; who was slower reads again, and nobody is sent away."""
    targets = [f"item:{RESIDENTS}#name", f"entry:{VILLAGES}", f"department:{CONSUMER}", "application:checker"]
    desk, acting = world.portal.endpoint.office.freezes, person(Role.POLICY_ADMINISTRATOR)

    async def freeze_all() -> list[Freeze]:
        return await asyncio.gather(*(desk.freeze(acting, parse_frozen(target), "疑似泄露") for target in targets))

    made = world.run(freeze_all())
    assert {one.id for one in made} == {f"freeze:{number}" for number in range(1, 5)}
    held = content_of(store_of(world)).freezes
    assert {str(one.frozen) for one in held} == set(targets)


def test_freeze_holds_upon_content_that_changed_without_an_epoch(world: PortalWorld) -> None:
    """A bundle that has a derived record as its own adopts it: signed anew, and no epoch tells the servers."""
    assert codes(world, NAMES, CHECKER) == []
    store = store_of(world)
    with store.open() as databases, databases.content.connect() as connection:
        present = read_content(connection, store.digest_secret)
    rows = {table: {key: one.row for key, one in of.items()} for table, of in present.rows.items()}
    derived = next(key for key, row in rows[policy_records.name].items() if row.text("origin") == "derived")
    row = rows[policy_records.name][derived]
    rows[policy_records.name][derived] = replace(row, cells={**row.cells, "origin": "bundle"})
    change = compare_content(present, WantedContent(present.identity, rows))
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        assert store_change(connection, change, NOTE, store.digest_secret) == present.epoch
    assert freeze(world, f"item:{RESIDENTS}#name").id == "freeze:1"
    assert codes(world, NAMES, CHECKER) == ["ITEM_DENIED"]
    assert content_of(store).epoch == present.epoch + 1


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
