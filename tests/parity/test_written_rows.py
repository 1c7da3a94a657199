"""Rows that a database writes as JSON show what the portal would make of the same rows, in SQLite and PostgreSQL."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import orjson
import pytest
from sqlalchemy import Dialect

from portal.access.cursors import cursor_seal
from portal.access.linking import Row as StoredRow
from portal.access.plan import QueryPlan
from portal.access.planning import FieldKind, plan_query
from portal.access.postgres_source import PostgresSource
from portal.access.shaping import Fetched, access_note, convert_rows, page_of, shape_answer
from portal.access.statement import Read, Window, compile_read
from portal.catalog.columns import column_specs
from portal.conditions.tree import TRUE, Comparison, NullTest, Operator
from portal.policies.decision import MaskChoice, Permit
from portal.policies.records import FullMask, GeneraliseMask, HashMask, Mask, PartialMask, Period
from portal.storage.accounts import set_up_server
from portal.storage.data_store import TableLayout, create_dataset, data_table, open_read_connection, store_value
from portal.storage.database import for_writing, open_sync_database
from portal.storage.dialects import asyncpg_dialect
from portal.vocabulary import PUBLIC, ItemIdentifier
from tests.fixtures.planned import DIALECT, TABLE_NAME, entry_of, fetch, shared_field, state_of, table_of, write_rows
from tests.fixtures.postgres import Databases
from tests.fixtures.small_bundle import entry, item
from tests.parity.generated_conditions import Draw, Row, generated_entry

SEED, ROWS = 20261123, 300
KEY = b"synthetic department key"
ENTRY = generated_entry()
CONTROLS = "".join(map(chr, range(1, 0x20))) + '\x7f\x80\x9f\u2028\u2029"\\/</script>'
"""What JSON has to escape, and what some writers escape besides."""

Execute = Callable[[Read], Sequence[StoredRow]]


def drawn_rows() -> list[Row]:
    rows = Draw(Random(SEED), ENTRY).rows(ROWS)
    rows[0] = {**rows[0], "name": CONTROLS, "label": CONTROLS[::-1]}
    rows[1] = {**rows[1], "name": "", "label": "\U0001f600" * 100}
    return rows


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dialect, Execute]]:
    connection = open_read_connection(write_rows(tmp_path_factory.mktemp("written"), ENTRY, enumerate(drawn_rows())))
    yield DIALECT, lambda read: fetch(connection, read.rows)
    connection.close()


@pytest.fixture(scope="module")
def in_postgresql(postgres: Databases) -> Iterator[tuple[Dialect, Execute]]:
    # Workers of a test run share a server.
    name = f"portal_test_written_{os.getpid()}"
    made = set_up_server(postgres.url, name)
    postgres.created += [name, f"{name}_data"]
    specs = column_specs(ENTRY)
    stored = [
        (number, *(store_value(row.get(spec.name), spec) for spec in specs)) for number, row in enumerate(drawn_rows())
    ]
    engine = open_sync_database(made.owner_data)
    with for_writing(engine).begin() as connection:
        list(
            create_dataset(
                connection,
                data_table(TABLE_NAME, specs),
                TableLayout(tuple(specs), ("name", "label", "count", "price")),
                stored,
            )
        )
    engine.dispose()
    with asyncio.Runner() as runner:
        source = PostgresSource(made.data, 1, 10)

        async def execute(read: Read) -> Sequence[StoredRow]:
            return (await source.execute(replace(read, tables=(TABLE_NAME,)))).rows or []

        yield asyncpg_dialect(), lambda read: runner.run(execute(read))
        source.close()


def permit_of(**masks: Mask) -> Permit:
    choices = tuple(MaskChoice(ItemIdentifier(name), ((mask, TRUE),)) for name, mask in masks.items())
    return Permit(TRUE, (), None, masks=choices)


PLAIN = "{generated(first: 1000) {nodes {name count flag day moment a: label t: __typename}}}"
PERMITS = {
    "nothing masked": permit_of(),
    "hidden": permit_of(name=FullMask(), count=FullMask(), flag=FullMask(), day=FullMask()),
    **{
        f"{head} and {tail} shown": permit_of(name=PartialMask(head, tail), label=PartialMask(tail, head))
        for head, tail in ((0, 0), (1, 0), (0, 1), (1, 1), (2, 3), (3, 4), (99, 1), (0, 200))
    },
}


def shown(planned: QueryPlan, permit: Permit, dialect: Dialect, execute: Execute) -> tuple[bytes, bool]:
    """Return the answer's octets, and whether the database wrote its rows."""
    read = compile_read(planned, permit, table_of(ENTRY), Window(1000, None), dialect)
    rows = execute(read)
    fetched = Fetched(rows, False, None)
    cells = () if read.layout.is_written else convert_rows(read.layout, rows, ENTRY, permit, KEY)
    seal = cursor_seal(bytes(32), PUBLIC, planned)
    answer = shape_answer(
        planned, page_of(read.layout, fetched, cells), access_note(permit, public=True, receipt="1-1"), seal
    )
    return orjson.dumps(answer), read.layout.is_written


