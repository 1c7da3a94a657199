"""A long list in pages, counted from 1; an empty list has one empty page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_Listed = TypeVar("_Listed")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Listed]):
    """A page of a list: what is on it, its number, how many pages there are, and how long the list is."""

    listed: Sequence[_Listed]
    number: int
    pages: int
    total: int


def page_of(listed: Sequence[_Listed], number: int, size: int) -> Page[_Listed] | None:
    """Return a page of so many at most, None where there is no page of that number."""
    pages = max(1, -(-len(listed) // size))
    if not 1 <= number <= pages:
        return None
    return Page(listed[(number - 1) * size : number * size], number, pages, len(listed))
