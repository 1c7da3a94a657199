"""By which power a time grows: the slope of a line through the logarithms of sizes and times."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from statistics import linear_regression, median


@dataclass(frozen=True, slots=True)
class Growth:
    """One dimension: processor milliseconds of each round by size, and the most that its exponent is to be."""

    name: str
    milliseconds: Mapping[int, tuple[float, ...]]
    bound: float

    @property
    def medians(self) -> dict[int, float]:
        """The median of the rounds by size."""
        return {size: median(rounds) for size, rounds in self.milliseconds.items()}

    @property
    def exponent(self) -> float:
        """By which power the time grows over the upper half of the range."""
        return fit_exponent(self.medians)


def fit_exponent(times: Mapping[int, float]) -> float:
    """Return the exponent that fits the times best, by least squares on the logarithms.

    Only the upper half of the range counts, on the same scale, and two sizes at least: below it is what every answer
    costs. Raises: ValueError where there is one size alone.
    """
    if len(times) < 2:
        raise ValueError(f"{sorted(times)} is one size alone: nothing grows")
    sizes = sorted(times)
    least = min(sqrt(sizes[0] * sizes[-1]), sizes[-2])
    upper = [size for size in sizes if size >= least]
    return linear_regression([log(size) for size in upper], [log(times[size]) for size in upper]).slope
