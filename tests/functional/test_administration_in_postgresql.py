"""Administration with PostgreSQL's accounts: the one for administrators changes the content, and nothing beyond."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from portal.storage.administration_tables import change_sets
from portal.storage.postgresql import connect_sync
from portal.storage.rights import give_rights
from tests.fixtures.office import DRAFTER, OFFICER, checked, draft_change, in_force, office_bundle, step
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.sharing_bundle import CHECKER, HIDDEN_ITEM, RESIDENTS, allow
from tests.fixtures.small_bundle import CONSUMER

pytestmark = pytest.mark.clause("threats.md T29")

NUMBERS = "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { id_number } } } }"
RECORD = {"id": "numbers", **allow(RESIDENTS, f"department:{CONSUMER}", ["code", HIDDEN_ITEM])}
OPENS = {
    "put": [{"kind": "policy", "document": RECORD}],
    "declare": {"purposes": ["verification"], "lasting": ["numbers"]},
}
DENIED = psycopg.errors.InsufficientPrivilege
REMOVABLE = ("staff_sessions", "sign_ins", "second_factors", "used_proofs", "revoked_tokens", "ticket_contacts")


@pytest.fixture(scope="module")
def addresses(postgres: Databases) -> Iterator[dict[str, str]]:
    with set_up_portal(postgres) as settings:
        yield settings


@pytest.fixture(scope="module")
def world(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    settings = {name.removeprefix("PORTAL_").lower(): value for name, value in addresses.items()}
    with open_world(office_bundle(), tmp_path_factory.mktemp("world"), **settings) as opened:
        yield opened


def run_sql(url: str, statement: str, *names: str) -> list[tuple[object, ...]]:
    with closing(connect_sync(url)) as connection:
        cursor = connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        return cursor.fetchall() if cursor.description else []


def test_two_people_change_the_content_and_undo_it(world: PortalWorld) -> None:
    assert world.ask(NUMBERS, by=CHECKER).codes == ["NOT_VALID"]
    active = in_force(world, OPENS)
    assert world.ask(NUMBERS, by=CHECKER).codes == []
    undo = world.ask(
        f'mutation {{ rollBackChange(id: {active["id"]}, reason: "误") {{ id version }} }}', by=DRAFTER
    ).data["rollBackChange"]
    found = step(world, "checkChange", undo, by=DRAFTER).data["checkChange"]
    handed = step(world, "submitChange", found, by=DRAFTER).data["submitChange"]
    assert step(world, "approveChange", handed, by=OFFICER).data["approveChange"]["state"] == "ACTIVE"
    assert world.ask(NUMBERS, by=CHECKER).codes == ["NOT_VALID"]


def test_rows_that_a_change_gives_are_counted(world: PortalWorld) -> None:
    impact = checked(world, OPENS)["assessment"]["impact"]
    gained = [one for one in impact if HIDDEN_ITEM in one["items"]]
    assert {(one["rowsBefore"], one["rowsAfter"]) for one in gained} == {(0, 10)}


@pytest.mark.clause("threats.md T40")
def test_of_two_who_judge_at_once_one_is_refused(world: PortalWorld) -> None:
    found = checked(world, OPENS)
    handed = step(world, "submitChange", found, by=DRAFTER).data["submitChange"]
    document = f"mutation {{ approveChange(id: {handed['id']}, version: {handed['version']}) {{ state }} }}"
    answers = world.together([document] * 3, by=OFFICER)
    assert sorted(answer.codes != [] for answer in answers) == [False, True, True]
    assert {code for answer in answers for code in answer.codes} == {"CONFLICT"}


def test_administrators_account_removes_and_rewrites_nothing(addresses: dict[str, str], world: PortalWorld) -> None:
    assert world.ask("{ me { user } }", by=DRAFTER).data == {"me": {"user": "drafter"}}
    url = addresses["PORTAL_ADMINISTRATION_DATABASE_URL"]
    tables = [str(name) for (name,) in run_sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert len(tables) > 25
    for name in tables:
        statements = ["TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD x int"]
        if name not in REMOVABLE:
            statements.append("DELETE FROM {}")
        for statement in statements:
            with pytest.raises(DENIED):
                run_sql(url, statement, name)
    for statement in (
        "UPDATE audit_records SET record = ''",
        "UPDATE audit_checkpoints SET body = ''",
        "UPDATE change_steps SET made_by = ''",
        "UPDATE tickets SET words = ''",
        "UPDATE ticket_steps SET words = ''",
        "UPDATE changes SET made_by = ''",
        "UPDATE quarantine SET reason = ''",
        "UPDATE user_roles SET role = 'auditor'",
    ):
        with pytest.raises(DENIED):
            run_sql(url, statement)


def test_account_that_may_not_change_the_content_says_so(postgres: Databases, tmp_path: Path) -> None:
    with set_up_portal(postgres) as addresses:
        addresses["PORTAL_ADMINISTRATION_DATABASE_URL"] = addresses["PORTAL_DATABASE_URL"]
        settings = {name.removeprefix("PORTAL_").lower(): value for name, value in addresses.items()}
        with open_world(office_bundle(), tmp_path, **settings) as poor:
            (error,) = draft_change(poor, OPENS).errors
            assert "PORTAL_ADMINISTRATION_DATABASE_URL" in error["message"]
            assert poor.ask("{ changeSets { id } }", by=DRAFTER).data == {"changeSets": []}


def test_rights_are_given_anew_where_the_account_is_missing(addresses: dict[str, str]) -> None:
    give_rights(addresses["PORTAL_OWNER_DATABASE_URL"])
    assert run_sql(addresses["PORTAL_ADMINISTRATION_DATABASE_URL"], "SELECT count(*) FROM {}", change_sets.name)
