"""How an entry's rows are laid out in the data store."""

from collections.abc import Iterable, Iterator, Mapping

from portal.catalog.entries import CatalogEntry
from portal.storage.data_store import ColumnSpec, TableLayout
from portal.vocabulary import EntryCode


def column_specs(entry: CatalogEntry) -> tuple[ColumnSpec, ...]:
    """Return the columns of the entry's table, in the order of its items."""
    return tuple(ColumnSpec(item.identifier, item.type, item.scale) for item in entry.items)


def plan_layouts(entries: Iterable[CatalogEntry]) -> Mapping[EntryCode, TableLayout]:
    """Return each entry's layout. Indexed are the items that links join on, from either side."""
    entries = tuple(entries)
    joined: dict[str, set[tuple[str, ...]]] = {entry.identifier: set() for entry in entries}
    for identifier, names in _joins(entries):
        joined[identifier].add(names)
    return {
        entry.code: TableLayout(column_specs(entry), entry.key, tuple(sorted(joined[entry.identifier] - {entry.key})))
        for entry in entries
    }


def _joins(entries: Iterable[CatalogEntry]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for entry in entries:
        for link in entry.links:
            yield entry.identifier, link.items
            yield link.target, link.target_items
