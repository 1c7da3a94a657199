"""Draws from a seed: the same content on every machine and every day."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import TypeVar

_Drawn = TypeVar("_Drawn")


class Draws:
    """A stream of draws. `Random.random` alone is used: of it Python promises the same numbers in every version."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def below(self, count: int) -> int:
        """Return an integer from 0 up to `count`, not `count` itself."""
        return int(self._random.random() * count)

    def between(self, first: int, last: int) -> int:
        """Return an integer from `first` to `last`, both among them."""
        return first + self.below(last - first + 1)

    def happens(self, share: float) -> bool:
        """Return true in `share` of the draws, 0 to 1."""
        return self._random.random() < share

    def one_of(self, choices: Sequence[_Drawn]) -> _Drawn:
        """Return one of the choices, each as likely as the others."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[_Drawn, int]]) -> _Drawn:
        """Return one of the choices, each as often as its weight says."""
        left = self.below(sum(weight for _, weight in choices))
        for choice, weight in choices:
            if left < weight:
                return choice
            left -= weight
        raise ValueError("no choices")

    def day(self, first: date, last: date) -> date:
        """Return a day from `first` to `last`, both among them."""
        return first + timedelta(days=self.between(0, (last - first).days))

    def instant(self, day: date) -> str:
        """Return an instant in the office hours of that day, Asia/Shanghai, RFC 3339."""
        return f"{day}T{self.between(8, 17):02}:{self.below(60):02}:{self.below(60):02}+08:00"
