"""What can be wrong with a log, and what a verification says."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What is wrong with a log."""

    GAP = "gap"
    """A record is missing, doubled or out of its order."""
    CHANGED = "changed"
    """A record, or the beginning of its chain, isn't what its hash says."""
    COLUMNS = "columns"
    """The searchable columns are not those of the record's text."""
    WRITER = "writer"
    """A chain that no checkpoint saw begin, that isn't registered, or that is another portal's."""
    CHECKPOINT_GAP = "checkpoint_gap"
    """A checkpoint is missing, doubled or out of its order."""
    SIGNATURE = "signature"
    """A checkpoint that the audit key of its time did not sign."""
    HEAD = "head"
    """A checkpoint names a head that the log doesn't hold: records were cut or written anew."""
    DIGEST = "digest"
    """A checkpoint's digest isn't that of all heads."""
    EPOCH = "epoch"
    """A checkpoint's epoch is lower than one before it: the content was rewound."""
    WITNESS = "witness"
    """The log doesn't hold a checkpoint that a witness names."""
    UNREADABLE = "unreadable"
    """The database, or a value in it, can't be read."""


@dataclass(frozen=True, slots=True)
class LogFault:
    """The first fault: `place` is `record WRITER-SEQUENCE`, `writer N`, `checkpoint N`, `witness` or `database`."""

    place: str
    kind: FaultKind


@dataclass(frozen=True, slots=True)
class LogLoss:
    """A gap that two people accepted after a restore: `checkpoint` states it.

    Lost are the checkpoints behind `since` up to `until` and what they covered; `until` 0: there was no witness.
    """

    checkpoint: int
    since: int
    until: int
    accepted_by: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LogVerification:
    """What was checked, up to the first fault.

    `uncovered` records lie behind the last checkpoint, `unwitnessed` ones behind the last that a witness holds; None
    where no witness names one.
    """

    records: int
    writers: int
    checkpoints: int
    uncovered: int
    fault: LogFault | None
    unwitnessed: int | None = None
    losses: tuple[LogLoss, ...] = ()


class UnreadableError(Exception):
    """What a database's driver says where it can't read."""


class UnreachableError(OSError):
    """A database server that doesn't let itself be asked."""


UNREADABLE_FAULTS = (UnreadableError, OSError, ValueError, TypeError, AttributeError, LookupError)
"""What reading raises: drivers that can't, and values of a wrong form where they are used."""


class Found(Exception):
    """Carries the first fault out of a check."""

    def __init__(self, place: str, kind: FaultKind) -> None:
        super().__init__(place, kind)
        self.fault = LogFault(place, kind)
