"""Codes with a form and a check digit: GB 32100, GB 11643, the resource code of the 2017 guide, and identifiers."""

import re
from datetime import date
from functools import lru_cache

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(f"[{CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{CREDIT_ALPHABET}]{{10}}")
_CREDIT_LENGTH = 18
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

_IDENTITY_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"

_RESOURCE_CODE = re.compile(r"[0-9][0-9]{2}[0-9]{3}[0-9A-Za-z]*/[0-9A-Za-z]+")

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_IDENTIFIERS_KEPT = 4_096
"""Items of different entries are mostly named alike."""
_RESERVED = frozenset({"and", "or", "not"})
_RESERVED_ENDINGS = ("_connection", "_edge", "_where", "_order")


def credit_check_character(first: str) -> str:
    """Return the check character for the first 17 of a unified social credit code (GB 32100, modulus 31)."""
    total = sum(
        CREDIT_ALPHABET.index(character) * weight for character, weight in zip(first, _CREDIT_WEIGHTS, strict=True)
    )
    return CREDIT_ALPHABET[-total % 31]


def is_social_credit_code(text: str) -> bool:
    """Return whether the text is a unified social credit code (统一社会信用代码) with the right check character."""
    return _CREDIT_CODE.fullmatch(text) is not None and credit_check_character(text[:17]) == text[17]


def one_character_corrections(text: str) -> list[str]:
    """Return the unified social credit codes that differ from the text in one character."""
    if len(text) != _CREDIT_LENGTH:
        return []
    changed = (
        text[:place] + character + text[place + 1 :] for place in range(_CREDIT_LENGTH) for character in CREDIT_ALPHABET
    )
    return [code for code in changed if is_social_credit_code(code)]


def identity_check_character(first: str) -> str:
    """Return the check character for the first 17 digits of an identity number (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(first, _IDENTITY_WEIGHTS, strict=True))
    return _IDENTITY_CHECKS[total % 11]


def is_identity_number(text: str) -> bool:
    """Return whether the text is an identity number (公民身份号码): a birthday that exists, the right check character.

    The region isn't looked up: 999999, which is unassigned, marks synthetic numbers.
    """
    if _IDENTITY_NUMBER.fullmatch(text) is None or identity_check_character(text[:17]) != text[17]:
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return True


def is_resource_code(text: str) -> bool:
    """Return whether the text is a resource code: 类 1 digit, 项 2, 目 3, 细目, `/`, serial (the 2017 guide; KF-10)."""
    return _RESOURCE_CODE.fullmatch(text) is not None


@lru_cache(maxsize=_IDENTIFIERS_KEPT)
def is_identifier(text: str) -> bool:
    """Return whether an entry, item or link may be named so: a GraphQL name that meets no generated one.

    Types are named `IDENTIFIER` and `IDENTIFIER_connection _edge _where _order`, and a filter has `and or not` beside
    the items; static types begin with a capital.
    """
    return (
        _IDENTIFIER.fullmatch(text) is not None
        and "__" not in text
        and text not in _RESERVED
        and not text.endswith(_RESERVED_ENDINGS)
    )
