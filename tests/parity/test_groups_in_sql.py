"""Groups that a database counts are those of the same rows in memory, in SQLite and PostgreSQL, in the same order."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from random import Random

import orjson
import pytest

from portal.access.cursors import NO_CURSORS
from portal.access.executing import DataSource, Executed
from portal.access.groups_statement import GroupsWindow, compile_groups
from portal.access.plan import GroupsPlan, GroupsShape, QueryPlan
from portal.access.postgres_source import PostgresSource
from portal.access.shaping import Fetched, access_note, page_of, shape_answer
from portal.access.sqlite_source import SqliteSource
from portal.access.statement import Read, Window, compile_read
from portal.catalog.columns import column_specs
from portal.catalog.entries import InformationItem
from portal.conditions.meaning import satisfies
from portal.conditions.tree import TRUE, And, Comparison, Condition, Operator, Value
from portal.conditions.values import render_cell
from portal.policies.decision import Permit
from portal.storage.accounts import set_up_server
from portal.storage.data_store import TableLayout, create_dataset, data_table, store_value
from portal.storage.database import for_writing, open_sync_database
from tests.fixtures.planned import TABLE_NAME, plan, table_of, write_rows
from tests.fixtures.postgres import Databases
from tests.parity.generated_conditions import Draw, Row, generated_entry

SEED, ROWS, LISTS = 20261124, 900, 60
ENTRY = generated_entry()
GROUPED = [item.identifier for item in ENTRY.items if item.identifier not in ("body", "label")]
NUMBERED = "".join(f"g{number}: groups(by: [name]) {{key count}} " for number in range(LISTS))
Execute = Callable[[Read], Executed]
Counted = list[tuple[tuple[Value | None, ...], int]]


def drawn_rows() -> list[Row]:
    """Return rows of few different values, so that many are alike in some items, and three that are like no other."""
    random = Random(SEED)
    drawn = Draw(random, ENTRY).rows(14)
    alike = [{name: random.choice(drawn)[name] for name in drawn[0]} for _ in range(ROWS)]
    rare = [{**row, "count": 1000 + number} for number, row in enumerate(Draw(random, ENTRY).rows(3))]
    return [{**row, "label": str(number)} for number, row in enumerate([*alike, *rare])]


def drawn_lists(permitted: Condition) -> QueryPlan:
    """Return a plan of lists that group by one to three items, some of them narrowed by drawn conditions."""
    random, rows = Random(SEED + 1), drawn_rows()
    draw = Draw(random, ENTRY)
    narrowed = [TRUE if random.random() < 0.6 else draw.condition(rows) for _ in range(LISTS)]
    sizes = [random.choice((1, 2, 5, 100, 1000)) for _ in range(LISTS)]
    lists = tuple(
        GroupsPlan(tuple(random.sample(GROUPED, random.choice((1, 1, 2, 3)))), And((permitted, own)), first)
        for own, first in zip(narrowed, sizes, strict=True)
    )
    planned = plan(f"{{generated {{{NUMBERED}}}}}", entry=ENTRY)
    return replace(planned, filter=permitted, groups=lists)


def sort_key(value: Value | None) -> tuple[bool, str | int | Decimal | date | datetime]:
    """Return what Python compares as the contract does: nulls last, text by code point, false before true."""
    return (value is None, 0 if value is None else value)


def counted_in_memory(rows: Sequence[Row], asked: GroupsPlan) -> Counted:
    """Return every group of a list, the largest first, then by its items."""
    counts = Counter(tuple(row[name] for name in asked.by) for row in rows if satisfies(asked.filter, row) is True)
    return sorted(counts.items(), key=lambda group: (-group[1], [sort_key(value) for value in group[0]]))


def shown_in_memory(rows: Sequence[Row], planned: QueryPlan, place: int, smallest: int) -> Counted:
    """Return the groups that a list shows: what is small is withheld, and then as much as keeps it hidden."""
    asked = planned.groups[place]
    counted = counted_in_memory(rows, asked)
    kept = [group for group in counted if group[1] >= smallest]
    of_field = sum(satisfies(planned.filter, row) is True for row in rows)
    totals = (sum(count for _, count in counted), of_field)
    while kept and any(0 < total - sum(count for _, count in kept) < smallest for total in totals):
        kept.pop()
    return kept[: asked.first]


def cell_of(value: Value | None, item: InformationItem) -> object:
    """Return a value as an answer shows it."""
    return value if value is None or isinstance(value, str | int) else render_cell(value, item.type, item.scale)


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DataSource, Execute]]:
    url = write_rows(tmp_path_factory.mktemp("grouped"), ENTRY, enumerate(drawn_rows()))
    source = SqliteSource(url, 1, 60)
    with asyncio.Runner() as runner:
        yield source, lambda read: runner.run(source.execute(read))
    source.close()


@pytest.fixture(scope="module")
def in_postgresql(postgres: Databases) -> Iterator[tuple[DataSource, Execute]]:
    # Workers of a test run share a server.
    name = f"portal_test_grouped_{os.getpid()}"
    made = set_up_server(postgres.url, name)
    postgres.created += [name, f"{name}_data"]
    specs = column_specs(ENTRY)
    stored = [
        (number, *(store_value(row.get(spec.name), spec) for spec in specs)) for number, row in enumerate(drawn_rows())
    ]
    engine = open_sync_database(made.owner_data)
    with for_writing(engine).begin() as connection:
        list(
            create_dataset(connection, data_table(TABLE_NAME, specs), TableLayout(tuple(specs), ("label",)), stored),
        )
    engine.dispose()
    with asyncio.Runner() as runner:
        source = PostgresSource(made.data, 1, 60)
        yield source, lambda read: runner.run(source.execute(replace(read, tables=(TABLE_NAME,))))
        source.close()


def answer_of(planned: QueryPlan, permit: Permit, smallest: int, database: tuple[DataSource, Execute]) -> list[object]:
    """Return the lists of the answer, in the plan's order."""
    source, execute = database
    table, window = table_of(ENTRY), GroupsWindow(tuple(each.first or 100 for each in planned.groups), smallest)
    read = compile_read(planned, permit, table, Window(100, None), source.dialect)
    executed = execute(replace(read, groups=compile_groups(planned, permit, table, window, source.dialect)))
    page = page_of(read.layout, Fetched((), False, None, executed.groups), ())
    note = access_note(permit, public=True, receipt="1-1")
    answer = json.loads(orjson.dumps(shape_answer(planned, page, note, NO_CURSORS)))
    return [answer[key] for key, shape in planned.shape.members if isinstance(shape, GroupsShape)]


