"""Items whose codes stand in levels, such as division codes: found from links, so that rows can be chosen by a branch.

A code system is the provider's who keeps it: its levels are entries of one provider and one class, each linked to the
one above by that one's key, whose codes are shorter. A code begins with that of its parent (GB/T 2260 and GB/T 10114
for divisions).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portal.catalog.entries import CatalogEntry, InformationItem, Link
from portal.conditions.tree import ValueType
from portal.vocabulary import EntryIdentifier, ItemIdentifier

_LEAST_LEVELS = 2
"""What is linked to a single list isn't in levels."""


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry with those of its items that somebody may know of."""

    entry: CatalogEntry
    items: tuple[InformationItem, ...]

    def text(self, identifier: ItemIdentifier) -> InformationItem | None:
        """Return the shown item of that identifier, None where there is none or it is no text of bounded length."""
        found = next((item for item in self.items if item.identifier == identifier), None)
        return found if found is not None and found.type is ValueType.STRING and found.length is not None else None


FindEntry = Callable[[EntryIdentifier], ShownEntry | None]
"""What somebody may know of the entry of that identifier."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level's entry, its `key`, the item that names a code, and the item that holds the parent's code."""

    entry: EntryIdentifier
    key: ItemIdentifier
    label: ItemIdentifier | None
    parent: ItemIdentifier | None


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """An item, and the levels that its codes stand in, the topmost first."""

    item: ItemIdentifier
    levels: tuple[Level, ...]


def find_hierarchies(shown: ShownEntry, find: FindEntry) -> Iterator[Hierarchy]:
    """Yield the entry's items whose codes stand in levels: its own key first, then those linked to such a key."""
    own = _link_up(shown, find)
    if own is not None:
        yield Hierarchy(shown.entry.key[0], _levels(own[1], find))
    found = set[ItemIdentifier]()
    for link in shown.entry.links:
        target = _single_target(shown, link, find)
        if target is None or link.items[0] in found or (own is not None and link is own[0]):
            continue
        levels = _levels(target, find)
        if len(levels) >= _LEAST_LEVELS:
            found.add(link.items[0])
            yield Hierarchy(link.items[0], levels)


def _levels(lowest: ShownEntry, find: FindEntry) -> tuple[Level, ...]:
    """Return the levels from the top down to that entry's. Codes get shorter on the way up, so it ends."""
    levels, at = list[Level](), lowest
    while True:
        above = _link_up(at, find)
        parent = None if above is None else above[0].items[0]
        key = at.entry.key[0]
        levels.append(Level(at.entry.identifier, key, _label(at, {key, parent}), parent))
        if above is None:
            return tuple(reversed(levels))
        at = above[1]


def _link_up(shown: ShownEntry, find: FindEntry) -> tuple[Link, ShownEntry] | None:
    """Return the link to the level above and its entry, None where there is none."""
    key = shown.text(shown.entry.key[0]) if len(shown.entry.key) == 1 else None
    if key is None or key.length is None:
        return None
    for link in shown.entry.links:
        target = _single_target(shown, link, find)
        if target is None or _code_system(target.entry) != _code_system(shown.entry):
            continue
        above = target.text(target.entry.key[0])
        if above is not None and above.length is not None and above.length < key.length:
            return link, target
    return None


def _code_system(entry: CatalogEntry) -> tuple[object, ...]:
    return entry.provider, entry.classification


def _single_target(shown: ShownEntry, link: Link, find: FindEntry) -> ShownEntry | None:
    """Return what the link leads to where one text item of the entry names one row there by its whole key."""
    if link.many or len(link.items) != 1 or shown.text(link.items[0]) is None:
        return None
    target = find(link.target)
    is_by_key = target is not None and target.entry.key == link.target_items and len(target.entry.key) == 1
    return target if target is not None and is_by_key and target.text(target.entry.key[0]) is not None else None


def _label(shown: ShownEntry, others: set[ItemIdentifier | None]) -> ItemIdentifier | None:
    """Return the first text item that is neither the key nor the parent's code."""
    texts = (item.identifier for item in shown.items if item.type is ValueType.STRING and item.identifier not in others)
    return next(texts, None)
