"""What a copy is doing, for who waits for it."""

from collections.abc import Callable
from enum import StrEnum


class CopyStep(StrEnum):
    """What a backup, a restore or a move is doing."""

    CHECKING = "checking"
    WRITING = "writing"
    WRITTEN = "written"
    VERIFIED = "verified"
    RELEASING = "releasing"
    RELEASED = "released"


Progress = Callable[[CopyStep, int], None]
"""Is told the step and the rows that came since it was told last."""


def no_progress(_step: CopyStep, _rows: int) -> None:
    """Tell no one."""
