"""The canonical form of JSON that is signed (RFC 8785)."""

from decimal import Decimal
from typing import NoReturn, TypeAlias

import rfc8785

from portal.agreements.wording import shown
from portal.errors import BadInput, Text
from portal.json_text import JsonValue

_INTEGER_LIMIT = 2**53 - 1
"""The largest integer of which RFC 8785's numbers hold every neighbour."""


_Carried: TypeAlias = "bool | int | float | str | list[_Carried] | dict[str, _Carried] | None"


def canonical_form(value: JsonValue) -> bytes:
    """Return the RFC 8785 form of a JSON value.

    Raises: BadInput for a number that the form would alter, so that two texts of different terms can't share it.
    """
    return rfc8785.dumps(_carried(value))


def _carried(value: JsonValue) -> _Carried:
    if isinstance(value, dict):
        return {name: _carried(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_carried(member) for member in value]
    if isinstance(value, Decimal):
        return _carried_fraction(value)
    if isinstance(value, int) and abs(value) > _INTEGER_LIMIT:
        _refuse(value)
    return value


def _carried_fraction(number: Decimal) -> float:
    nearest = float(number)
    # The form writes the shortest digits that name the double: those must be the digits that were written.
    if Decimal(repr(nearest)) != number:
        _refuse(number)
    return nearest


def _refuse(number: int | Decimal) -> NoReturn:
    digits = shown(number)
    raise BadInput(
        Text(
            en=f"the number `{digits}` can't be signed: RFC 8785 would alter it; write fewer digits or a string",
            zh=f"数字 `{digits}` 无法签名：RFC 8785 会改变它；请减少位数或写成字符串",
        )
    )
