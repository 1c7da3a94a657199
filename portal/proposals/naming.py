"""Names that are proposed: identifiers that GraphQL and the catalog take, and codes that nothing has yet."""

import re
from collections.abc import Collection, Sequence
from itertools import count

from portal.catalog.codes import is_identifier

_NOT_OF_IDENTIFIERS = re.compile("[^a-z0-9]+")
_LONGEST = 50
"""Longer proposals are cut, so that a number fits behind them."""
_FIRST_PREFIX = "300001001"
_SERIAL_DIGITS = 5
_DEPARTMENT_KIND = "3"


def propose_identifier(text: str, taken: Collection[str], fallback: str) -> str:
    """Return an identifier for what is called so: its Latin letters and digits, or `fallback`, and a number if taken.

    Chinese isn't spelled out: two readings of a character would be two names.
    """
    words = _latin(text) or fallback
    if words == fallback or words in taken:
        return next(
            name for number in count(1 if words == fallback else 2) if (name := f"{words}_{number}") not in taken
        )
    return words


def propose_items(header: Sequence[str]) -> tuple[str, ...]:
    """Return an identifier for each column: its name if that is one, or Latin made one; else `item_` and its place."""
    legal = {name for name in header if is_identifier(name)}
    taken = set(legal)
    names: list[str] = []
    for place, name in enumerate(header, start=1):
        proposed = name if name in legal else _latin(name) if name.isascii() else ""
        if name not in legal and (not proposed or proposed in taken):
            proposed = _numbered("item", place, taken)
        taken.add(proposed)
        names.append(proposed)
    return tuple(names)


def _numbered(word: str, place: int, taken: Collection[str]) -> str:
    return next(name for number in count(place) if (name := f"{word}_{number}") not in taken)


def _latin(text: str) -> str:
    """Return the text as an identifier, empty where it is none."""
    # A text of other scripts isn't named by the few Latin letters in it.
    if any(character.isalpha() and not character.isascii() for character in text):
        return ""
    words = _NOT_OF_IDENTIFIERS.sub("_", text.lower()).strip("_")[:_LONGEST].rstrip("_")
    return words if is_identifier(words) else ""


def propose_code(taken: Collection[str], of_provider: Sequence[str]) -> str:
    """Return a resource code that isn't taken: the next serial in the class of most of the provider's entries.

    `taken` are codes that were ever given, `of_provider` those of the provider's entries.
    """
    prefixes = [code.partition("/")[0] for code in of_provider if code.startswith(_DEPARTMENT_KIND) and "/" in code]
    prefix = max(sorted(set(prefixes)), key=prefixes.count) if prefixes else _FIRST_PREFIX
    serials = [code.partition("/")[2] for code in taken if code.partition("/")[0] == prefix]
    numbers = [int(serial) for serial in serials if serial.isascii() and serial.isdigit()]
    digits = max([len(serial) for serial in serials if serial.isascii() and serial.isdigit()], default=_SERIAL_DIGITS)
    return f"{prefix}/{max(numbers, default=0) + 1:0{digits}}"
