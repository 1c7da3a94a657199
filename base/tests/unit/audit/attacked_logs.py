"""Copies of one log, each for one manipulation."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

from tests.unit.audit.attacks import Attack
from tests.unit.audit.logs import Log, make_log, write_many

UNCOVERED = 5
"""Records of the original that no checkpoint covers."""
RECORDS = 125
WRITERS = 3


def make_original(folder: Path) -> Log:
    """A log of one writer that ended and two that wrote side by side, one of them not yet covered to its end."""
    log = make_log(folder)
    first = log.open()
    for _ in range(3):
        write_many(first, 20)
        first.checkpoint()
    first.close()
    second, third = log.open(), log.open()
    for _ in range(3):
        write_many(second, 10)
        write_many(third, 10)
        second.checkpoint()
        third.checkpoint()
    write_many(third, UNCOVERED)
    second.close()
    third.close()
    # One file, which copies fast.
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return log


def copy_log(original: Log, folder: Path) -> Log:
    """Return a copy of the log, in place of the copy before."""
    shutil.copyfile(original.path, folder / original.path.name)
    shutil.copyfile(original.witness, folder / original.witness.name)
    return Log(folder / original.path.name)


@contextmanager
def attack(log: Log, random: Random) -> Iterator[Attack]:
    """Let the block change the log."""
    with closing(sqlite3.connect(log.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        covered: dict[int, int] = {}
        for (body,) in connection.execute("SELECT body FROM audit_checkpoints ORDER BY number"):
            covered |= {writer: sequence for writer, sequence, _ in json.loads(body)["heads"]}
        yield Attack(connection, random, covered)
        connection.execute("COMMIT")
