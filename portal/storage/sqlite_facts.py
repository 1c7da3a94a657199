"""What an SQLite file says of itself."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from portal.storage.sqlite import SETTINGS, connect_read_only

_MOST_FAULTS = 5


@dataclass(frozen=True, slots=True)
class FileFacts:
    """An SQLite database as found. `synchronous` is what the portal's own connections have; 2 is FULL, 3 EXTRA."""

    journal_mode: str
    synchronous: int
    integrity_faults: tuple[str, ...]
    journal_bytes: int
    database_bytes: int


def examine_file(path: Path, *, thorough: bool) -> FileFacts:
    """Return what is found in the file; `thorough` reads indexes against their tables too.

    Raises: sqlite3.OperationalError where it can't be opened.
    """
    try:
        with closing(connect_read_only(path)) as connection:
            return _examine(connection, path, thorough=thorough)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as failure:
        # So damaged that nothing else is told of it.
        return FileFacts("wal", 2, (str(failure),), 0, _size(path))


def _examine(connection: sqlite3.Connection, path: Path, *, thorough: bool) -> FileFacts:
    # The setting of a connection, which the file doesn't keep.
    connection.execute("PRAGMA synchronous=" + SETTINGS["synchronous"])
    check = "PRAGMA integrity_check" if thorough else "PRAGMA quick_check"
    faults = [str(row[0]) for row in connection.execute(check) if row[0] != "ok"]
    return FileFacts(
        journal_mode=str(connection.execute("PRAGMA journal_mode").fetchone()[0]),
        synchronous=int(connection.execute("PRAGMA synchronous").fetchone()[0]),
        integrity_faults=tuple(faults[:_MOST_FAULTS]),
        journal_bytes=_size(path.with_name(f"{path.name}-wal")),
        database_bytes=_size(path),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def library_version() -> tuple[int, int, int]:
    """Return the version of the SQLite library that is loaded."""
    return sqlite3.sqlite_version_info