@pytest.mark.parametrize("database", ["in_sqlite", "in_postgresql"])
@pytest.mark.parametrize("permit", PERMITS.values(), ids=PERMITS)
def test_written_rows_are_the_shaped_ones(database: str, permit: Permit, request: pytest.FixtureRequest) -> None:
    dialect, execute = request.getfixturevalue(database)
    planned = plan_query(state_of(ENTRY), shared_field(PLAIN))

    shaped, by_hand = shown(planned, permit, dialect, execute)
    written, by_database = shown(replace(planned, as_text=True), permit, dialect, execute)

    assert (by_hand, by_database) == (False, True)
    assert len(json.loads(shaped)["nodes"]) == ROWS
    assert written == shaped


@pytest.mark.parametrize("database", ["in_sqlite", "in_postgresql"])
def test_written_page_is_ordered_counted_and_goes_on_like_the_shaped_one(
    database: str, request: pytest.FixtureRequest
) -> None:
    dialect, execute = request.getfixturevalue(database)
    text = "{generated(first: 7, orderBy: [{label: DESC}, {count: ASC}]) {nodes {name} pageInfo {hasNextPage}}}"
    planned = plan_query(state_of(ENTRY), shared_field(text))

    shaped, _ = shown(planned, permit_of(), dialect, execute)
    written, is_written = shown(replace(planned, as_text=True), permit_of(), dialect, execute)

    assert is_written
    assert written == shaped


@pytest.mark.parametrize("database", ["in_sqlite", "in_postgresql"])
def test_cursor_of_a_written_page_leads_to_the_same_place(database: str, request: pytest.FixtureRequest) -> None:
    dialect, execute = request.getfixturevalue(database)
    text = "{generated(orderBy: [{label: ASC}, {moment: DESC}]) {nodes {name} pageInfo {endCursor}}}"
    planned = plan_query(state_of(ENTRY), shared_field(text))
    places = []
    for as_text in (False, True):
        read = compile_read(replace(planned, as_text=as_text), permit_of(), table_of(ENTRY), Window(50, None), dialect)
        rows = execute(read)[:50]
        places.append(page_of(read.layout, Fetched(rows, True, None), ()).position(-1))

    assert places[0] == places[1]


SHAPED_HERE = {
    "decimal": ("{generated {nodes {price}}}", permit_of()),
    "JSON": ("{generated {nodes {body}}}", permit_of()),
    "hash": ("{generated {nodes {name}}}", permit_of(name=HashMask())),
    "period": ("{generated {nodes {day}}}", permit_of(day=GeneraliseMask(Period.YEAR))),
    "step": ("{generated {nodes {count}}}", permit_of(count=GeneraliseMask(Decimal(10)))),
    "edges": ("{generated {edges {node {name}}}}", permit_of()),
    "two lists": ("{generated {nodes {name} more: nodes {label}}}", permit_of()),
    "many members": ("{generated {nodes {" + " ".join(f"a{n}: name" for n in range(41)) + "}}}", permit_of()),
    "mask by the row": (
        "{generated {nodes {name}}}",
        Permit(
            Comparison("count", Operator.GT, 0),
            (),
            None,
            masks=(
                MaskChoice(
                    ItemIdentifier("name"), ((None, NullTest("label", is_null=True)), (PartialMask(1, 1), TRUE))
                ),
            ),
        ),
    ),
}


@pytest.mark.parametrize(("text", "permit"), SHAPED_HERE.values(), ids=SHAPED_HERE)
def test_what_a_database_may_show_otherwise_is_shaped_here(text: str, permit: Permit) -> None:
    planned = replace(plan_query(state_of(ENTRY), shared_field(text)), as_text=True)
    assert not compile_read(planned, permit, table_of(ENTRY), Window(10, None), DIALECT).layout.is_written


def test_rows_by_key_and_parts_of_a_transfer_are_shaped_here(tmp_path: Path) -> None:
    keyed = entry_of({**entry("keyed", "303001001/00010", [item("code", length=10)]), "key": ["code"]})
    field = replace(shared_field('{keyed(code: "a") {code}}'), kind=FieldKind.ROW, as_text=True)
    planned = plan_query(state_of(keyed), field)
    assert not compile_read(planned, permit_of(), table_of(keyed), Window(1, None), DIALECT).layout.is_written
