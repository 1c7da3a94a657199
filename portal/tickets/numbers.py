"""Numbers of tickets: `T-7K3M-9QXD-4WHB-K`, drawn at random, with a character by which a misread one is noticed.

The number is the key to what was answered: 60 bits, so that guessing finds none, and nothing in it that counts.
"""

import secrets
from typing import NewType

from portal.errors import BadInput, Text

TicketNumber = NewType("TicketNumber", str)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 as Crockford writes it: without I, L, O and U."""
_MISREAD = str.maketrans("ILO", "110")
_DRAWN = 12
_GROUP = 4
_PREFIX = "T"
_MOST_CHARACTERS = 40


def draw_number() -> TicketNumber:
    """Return a new number."""
    return _render("".join(secrets.choice(_ALPHABET) for _ in range(_DRAWN)))


def parse_number(text: str) -> TicketNumber:
    """Return the number that a person wrote, whichever the case, hyphens and spaces.

    Raises: BadInput where it can't be one: a character is missing, or was misread.
    """
    written = "".join(text[:_MOST_CHARACTERS].split()).replace("-", "").upper()
    symbols = written.removeprefix(_PREFIX).translate(_MISREAD) if len(written) == _DRAWN + 2 else ""
    if written[:1] != _PREFIX or not symbols or set(symbols) - set(_ALPHABET):
        raise _no_number()
    drawn, check = symbols[:_DRAWN], symbols[_DRAWN]
    if _check_of(drawn) != check:
        raise _no_number()
    return _render(drawn)


def _render(drawn: str) -> TicketNumber:
    groups = (drawn[begin : begin + _GROUP] for begin in range(0, _DRAWN, _GROUP))
    return TicketNumber("-".join((_PREFIX, *groups, _check_of(drawn))))


def _check_of(drawn: str) -> str:
    """Return the check character (Luhn's method, modulo 32): every single misread character gives another one."""
    total = 0
    for place, symbol in enumerate(reversed(drawn)):
        value = _ALPHABET.index(symbol) * (2 - place % 2)
        total += value // len(_ALPHABET) + value % len(_ALPHABET)
    return _ALPHABET[-total % len(_ALPHABET)]


def _no_number() -> BadInput:
    return BadInput(
        Text(
            en="this is no ticket's number, or a character of it was misread; write it as `T-7K3M-9QXD-4WHB-K`, as it "
            "was shown",
            zh="工单编号有误，请核对每个字符；格式为 `T-7K3M-9QXD-4WHB-K`",
        )
    )
