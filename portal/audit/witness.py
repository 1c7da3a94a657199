"""The last checkpoint, kept in a file outside the database.

Whoever replaces the whole database, or restores an old one, leaves a log that is sound in itself; this file tells.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from portal.audit.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True)
class Witness:
    """Number and hex hash of a checkpoint that the log must hold."""

    number: int
    hash: str


def load_witness(path: Path) -> Witness | None:
    """Return what the file says; None if it isn't there, or was torn by a power cut."""
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
    draft.write_text(json.dumps({"number": checkpoint.number, "hash": checkpoint.hash.hex()}) + "\n")
    draft.replace(path)
