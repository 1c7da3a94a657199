"""The database refuses two administrators in one person, whoever writes, on both kinds of database (T29)."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError
from portal.storage.addresses import database_url
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import migration_settings, upgrade_database
from portal.vocabulary import EXCLUSIVE_ROLES, Role
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.small_bundle import load, new_store, small_bundle

pytestmark = [pytest.mark.clause("threats.md T29"), pytest.mark.clause("WH-24"), pytest.mark.clause("KF-23")]

GIVE = "INSERT INTO user_roles (\"user\", version, position, role) VALUES ('clerk', 1, {position}, '{role}')"


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("portal")
    bundle = small_bundle().read(folder / "bundle")
    if request.param == "sqlite":
        store = new_store(folder)
        load(bundle, store)
        yield from opened(store)
        return
    databases: Databases = request.getfixturevalue("postgres")
    with set_up_portal(databases) as settings:
        owner, data = settings["PORTAL_OWNER_DATABASE_URL"], settings["PORTAL_OWNER_DATA_URL"]
        upgrade_database(owner)
        store = PortalStore(owner, data, b"synthetic secret")
        load(bundle, store)
        yield from opened(store)


def opened(store: PortalStore) -> Iterator[Engine]:
    engine = open_sync_database(store.database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("first", "second"), list(permutations(EXCLUSIVE_ROLES, 2)))
def test_nobody_is_made_two_administrators_by_raw_sql(engine: Engine, first: Role, second: Role) -> None:
    with for_writing(engine).connect() as connection:
        connection.exec_driver_sql(GIVE.format(position=10, role=first))
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql(GIVE.format(position=11, role=second))


@pytest.mark.parametrize("role", [role for role in Role if role not in EXCLUSIVE_ROLES])
def test_other_roles_go_with_an_administrators(engine: Engine, role: Role) -> None:
    with for_writing(engine).connect() as connection:
        connection.exec_driver_sql(GIVE.format(position=10, role=Role.AUDITOR))
        connection.exec_driver_sql(GIVE.format(position=11, role=role))
        connection.rollback()


def test_a_role_that_is_turned_into_a_second_one_is_refused(engine: Engine) -> None:
    with for_writing(engine).connect() as connection:
        connection.exec_driver_sql(GIVE.format(position=10, role=Role.AUDITOR))
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("UPDATE user_roles SET role = 'system_administrator' WHERE position = 0")


def before_the_index(folder: Path) -> str:
    """Return a database as the version before left it, in which `clerk` has been two administrators."""
    url = database_url(folder / "portal.db")
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        command.upgrade(migration_settings(connection), "0007")
        connection.exec_driver_sql("INSERT INTO changes VALUES (1, '2026-01-01T00:00:00Z', '', '', 1, '{}')")
        connection.exec_driver_sql("INSERT INTO changes VALUES (2, '2026-01-02T00:00:00Z', '', '', 2, '{}')")
        connection.exec_driver_sql(
            "INSERT INTO users (id, version, name, department, added_in, withdrawn_in)"
            " VALUES ('clerk', 1, '合成', 'x', 1, 2), ('clerk', 2, '合成', 'x', 2, NULL)"
        )
        for position, role in enumerate(("head", "auditor", "system_administrator", "policy_administrator")):
            connection.exec_driver_sql(GIVE.format(position=position, role=role))
    engine.dispose()
    return url


def roles_in(url: str) -> list[tuple[int, str]]:
    engine = open_sync_database(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT version, role FROM user_roles ORDER BY version, position").all()
    engine.dispose()
    return [(row[0], row[1]) for row in rows]


def give(url: str, *roles: Role) -> None:
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        for position, role in enumerate(roles):
            statement = GIVE.format(position=position, role=role).replace("'clerk', 1", "'clerk', 2")
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_upgrade_parts_those_who_were_two_administrators_once(tmp_path: Path) -> None:
    url = before_the_index(tmp_path)
    give(url, Role.AUDITOR, Role.HEAD)
    upgrade_database(url)
    assert roles_in(url) == [(1, "head"), (1, "auditor"), (2, "auditor"), (2, "head")]


def test_upgrade_is_refused_in_a_sentence_while_somebody_is_two_administrators(tmp_path: Path) -> None:
    url = before_the_index(tmp_path)
    give(url, Role.AUDITOR, Role.SYSTEM_ADMINISTRATOR)
    before = roles_in(url)
    with pytest.raises(ConfigurationError, match="somebody is two of system administrator") as refused:
        upgrade_database(url)
    assert "users.csv" in refused.value.text.zh
    assert roles_in(url) == before
