import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine, create_engine

from portal.errors import ConfigurationError
from portal.resources import migrations_folder
from portal.storage import audit_tables, tables
from portal.storage.addresses import database_url
from portal.storage.database import for_writing, open_sync_database
from portal.storage.metadata import metadata
from portal.storage.migrating import migration_settings, upgrade_database
from tests.fixtures.revisions import newest_revision

_ = (audit_tables, tables)

RELEASED = {"0001": "cecfb60f2a3129a8163749f27ab015210a4294b30dcd2ebb23b9a516ebb6a2fe"}
"""SHA-256 of the migrations that portals out there have run; what changes now is a revision of its own."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    upgrade_database(database_url(tmp_path / "portal.db"))
    engine = open_sync_database(database_url(tmp_path / "portal.db"))
    yield engine
    engine.dispose()


def statements(engine: Engine) -> Mapping[str, list[str]]:
    """Return what made each table and index, its lines in order, without what Alembic keeps for itself."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {
        # A column that was added later stands on the line of the one before it.
        name: sorted(line.strip().rstrip(", ") for line in re.sub(r", (\w+ TEXT)(?=,)", r",\n\1", sql).splitlines())
        for name, sql in found
        if "alembic" not in name
    }


def test_migrated_tables_are_those_of_the_metadata(engine: Engine) -> None:
    made = create_engine("sqlite://")
    metadata.create_all(made)
    assert statements(engine) == statements(made)
    made.dispose()


# Indexes of an expression aren't looked at here; their texts are compared above.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index:UserWarning")
def test_alembic_finds_nothing_left_to_migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_table_refuses_values_of_another_type(engine: Engine) -> None:
    strict = {name for name, lines in statements(engine).items() if "STRICT" in lines or ") STRICT" in lines}
    assert strict == set(metadata.tables)


def test_upgrading_twice_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    before = statements(engine)
    upgrade_database(database_url(tmp_path / "portal.db"))
    assert statements(engine) == before


def test_revisions_refuse_to_be_undone(engine: Engine) -> None:
    before = statements(engine)
    with pytest.raises(NotImplementedError, match="can't be undone"), for_writing(engine).begin() as connection:
        command.downgrade(migration_settings(connection), "base")
    assert statements(engine) == before
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_heads() == (newest_revision(),)


def test_a_database_of_a_newer_revision_is_refused(engine: Engine, tmp_path: Path) -> None:
    with for_writing(engine).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="the database has the newer revision `9999`"):
        upgrade_database(database_url(tmp_path / "portal.db"))


@pytest.mark.parametrize(
    ("speaks_of", "readable_from", "is_taken"),
    [("9999", "0005", True), ("9999", "0004", True), ("9999", "9998", False), ("0005", "0005", False)],
)
def test_a_database_of_a_newer_revision_is_taken_when_it_says_so(
    engine: Engine, tmp_path: Path, speaks_of: str, readable_from: str, is_taken: bool
) -> None:
    with for_writing(engine).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql(
            "UPDATE compatibility SET revision = ?, readable_from = ?", (speaks_of, readable_from)
        )
    before = statements(engine)
    with nullcontext() if is_taken else pytest.raises(ConfigurationError, match="the newer revision `9999`"):
        upgrade_database(database_url(tmp_path / "portal.db"))
    assert statements(engine) == before


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(ConfigurationError, match="tables that aren't the portal's"):
        upgrade_database(database_url(tmp_path / "other.db"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"no database, and longer than a header of one hundred bytes " * 3)
    with pytest.raises(ConfigurationError, match="can't be used as a database"):
        upgrade_database(database_url(tmp_path / "text.db"))


def test_an_upgrade_that_fails_leaves_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "portal.db"
    engine = open_sync_database(database_url(path))

    def fail() -> None:
        with for_writing(engine).begin() as connection:
            command.upgrade(migration_settings(connection), "head")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert statements(engine) == {}
    engine.dispose()
    upgrade_database(database_url(path))


def revisions(engine: Engine) -> list[Script]:
    """Return the migrations, the newest first."""
    with engine.connect() as connection:
        return list(ScriptDirectory.from_config(migration_settings(connection)).walk_revisions())


def test_every_migration_is_in_one_chain(engine: Engine) -> None:
    found = revisions(engine)
    assert [one.down_revision for one in found] == [*(one.revision for one in found[1:]), None]
    files = {path.name for path in (migrations_folder() / "versions").glob("*.py")}
    assert {Path(one.path).name for one in found} == files
    assert all(Path(one.path).name.startswith(f"{one.revision}_") for one in found)


def test_every_migration_refuses_in_words_to_be_undone(engine: Engine) -> None:
    for one in revisions(engine):
        with pytest.raises(NotImplementedError, match=f"revision {one.revision} can't be undone"):
            one.module.downgrade()


def test_released_migrations_stay_as_they_are(engine: Engine) -> None:
    paths = {one.revision: Path(one.path) for one in revisions(engine)}
    assert {name: sha256(paths[name].read_bytes()).hexdigest() for name in RELEASED} == RELEASED
