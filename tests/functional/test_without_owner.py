"""Commands that change a portal in PostgreSQL, run with the server's accounts: refused in words that say what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults.revoking import switching_bundle
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.small_bundle import small_bundle
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

_OWNER = ("PORTAL_OWNER_DATABASE_URL", "PORTAL_OWNER_DATA_URL")


@dataclass(frozen=True, slots=True)
class Portals:
    """A loaded portal with a backup, and databases that are empty, both without the owner's accounts."""

    loaded: PortalProcess
    empty: PortalProcess


@pytest.fixture(scope="module")
def portals(postgres: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portals]:
    folder = tmp_path_factory.mktemp("portal")
    with set_up_portal(postgres) as settings, set_up_portal(postgres) as others:
        whole = PortalProcess(folder / "home", settings)
        whole.load(small_bundle().write(folder / "bundle"), "--no-derive")
        switching_bundle().write(folder / "changed")
        assert whole.run("backup", "--new-key", str(folder / "restore.pem")).returncode == 0
        made = whole.run("backup", str(folder / "kept.backup"), "--key", str(folder / "restore.pem.pub"))
        assert made.returncode == 0, made.stderr
        loaded, empty = (
            {name: value for name, value in each.items() if name not in _OWNER} for each in (settings, others)
        )
        yield Portals(PortalProcess(whole.home, loaded), PortalProcess(folder / "new", empty))


def refuse(portal: PortalProcess, *arguments: str) -> None:
    ended = portal.run(*arguments)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "PORTAL_OWNER_DATABASE_URL" in ended.stderr
    assert "psycopg" not in ended.stderr


def test_load_is_refused_in_a_sentence(portals: Portals) -> None:
    refuse(portals.loaded, "load", str(portals.loaded.home.parent / "changed"), "--no-derive")


def test_rotation_is_refused_and_the_keys_stay(portals: Portals) -> None:
    keys = (portals.loaded.home / "keys.json").read_bytes()
    refuse(portals.loaded, "keys", "rotate", "tokens")
    assert (portals.loaded.home / "keys.json").read_bytes() == keys


def test_restore_is_refused_in_a_sentence(portals: Portals) -> None:
    folder = portals.loaded.home.parent
    key = str(folder / "restore.pem")
    refuse(portals.empty, "restore", str(folder / "kept.backup"), "--key", key, "--reason", "synthetic")


def test_move_is_refused_in_a_sentence(portals: Portals) -> None:
    to = portals.empty.environment
    refuse(portals.loaded, "move", "--to-database", to["PORTAL_DATABASE_URL"], "--to-data", to["PORTAL_DATA_URL"])
