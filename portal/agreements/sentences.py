"""An agreement's text sentence by sentence, and where it speaks of a term: what is enforced beside what was written."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_END = re.compile(r"(?<=[。！？；!?;])|(?<=\.)\s+|\n+")
_LETTERS = re.compile(r"[A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Named:
    """What the text may call a term's value: any of these words."""

    term: str
    value: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedTerm:
    """A value of a term, and the numbers (from 0) of the sentences that name it; none where no sentence does."""

    term: str
    value: str
    sentences: tuple[int, ...]


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, Chinese or English, each with its mark at the end."""
    return tuple(part.strip() for part in _END.split(text) if part.strip())


def place_terms(sentences: Sequence[str], terms: Iterable[Named]) -> tuple[PlacedTerm, ...]:
    """Return for each value the sentences that have one of its words; case plays no part, and words stand alone."""
    folded = [sentence.casefold() for sentence in sentences]
    return tuple(
        PlacedTerm(
            named.term,
            named.value,
            tuple(
                place
                for place, sentence in enumerate(folded)
                if any(_names(sentence, word.casefold()) for word in named.words if word)
            ),
        )
        for named in terms
    )


def _names(sentence: str, word: str) -> bool:
    """Return whether the sentence has the word; one of letters isn't found inside a longer one."""
    place = sentence.find(word)
    while place >= 0:
        before, after = sentence[place - 1 : place], sentence[place + len(word) : place + len(word) + 1]
        if not (_joins(before, word[0]) or _joins(word[-1], after)):
            return True
        place = sentence.find(word, place + 1)
    return False


def _joins(left: str, right: str) -> bool:
    return bool(_LETTERS.fullmatch(left) and _LETTERS.fullmatch(right))
