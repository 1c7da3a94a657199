"""Items that stored entries have alike are read once, and whatever is wrong with one is found in each entry."""

from typing import Any

import pytest

from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry
from portal.catalog.rows import load_entry, store_entry
from portal.catalog.shared_items import SharedItems
from portal.errors import PolicyUnavailable
from portal.storage.content import Cell, Cells, ContentRow
from portal.storage.tables import information_items
from tests.unit.catalog.example import parse

ENTRY, _ = parse()
STORED = store_entry(ENTRY, removed=False)
ITEMS = STORED.children[information_items.name]


def stored(items: tuple[Cells, ...], **cells: Cell) -> ContentRow:
    """The example's rows with these items and cells."""
    return ContentRow({**STORED.cells, **cells}, {**STORED.children, information_items.name: items})


def conditional(identifier: str) -> dict[str, Cell]:
    """The cells of a conditional item without a reason of its own."""
    return {**ITEMS[0], "identifier": identifier, "share_class": "conditional"}


def load(rows: list[ContentRow]) -> list[CatalogEntry]:
    shared = SharedItems()
    return [load_entry(ENTRY.code, row, shared) for row in rows]


def test_entries_share_their_items_when_their_rows_are_the_same() -> None:
    other = {**ITEMS[1], "name": "曾用名", "identifier": "former_name"}

    first, second = load([STORED, stored((*ITEMS, other))])

    assert first == ENTRY
    assert all(one is another for one, another in zip(first.items, second.items[:-1], strict=True))
    assert second.items[-1].name == "曾用名"


def test_entry_is_the_same_when_it_shares_nothing() -> None:
    alike = tuple(dict(cells) for cells in ITEMS)

    first, second = load([STORED, stored(alike)])

    assert first == second == ENTRY
    assert first.items[0] is not second.items[0]


def test_item_is_refused_in_each_entry_when_it_is_at_fault() -> None:
    faulty = {**ITEMS[0], "sensitivity": 9}
    shared = SharedItems()
    for _ in range(2):
        with pytest.raises(PolicyUnavailable, match=r"items\[1\]\.sensitivity"):
            load_entry(ENTRY.code, stored((*ITEMS[:1], faulty)), shared)


def test_shared_item_is_refused_when_another_entry_gives_it_no_reason() -> None:
    item = conditional("zone")
    sound = stored((*ITEMS, item))
    without = stored((ITEMS[0], item), share_class="unconditional", share_condition=None, key='["code"]')
    children = {name: rows if name == information_items.name else () for name, rows in without.children.items()}
    shared = SharedItems()
    assert load_entry(ENTRY.code, sound, shared).item("zone")

    with pytest.raises(PolicyUnavailable, match=r"items\[1\]\.share_condition"):
        load_entry(ENTRY.code, ContentRow(without.cells, children), shared)


def test_shared_item_is_refused_when_an_entry_has_it_twice() -> None:
    shared = SharedItems()
    load_entry(ENTRY.code, STORED, shared)

    with pytest.raises(PolicyUnavailable, match=r"items\[3\]\.identifier"):
        load_entry(ENTRY.code, stored((*ITEMS, ITEMS[0])), shared)


def test_item_is_read_by_itself_when_nothing_is_shared() -> None:
    document: Any = {"identifier": "x"}
    shared = SharedItems()

    entry, faults = parse_entry({"items": [document]}, "catalog/x.json", shared)

    assert entry is not None
    assert faults
    assert shared.item_of(document) is None
