"""A bounded keeper of what is costly to make again."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

_Made = TypeVar("_Made")


class Kept(OrderedDict[Hashable, _Made]):
    """The values used last, up to a number, or to so much weight of all together."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._weights: dict[Hashable, int] = {}
        self._weight = 0

    def find(self, key: Hashable) -> _Made | None:
        """Return the value kept for the key, None if there is none."""
        if key in self:
            self.move_to_end(key)
            return self[key]
        return None

    def keep(self, key: Hashable, made: _Made, weight: int = 1) -> _Made:
        """Keep a value, and let go of those unused for longest where there are too many."""
        self._weight += weight - self._weights.get(key, 0)
        self._weights[key] = weight
        self[key] = made
        while self._weight > self._size:
            gone, _ = self.popitem(last=False)
            self._weight -= self._weights.pop(gone)
        return made
