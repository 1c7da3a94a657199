"""How fast a portal is backed up, restored and moved: rows and megabytes of its databases a second."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.world import make_world
from portal.archives.backup import write_backup
from portal.archives.keys import create_backup_keys, load_backup_key, load_restore_key
from portal.archives.moving import MoveOrder, Place, move
from portal.archives.reading import open_copy
from portal.archives.restoring import RestoreOrder, restore
from portal.bundles.store import PortalStore
from portal.identity.keys import load_key_file, load_keys
from portal.settings import Settings
from portal.storage.addresses import database_url

ROWS, PADDING = 200_000, 50
"""Rows of about 200 octets."""
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class CopyFigure:
    """The seconds of one copy, and its size: rows in all tables, octets of both databases."""

    name: str
    seconds: float
    rows: int
    octets: int

    def render(self) -> str:
        """Return the figure as a line."""
        megabytes = self.octets / _MEGABYTE
        seconds_a_gigabyte = self.seconds / megabytes * 1000
        return (
            f"{self.name:8} {self.rows / self.seconds:10,.0f} {megabytes / self.seconds:7.1f} {seconds_a_gigabyte:9.0f}"
        )


def measure_copies(folder: Path) -> Iterator[CopyFigure]:
    """Yield the figures of a backup with its verification, a restore and a move of the same portal."""
    settings = make_world(folder / "world", datetime.now(UTC), ROWS, PADDING)
    octets = sum(path.stat().st_size for path in settings.home.glob("*.db"))
    backup, private = folder / "one.backup", folder / "restore.pem"
    public = create_backup_keys(private)

    def figure(name: str, run: Callable[[], int]) -> CopyFigure:
        began = perf_counter()
        rows = run()
        return CopyFigure(name, perf_counter() - began, rows, octets)

    yield figure("backup", lambda: _back_up(settings, backup, public))
    yield figure("restore", lambda: _restore(backup, private, folder / "restored"))
    yield figure("move", lambda: _move(settings, folder / "moved"))


def _back_up(settings: Settings, file: Path, public: Path) -> int:
    keys = load_keys(settings.key_file)
    store = PortalStore(settings.database_url, settings.data_url, keys.digest_secret)
    with open_copy(store, datetime.now(UTC)) as copy:
        key_file = load_key_file(settings.key_file)
        written = write_backup(file, copy, key_file, load_backup_key(public), lambda _rows: None)
    return sum(one.rows for one in written.sums)


def _restore(file: Path, private: Path, folder: Path) -> int:
    urls = database_url(folder / "portal.db"), database_url(folder / "data.db")
    order = RestoreOrder(file, load_restore_key(private), *urls, folder / "keys.json", datetime.now(UTC))
    return sum(one.rows for one in restore(order).backup.sums)


def _move(settings: Settings, folder: Path) -> int:
    source = Place(settings.database_url, settings.data_url, settings.witness_file)
    target = Place(database_url(folder / "portal.db"), database_url(folder / "data.db"), folder / "witness.json")
    moved = move(MoveOrder(source, target, load_keys(settings.key_file), datetime.now(UTC)))
    return sum(one.rows for one in moved.sums)
