"""Checkpoints that others keep: what a restored or rewritten log is held against.

Whoever replaces the whole database, or restores an old one, leaves a log that is sound in itself; witnesses tell. The
portal always keeps the newest checkpoint in a file of its own; folders and URLs of other parties keep them all.
"""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.audit.checkpoints import Checkpoint
from portal.audit.reading import open_log_reader
from portal.audit.witness_stores import WitnessUnreachableError, epoch_of, open_witness
from portal.storage.database import database_exists


@dataclass(frozen=True, slots=True)
class WitnessedCheckpoint:
    """Number and hex hash of a checkpoint that the log must hold, and the content's epoch then; None: not told."""

    number: int
    hash: str
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Attestation:
    """The newest checkpoint of each witness that holds one, and how many witnesses can't be reached."""

    checkpoints: tuple[WitnessedCheckpoint, ...]
    unreachable: int = 0

    @property
    def newest(self) -> WitnessedCheckpoint | None:
        """The newest of all, None where no witness that was reached holds one."""
        return max(self.checkpoints, key=lambda one: one.number, default=None)


def ask_witnesses(file: Path | None, witnesses: Sequence[str] = ()) -> Attestation:
    """Return what the portal's own file, and the folders and URLs of `witnesses`, hold."""
    found = [load_witness(file)] if file else []
    unreachable = 0
    for place in witnesses:
        try:
            with closing(open_witness(place)) as witness:
                newest = witness.newest()
        except WitnessUnreachableError:
            unreachable += 1
        else:
            found.append(None if newest is None else witnessed(newest))
    return Attestation(tuple(one for one in found if one is not None), unreachable)


def witnessed(checkpoint: Checkpoint) -> WitnessedCheckpoint:
    """Return what a witness says with this checkpoint."""
    return WitnessedCheckpoint(checkpoint.number, checkpoint.hash.hex(), epoch_of(checkpoint.body))


def load_witness(path: Path) -> WitnessedCheckpoint | None:
    """Return what the file says; None if it isn't there, or says nothing."""
    try:
        document = json.loads(path.read_bytes())
        epoch = document.get("epoch")
        return WitnessedCheckpoint(
            int(document["number"]), str(document["hash"]), None if epoch is None else int(epoch)
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def store_witness(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint's number, hash and epoch in place of the last one's.

    INVARIANT: called after the checkpoint is durable, so the file never names one that a power cut takes back.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    content = {"number": checkpoint.number, "hash": checkpoint.hash.hex(), "epoch": epoch_of(checkpoint.body)}
    with draft.open("w", encoding="ascii") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        # Its name may reach the disk before its content: a power cut would leave an empty file, which bears no witness.
        os.fsync(file.fileno())
    draft.replace(path)


def remove_drafts(path: Path) -> None:
    """Remove what processes that were killed began to write in place of the file."""
    for draft in path.parent.glob(f"{path.name}.*"):
        process = draft.name.rpartition(".")[2]
        if process.isdecimal() and not _is_another(int(process)):
            with suppress(OSError):
                draft.unlink()


def _is_another(process: int) -> bool:
    """Return whether another process of that number runs, which may just be writing."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def retire_witness(path: Path, database_url: str, now: datetime) -> Path | None:
    """Put the witness of an earlier log aside if the database holds no log, and return where it lies now.

    For the first load of a portal alone, which a person orders and which says so: no log begins anew by itself (R6).
    """
    if not path.exists() or _holds_log(database_url):
        return None
    return path.rename(_aside(path, now))


def copy_witness_aside(path: Path, now: datetime) -> Path | None:
    """Keep what the witness says in a file of its own and return where, None where there is no witness."""
    if not path.exists():
        return None
    return Path(shutil.copyfile(path, _aside(path, now)))


def _aside(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.stem}-until-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")


def _holds_log(database_url: str) -> bool:
    if not database_exists(database_url):
        return False
    with closing(open_log_reader(database_url)) as reader:
        return bool(reader.read(reader.statements.read_writers))
