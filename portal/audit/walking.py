"""Walking along the log: checkpoints in their order, and the links of chains between the heads that they name.

Who walks verifies: the signatures, that each checkpoint names the one before it, and that the links lead from head to
head. Links are hashes of records' texts; of older records they are the texts, so only who reads all may have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from portal.audit.checkpoints import Checkpoint
from portal.audit.segments import read_links
from portal.errors import BadInput, Text
from portal.storage.audit_tables import audit_checkpoints

MAX_CHECKPOINTS = 200
"""Checkpoints at once."""
MAX_PIECES = 1000
"""Pieces of chains at once."""
MAX_LINKS = 20_000
"""Links at once, of all pieces: 1.3 MB."""
_number = audit_checkpoints.c.number


@dataclass(frozen=True, slots=True)
class CheckpointPage:
    """Checkpoints by number, and the number of the newest of all; 0 where there is none."""

    checkpoints: tuple[Checkpoint, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class ChainPiece:
    """The records of one chain behind `after` up to `until`. Raises: BadInput where these aren't numbers of records."""

    writer: int
    after: int
    until: int

    def __post_init__(self) -> None:
        if self.writer < 1 or not 0 <= self.after < self.until:
            raise BadInput(
                Text(
                    en=f"{self.writer}: {self.after} to {self.until} is no piece of a chain; `until` must be above",
                    zh=f"{self.writer}：{self.after} 至 {self.until} 不是链的一段；`until` 须更大",
                )
            )


def check_pieces(pieces: Sequence[ChainPiece]) -> Sequence[ChainPiece]:
    """Return the pieces where they aren't too much at once. Raises: BadInput."""
    links = sum(piece.until - piece.after for piece in pieces)
    if len(pieces) <= MAX_PIECES and links <= MAX_LINKS:
        return pieces
    raise BadInput(
        Text(
            en=f"{links} links of {len(pieces)} pieces are too many; at most {MAX_LINKS} of {MAX_PIECES} at once",
            zh=f"一次请求 {len(pieces)} 段共 {links} 个环节过多；至多 {MAX_PIECES} 段、{MAX_LINKS} 个环节",
        )
    )


def read_checkpoints(connection: Connection, after: int | None, first: int) -> CheckpointPage:
    """Return the checkpoints behind that number, at most so many; None: the last ones."""
    newest = connection.scalar(select(func.max(_number))) or 0
    wanted = select(audit_checkpoints).limit(first)
    if after is None:
        rows = connection.execute(wanted.order_by(_number.desc())).all()[::-1]
    else:
        rows = connection.execute(wanted.where(_number > after).order_by(_number)).all()
    return CheckpointPage(tuple(Checkpoint(row.number, row.body, row.signature) for row in rows), newest)


def read_pieces(connection: Connection, pieces: Sequence[ChainPiece]) -> list[list[str]]:
    """Return the links of each piece."""
    return [read_links(connection, piece.writer, piece.after, piece.until) for piece in pieces]
