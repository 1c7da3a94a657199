"""Masks: which is weaker, and what each shows of a value (enforcement.md §4)."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from portal.conditions.tree import Value
from portal.conditions.values import INTEGER_MIN
from portal.policies.records import FullMask, GeneraliseMask, HashMask, Mask, PartialMask, Period, PolicyRecord
from portal.vocabulary import DepartmentCode, ItemIdentifier

SHANGHAI = ZoneInfo("Asia/Shanghai")
_HASH_DIGITS = 32
_EXACT = Context(prec=100)
"""Room for every digit of a multiple: values and steps have 19 digits at most."""
ApplyMask = Callable[[Value], Value | None]


def mask_on(record: PolicyRecord, item: ItemIdentifier) -> Mask | None:
    """Return the mask that the record lays on the item, None where it shows it as it is."""
    return dict(record.obligations.masks).get(item)


def weakness(mask: Mask | None) -> tuple[int, Fraction, int]:
    """Return a key that sorts masks of one item from the weakest to the strongest."""
    match mask:
        case None:
            return 0, Fraction(0), 0
        case PartialMask(head, tail):
            return 1, Fraction(-(head + tail)), -head
        case GeneraliseMask(Period.MONTH):
            return 2, Fraction(0), 0
        case GeneraliseMask(Period.YEAR):
            return 2, Fraction(1), 0
        case GeneraliseMask(Decimal() as step):
            return 2, Fraction(step), 0
        case HashMask():
            return 3, Fraction(0), 0
        case FullMask():
            return 4, Fraction(0), 0
        case _:
            raise AssertionError(mask)


@lru_cache(1024)
def department_key(mask_secret: bytes, department: DepartmentCode | None) -> bytes:
    """Return the key under which a department's hashes are made; the public's is that of the empty code."""
    return hmac.digest(mask_secret, (department or "").encode(), hashlib.sha256)


def mask_function(mask: Mask, key: bytes) -> ApplyMask:
    """Return what the mask makes of a value that isn't null; `key` is the department's."""
    match mask:
        case PartialMask(head, tail):
            return lambda value: show_partly(str(value), head, tail)
        case GeneraliseMask(to):
            return lambda value: generalise(value, to)
        case HashMask():
            return lambda value: hash_text(str(value), key)
        case FullMask():
            return lambda _value: None
    assert_never(mask)


def show_partly(text: str, head: int, tail: int) -> str:
    """Return the text with all but the first `head` and last `tail` code points as `*`; a short text is all `*`."""
    hidden = len(text) - head - tail
    if hidden <= 0:
        return "*" * len(text)
    return text[:head] + "*" * hidden + text[len(text) - tail :]


def hash_text(text: str, key: bytes) -> str:
    """Return 32 hex digits of HMAC-SHA-256 under the department's key."""
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()[:_HASH_DIGITS]


def generalise(value: Value, to: Period | Decimal) -> Value | None:
    """Return the first day or instant of the value's period, or the next lower multiple of a number.

    What can't be sent shows as null: a multiple below 64 bits, a period at either end of the calendar.
    """
    match value, to:
        case datetime(), Period():
            return _first_instant(value, to)
        case date(), Period():
            return value.replace(month=1, day=1) if to is Period.YEAR else value.replace(day=1)
        case ((int() | Decimal()), Decimal()):
            lower = Fraction(value) // Fraction(to) * Fraction(to)
            return _number_like(value, lower)
        case _:
            raise AssertionError(to)


def _first_instant(moment: datetime, to: Period) -> datetime | None:
    try:
        local = moment.astimezone(SHANGHAI)
        start = datetime(local.year, 1 if to is Period.YEAR else local.month, 1, tzinfo=SHANGHAI)
        return start.astimezone(UTC)
    except OverflowError:
        return None


def _number_like(value: int | Decimal, lower: Fraction) -> Value | None:
    if isinstance(value, int):
        return int(lower) if lower >= INTEGER_MIN else None
    return _EXACT.divide(Decimal(lower.numerator), Decimal(lower.denominator))