@pytest.mark.clause("threats.md T3")
@pytest.mark.parametrize("smallest", [1, 5])
@pytest.mark.parametrize("database", ["in_sqlite", "in_postgresql"])
def test_groups_are_those_counted_in_memory(database: str, smallest: int, request: pytest.FixtureRequest) -> None:
    rows = drawn_rows()
    permitted = Comparison("count", Operator.GTE, 0)
    planned = drawn_lists(permitted)
    items = {item.identifier: item for item in ENTRY.items}

    answered = answer_of(planned, Permit(TRUE, (), None), smallest, request.getfixturevalue(database))
    in_policy = answer_of(
        replace(planned, filter=TRUE),
        Permit(permitted, (), None),
        smallest,
        request.getfixturevalue(database),
    )

    lengths, withheld = [], 0
    for place, asked in enumerate(planned.groups):
        expected = [
            {"key": [cell_of(value, items[name]) for name, value in zip(asked.by, key, strict=True)], "count": count}
            for key, count in shown_in_memory(rows, planned, place, smallest)
        ]
        assert answered[place] == expected, asked
        lengths.append(len(expected))
        large = [group for group in counted_in_memory(rows, asked)[: asked.first] if group[1] >= smallest]
        withheld += len(large) > len(expected)
    # What the field's filter leaves and what a row policy leaves is counted alike.
    assert in_policy == answered
    assert len([length for length in lengths if length > 1]) > LISTS // 4
    assert (withheld > 0) is (smallest > 1)
