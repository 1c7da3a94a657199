"""Version N serves beside N+1 on one database, and its workers can be started anew there (R15)."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from portal.storage.migrating import read_revision
from tests.architecture.sources import PROJECT
from tests.faults.fault import Bench
from tests.faults.planted import COPIED
from tests.faults.postgres_lane import FULL, lane_on
from tests.faults.serving import Forge, Server
from tests.faults.traffic import ask

pytestmark = pytest.mark.heavy

_NEXT = "9001"
_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("added_later", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("changes", sa.Column("added_later", sa.Text(), nullable=True))
    op.execute("UPDATE compatibility SET revision = '{next}', readable_from = '{last}'")
"""


def next_version(folder: Path, last: str) -> Path:
    """Return a copy of the portal's code with one more migration, which only adds."""
    ignored: Callable[[str, list[str]], set[str]] = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    migration = folder / "migrations" / "versions" / f"{_NEXT}_added_later.py"
    migration.write_text(_MIGRATION.format(next=_NEXT, last=last))
    return folder


def _rows(server: Server, token: str) -> int:
    with closing(server.connect()) as connection:
        return ask(connection, token).rows


@pytest.mark.clause("threats.md R15")
def test_version_serves_beside_the_next_one_when_that_only_adds(bench: Bench, tmp_path: Path) -> None:
    token = bench.world.token
    with bench.clusters.copy() as cluster, lane_on(bench, "versions", cluster) as lane:
        last = read_revision(cluster.admin_url)
        assert last is not None
        with closing(Forge(next_version(tmp_path / "next", last))) as forge, lane.serving() as old:
            upgraded = forge.run(lane.home, "upgrade", prefix=_with(cluster.urls))
            assert upgraded.returncode == 0, upgraded.stderr
            assert read_revision(cluster.admin_url) == _NEXT
            new = forge.start(lane.home, lane.log, environment=lane.environment)
            # A worker of the old version that starts only now.
            late = lane.prepare()
            try:
                for server in (new, late):
                    server.wait_ready()
                assert [_rows(server, token) for server in (old, new, late)] == [FULL] * 3
                for server in (new, late):
                    server.stop()
            finally:
                new.close()
                late.close()
        assert lane.examine() == []


def _with(urls: object) -> list[str]:
    assert isinstance(urls, dict)
    return ["env", *(f"{name}={url}" for name, url in urls.items())]
