"""A bounded keeper of what is costly to make again."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

_Made = TypeVar("_Made")


class Kept(OrderedDict[Hashable, _Made]):
    """The values used last, up to a number."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def find(self, key: Hashable) -> _Made | None:
        """Return the value kept for the key, None if there is none."""
        if key in self:
            self.move_to_end(key)
            return self[key]
        return None

    def keep(self, key: Hashable, made: _Made) -> _Made:
        """Keep a value, and let go of the one unused for longest where there are too many."""
        self[key] = made
        if len(self) > self._size:
            self.popitem(last=False)
        return made
