"""The database refuses two administrators in one person, whoever writes, on both kinds of database (T29)."""

from collections.abc import Iterator
from itertools import permutations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from portal.bundles.store import PortalStore
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
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
