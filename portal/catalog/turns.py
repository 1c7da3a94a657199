"""Long work of a thread, of which requests that are answered meanwhile notice little."""

from collections.abc import Iterable, Iterator
from time import perf_counter, sleep
from typing import TypeVar

_Value = TypeVar("_Value")
_TURN_SECONDS = 0.0005
_PAUSE_SECONDS = 0.00005
"""Long enough for a thread that waits to wake and take its turn, which one that only lets go at once would keep."""


def in_turns(values: Iterable[_Value]) -> Iterator[_Value]:
    """Yield the values, and let other threads have their turn in between.

    Python would let one of them wait for ten times as long, at each of the many steps of a request.
    """
    begun = perf_counter()
    for value in values:
        yield value
        if perf_counter() - begun > _TURN_SECONDS:
            sleep(_PAUSE_SECONDS)
            begun = perf_counter()
