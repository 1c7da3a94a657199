"""Making what stays in memory for long, so that looking for what nothing needs any more doesn't stop requests."""

import gc
from collections.abc import Callable
from typing import TypeVar

_Made = TypeVar("_Made")


def make_undisturbed(make: Callable[[], _Made]) -> _Made:
    """Return what `make` makes; memory isn't looked through meanwhile: nearly all that is made stays."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return make()
    finally:
        if was_enabled:
            gc.enable()


def settle() -> None:
    """Leave all that is in memory now out of being looked through, which for a large content takes tenths of a second.

    What was left out before is looked through once more: of content that was replaced nothing stays.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
