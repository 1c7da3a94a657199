"""Paging by cursors gives the sorted rows, whatever the order asked for and whatever comes or goes between pages."""

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from portal.access.cursors import cursor_seal
from portal.access.plan import OrderTerm, QueryPlan
from portal.access.shaping import Fetched, page_of
from portal.access.statement import Position, Window
from portal.conditions.meaning import satisfies
from portal.conditions.tree import Value
from portal.storage.data_store import open_read_connection
from portal.vocabulary import PUBLIC
from tests.fixtures.planned import EVERYTHING, add_rows, compiled, fetch, plan, remove_rows, write_rows
from tests.parity.generated_conditions import Draw, Row, generated_entry

SEED = 20260302
SECRET = bytes(range(32))
ORDERABLE = [item.identifier for item in generated_entry().items if item.identifier != "body"]
ASKED = "{generated(orderBy: $order, where: $where) {edges {cursor node {name}} pageInfo {hasNextPage endCursor}}}"

Numbered = dict[int, Row]


def drawn_plan(random: Random, where: object = None) -> QueryPlan:
    """Return a plan in a drawn order of one to four items."""
    items = random.sample(ORDERABLE, random.randint(1, 4))
    order = [{item: random.choice(["ASC", "DESC"])} for item in items]
    return plan(ASKED, {"order": order, "where": where}, generated_entry())


def draw_rows(random: Random, numbers: range) -> Numbered:
    """Return rows of few different values, so that many are level."""
    drawn = Draw(random, generated_entry()).rows(12)
    return {number: {name: random.choice(drawn)[name] for name in drawn[0]} for number in numbers}


def sorted_numbers(rows: Numbered, order: tuple[OrderTerm, ...]) -> list[int]:
    """Return the rows' numbers in the order: nulls last in both directions, level rows by number."""
    numbers = sorted(rows)
    for term in reversed(order):
        present = [number for number in numbers if rows[number][term.item] is not None]
        present.sort(key=lambda number: sort_key(rows[number][term.item]), reverse=term.descending)
        numbers = present + [number for number in numbers if rows[number][term.item] is None]
    return numbers


def sort_key(value: Value | None) -> str | int | Decimal | date | datetime:
    """Return what Python compares as the contract does: text by code point, false before true."""
    assert value is not None
    return value


@pytest.fixture
def reading() -> Iterator[list[sqlite3.Connection]]:
    opened: list[sqlite3.Connection] = []
    yield opened
    for connection in opened:
        connection.close()


def read_page(
    connection: sqlite3.Connection, planned: QueryPlan, rows: int, after: str | None
) -> tuple[list[int], str | None, bool]:
    """Return the page's row numbers, the cursor of its last row as a client gets it, and whether more follow."""
    seal = cursor_seal(SECRET, PUBLIC, planned)
    window = Window(rows, None if after is None else seal.open(after))
    read = compiled(planned, EVERYTHING, window)
    found = fetch(connection, read.rows)
    page = page_of(read.layout, Fetched(found[:rows], len(found) > rows, None), [() for _ in found[:rows]])
    numbers = [int(str(row[0])) for row in page.fetched.rows]
    return numbers, seal.seal(page.position(-1)) if numbers else None, page.fetched.has_more


@pytest.mark.parametrize("seed", range(12))
def test_pages_together_are_the_sorted_rows_when_nothing_changes(
    seed: int, tmp_path: Path, reading: list[sqlite3.Connection]
) -> None:
    random = Random(SEED + seed)
    rows = draw_rows(random, range(80))
    url = write_rows(tmp_path, generated_entry(), rows.items())
    reading.append(connection := open_read_connection(url))

    for _ in range(8):
        planned, size = drawn_plan(random), random.choice((1, 3, 7, 40, 80, 81))
        paged: list[int] = []
        after, more = None, True
        while more:
            numbers, after, more = read_page(connection, planned, size, after)
            assert len(numbers) == min(size, 80 - len(paged))
            paged += numbers
        assert paged == sorted_numbers(rows, planned.order), planned.order


@pytest.mark.parametrize("seed", range(12))
def test_pages_go_on_behind_the_cursor_when_rows_come_and_go(
    seed: int, tmp_path: Path, reading: list[sqlite3.Connection]
) -> None:
    random = Random(SEED + 100 + seed)
    rows = draw_rows(random, range(0, 120, 2))
    url = write_rows(tmp_path, generated_entry(), rows.items())
    reading.append(connection := open_read_connection(url))
    planned = drawn_plan(random)
    spare = iter(random.sample(range(1, 121, 2), 60))
    numbers, after, more = read_page(connection, planned, 6, None)

    while more:
        last = {numbers[-1]: rows[numbers[-1]]}
        # The row of the cursor is among those that may go.
        gone = [number for number in random.sample(sorted(rows), 3) if len(rows) > 10] + random.choice(
            [[], [numbers[-1]]]
        )
        come = draw_rows(random, range(next(spare), 10**6, 10**7))
        remove_rows(url, generated_entry(), gone)
        add_rows(url, generated_entry(), come.items())
        rows = {number: row for number, row in (rows | come).items() if number not in gone}
        in_order = sorted_numbers(rows | last, planned.order)
        expected = in_order[in_order.index(next(iter(last))) + 1 :]

        numbers, after, more = read_page(connection, planned, 6, after)

        assert numbers == expected[:6]
        assert more is (len(expected) > 6)


@pytest.mark.parametrize("seed", range(4))
def test_pages_hold_the_rows_that_the_filter_leaves(
    seed: int, tmp_path: Path, reading: list[sqlite3.Connection]
) -> None:
    random = Random(SEED + 200 + seed)
    rows = draw_rows(random, range(60))
    url = write_rows(tmp_path, generated_entry(), rows.items())
    reading.append(connection := open_read_connection(url))
    planned = drawn_plan(random, {"or": [{"count": {"gte": 0}}, {"name": {"isNull": True}}]})
    left = {number: row for number, row in rows.items() if satisfies(planned.filter, row) is True}
    assert 0 < len(left) < 60

    paged: list[int] = []
    after, more = None, True
    while more:
        numbers, after, more = read_page(connection, planned, 5, after)
        paged += numbers

    assert paged == sorted_numbers(left, planned.order)


def test_rows_are_in_the_order_of_their_numbers_when_none_is_asked(
    tmp_path: Path, reading: list[sqlite3.Connection]
) -> None:
    rows = draw_rows(Random(SEED), range(50))
    url = write_rows(tmp_path, generated_entry(), reversed(rows.items()))
    reading.append(connection := open_read_connection(url))
    planned = plan(ASKED, {"order": None, "where": None}, generated_entry())

    first, after, _ = read_page(connection, planned, 20, None)
    rest, _, more = read_page(connection, planned, 30, after)

    assert [*first, *rest] == list(range(50))
    assert not more


def test_page_behind_a_row_that_no_longer_sorts_there_goes_on_from_where_it_was(
    tmp_path: Path, reading: list[sqlite3.Connection]
) -> None:
    entry = generated_entry()
    url = write_rows(tmp_path, entry, [(number, {"count": number}) for number in range(10)])
    reading.append(connection := open_read_connection(url))
    planned = plan(ASKED, {"order": [{"count": "ASC"}], "where": None}, entry)
    seal = cursor_seal(SECRET, PUBLIC, planned)
    cursor = seal.seal(Position((4,), 4))
    remove_rows(url, entry, [4])
    add_rows(url, entry, [(4, {"count": 100})])

    numbers, _, _ = read_page(connection, planned, 10, cursor)

    assert numbers == [5, 6, 7, 8, 9, 4]
