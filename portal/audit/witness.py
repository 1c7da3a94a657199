"""The last checkpoint, kept in a file outside the database.

Whoever replaces the whole database, or restores an old one, leaves a log that is sound in itself; this file tells.
"""

import json
import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.audit import statements
from portal.audit.checkpoints import Checkpoint
from portal.storage.database import connect_read_only


@dataclass(frozen=True, slots=True)
class Witness:
    """Number and hex hash of a checkpoint that the log must hold, and the epoch at which it was signed, if known."""

    number: int
    hash: str
    epoch: int | None = None


def load_witness(path: Path) -> Witness | None:
    """Return what the file says; None if it isn't there, or was torn by a power cut."""
    try:
        document = json.loads(path.read_bytes())
        epoch = document.get("epoch")
        return Witness(int(document["number"]), str(document["hash"]), None if epoch is None else int(epoch))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def store_witness(path: Path, checkpoint: Checkpoint, epoch: int) -> None:
    """Write the checkpoint's number and hash in place of the last one's, and the epoch that it was signed at.

    INVARIANT: called after the checkpoint is durable, so the file never names one that a power cut takes back.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    members = {"number": checkpoint.number, "hash": checkpoint.hash.hex(), "epoch": epoch}
    draft.write_text(json.dumps(members) + "\n")
    draft.replace(path)


def retire_witness(path: Path, database: Path, now: datetime) -> Path | None:
    """Put the witness of an earlier log aside if the database holds no log, and return where it lies now.

    For the first load of a portal alone, which a person orders and which says so: no log begins anew by itself (R6).
    """
    if not path.exists() or _holds_log(database):
        return None
    return path.rename(_aside(path, now))


def copy_witness_aside(path: Path, now: datetime) -> Path | None:
    """Keep what the witness says in a file of its own and return where, None where there is no witness."""
    if not path.exists():
        return None
    return Path(shutil.copyfile(path, _aside(path, now)))


def _aside(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.stem}-until-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")


def _holds_log(database: Path) -> bool:
    if not database.exists():
        return False
    with closing(connect_read_only(database)) as connection:
        return connection.execute(statements.READ_WRITERS).fetchone() is not None
