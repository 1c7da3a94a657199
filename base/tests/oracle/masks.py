"""Masks: what each makes of a value, and which of several a cell shows."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Partial:
    """The first `head` and last `tail` code points stay."""

    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class Generalise:
    """Rounded down to `year`, `month`, or a multiple of a number."""

    to: str | int


@dataclass(frozen=True, slots=True)
class Hash:
    """A keyed hash of the value, one key a department."""


@dataclass(frozen=True, slots=True)
class Full:
    """Nothing of the value."""


Mask = Partial | Generalise | Hash | Full


@dataclass(frozen=True, slots=True)
class Hashed:
    """A value seen through `hash`: which text the portal shows is its secret, equal values show equal."""

    department: str
    value: str


def partial(text: str, mask: Partial) -> str:
    """`text` with all but the first and last characters starred; all of it where nothing is between."""
    if len(text) <= mask.head + mask.tail:
        return "*" * len(text)
    hidden = len(text) - mask.head - mask.tail
    return text[: mask.head] + "*" * hidden + text[len(text) - mask.tail :]


def generalise(value: object, mask: Generalise) -> object:
    """The first day or instant of the year or month in Asia/Shanghai, or the multiple at or below a number."""
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI)
        month = 1 if mask.to == "year" else local.month
        return datetime(local.year, month, 1, tzinfo=SHANGHAI)
    if isinstance(value, date):
        return date(value.year, 1 if mask.to == "year" else value.month, 1)
    assert isinstance(mask.to, int)
    assert isinstance(value, int | Decimal)
    multiple = floor(Fraction(value) / mask.to) * mask.to
    return Decimal(multiple) if isinstance(value, Decimal) else multiple


def apply_mask(value: object, mask: Mask | None, department: str) -> object:
    """What a cell shows of a value under a mask; null stays null."""
    if value is None or mask is None:
        return value
    if isinstance(mask, Partial):
        return partial(str(value), mask)
    if isinstance(mask, Generalise):
        return generalise(value, mask)
    return Hashed(department, str(value)) if isinstance(mask, Hash) else None


def shown(value: object, masks: list[Mask | None], department: str) -> list[object]:
    """What a cell may show under the weakest of the masks of the records that apply; one reading, rarely two.

    Two partials are compared by the characters they show: of this value, or by head and tail alone; both count.
    """
    if any(mask is None for mask in masks):
        return [value]
    partials = [mask for mask in masks if isinstance(mask, Partial)]
    if partials and value is not None:
        return _shown_partially(str(value), partials)
    weakest = min((mask for mask in masks if mask is not None), key=_strength)
    seen = apply_mask(value, weakest, department)
    # The multiple below the least of the 64-bit integers is no such integer: the page doesn't say what is shown then.
    return [seen, None] if isinstance(seen, int) and seen < -(2**63) else [seen]


def _strength(mask: Mask) -> tuple[int, int]:
    """Greater for the stronger mask, partials among themselves aside."""
    if isinstance(mask, Generalise):
        return (2, ("month", "year").index(mask.to) if isinstance(mask.to, str) else mask.to)
    return ((Partial, Generalise, Hash, Full).index(type(mask)) + 1, 0)


def _shown_partially(text: str, partials: list[Partial]) -> list[object]:
    by_size = max(partials, key=lambda mask: (mask.head + mask.tail, mask.head))
    by_value = max(partials, key=lambda mask: (_visible(text, mask), mask.head))
    readings = [partial(text, by_size), partial(text, by_value)]
    return [readings[0]] if readings[0] == readings[1] else list(readings)


def _visible(text: str, mask: Partial) -> int:
    return mask.head + mask.tail if len(text) > mask.head + mask.tail else 0
