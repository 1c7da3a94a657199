"""What a client wants to be answered in (RFC 9110 §12): media type and language, and what it says its body is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from portal.errors import Language

JSON_TYPE = "application/json"
RESPONSE_TYPE = "application/graphql-response+json"

_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?", re.ASCII)
# A quote that isn't closed lasts to the end: the pattern never fails, so it never looks at a character twice.
_PIECES = re.compile(r'(?:"(?:[^"\\]|\\.)*\\?(?:"|\Z)|[^",;])+|[,;]', re.ASCII | re.DOTALL)
_UTF8 = frozenset({"utf-8", "utf8"})
_RANGES = {"application/*": 1, "*/*": 0}
_EXACT = 2
_KEPT_CHARACTERS = 256
_LANGUAGES = {"zh": Language.CHINESE, "en": Language.ENGLISH}


@dataclass(frozen=True, slots=True)
class Preference:
    """One element of an `Accept` header, or a `Content-Type`: its name and parameters in lower case, and its weight."""

    name: str
    parameters: Mapping[str, str]
    quality: float


def parse_preferences(headers: Sequence[str]) -> tuple[Preference, ...]:
    """Return the elements of headers of one name in their order; those whose weight is none are left out.

    Takes time linear in the headers' length.
    """
    given = tuple(headers)
    return _kept_preferences(given) if sum(map(len, given)) <= _KEPT_CHARACTERS else _parse_all(given)


def _parse_all(headers: tuple[str, ...]) -> tuple[Preference, ...]:
    return tuple(preference for header in headers for element in _elements(header) if (preference := _parse(element)))


_kept_preferences = lru_cache(1024)(_parse_all)
"""Clients send the same few headers again and again."""


def _elements(header: str) -> Iterator[list[str]]:
    """Yield the pieces between `;` of each element between `,`; what stands in quotes separates nothing."""
    pieces = [""]
    for piece in _PIECES.findall(header):
        if piece == ",":
            yield pieces
            pieces = [""]
        elif piece == ";":
            pieces.append("")
        else:
            pieces[-1] += piece
    yield pieces


def _parse(pieces: Sequence[str]) -> Preference | None:
    name, *rest = (piece.strip() for piece in pieces)
    parameters: dict[str, str] = {}
    for piece in rest:
        key, _, value = piece.partition("=")
        parameters.setdefault(key.strip().lower(), value.strip().strip('"').lower())
    quality = parameters.pop("q", "1")
    return Preference(name.lower(), parameters, float(quality)) if name and _QUALITY.fullmatch(quality) else None


def wanted_type(accept: Sequence[str]) -> str | None:
    """Return the media type to answer in; None where the client takes neither.

    The higher weight wins; between equal ones what is named goes before what a wildcard covers, the earlier before the
    later, and `application/json` where only a wildcard speaks.
    """
    preferences = parse_preferences(accept)
    if not any(header.strip() for header in accept):
        return JSON_TYPE
    best: tuple[float, int, int] = (0.0, 0, 0)
    wanted = None
    for media in (JSON_TYPE, RESPONSE_TYPE):
        rank = _rank(media, preferences)
        if rank[0] > 0 and (wanted is None or rank > best):
            best, wanted = rank, media
    return wanted


def _rank(media: str, preferences: Sequence[Preference]) -> tuple[float, int, int]:
    """Return the weight of the range that names the type most exactly, how exactly it does, and minus its place."""
    most = (0.0, -1, 0)
    for place, preference in enumerate(preferences):
        exactness = _EXACT if preference.name == media else _RANGES.get(preference.name, -1)
        if exactness > most[1] and preference.parameters.get("charset", "utf-8") in _UTF8:
            most = (preference.quality, exactness, -place)
    return (most[0], int(most[1] == _EXACT), most[2] if most[1] == _EXACT else 0)


def wanted_language(accept_language: Sequence[str]) -> Language:
    """Return the language that is weighted highest, the earlier of two; English where neither is named."""
    best, quality = Language.ENGLISH, 0.0
    for preference in parse_preferences(accept_language):
        language = _LANGUAGES.get(preference.name.partition("-")[0])
        if language is not None and preference.quality > quality:
            best, quality = language, preference.quality
    return best


def is_json(content_type: Sequence[str]) -> bool:
    """Return whether the one header says `application/json`, in UTF-8 where it names a character set."""
    if len(content_type) != 1 or len(elements := list(_elements(content_type[0]))) != 1:
        return False
    sent = _parse(elements[0])
    return sent is not None and sent.name == JSON_TYPE and sent.parameters.get("charset", "utf-8") in _UTF8
