"""The last checkpoint, kept in a file outside the database.

Whoever replaces the whole database, or restores an old one, leaves a log that is sound in itself; this file tells.
"""

import json
import os
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.audit.checkpoints import Checkpoint
from portal.audit.reading import open_log_reader
from portal.storage.database import database_exists


@dataclass(frozen=True, slots=True)
class Witness:
    """Number and hex hash of a checkpoint that the log must hold."""

    number: int
    hash: str


def load_witness(path: Path) -> Witness | None:
    """Return what the file says; None if it isn't there, or says nothing."""
    try:
        document = json.loads(path.read_bytes())
        return Witness(int(document["number"]), str(document["hash"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def store_witness(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint's number and hash in place of the last one's.

    INVARIANT: called after the checkpoint is durable, so the file never names one that a power cut takes back.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with draft.open("w", encoding="ascii") as file:
        file.write(json.dumps({"number": checkpoint.number, "hash": checkpoint.hash.hex()}) + "\n")
        file.flush()
        # Its name may reach the disk before its content: a power cut would leave an empty file, which bears no witness.
        os.fsync(file.fileno())
    draft.replace(path)


def retire_witness(path: Path, database_url: str, now: datetime) -> Path | None:
    """Put the witness of an earlier log aside if the database holds no log, and return where it lies now.

    For the first load of a portal alone, which a person orders and which says so: no log begins anew by itself (R6).
    """
    if not path.exists() or _holds_log(database_url):
        return None
    kept = path.with_name(f"{path.stem}-until-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")
    return path.rename(kept)


def _holds_log(database_url: str) -> bool:
    if not database_exists(database_url):
        return False
    with closing(open_log_reader(database_url)) as reader:
        return bool(reader.read(reader.statements.read_writers))
