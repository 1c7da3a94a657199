"""Trying a decision on rows that somebody made up: compiled and read as shared rows are, and none of those is read."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Table
from sqlalchemy.schema import CreateTable

from portal.access.executing import Executed, read_steps
from portal.access.linking import Row, take_steps
from portal.access.plan import ConnectionShape, NodeShape, NodesShape, QueryPlan
from portal.access.shaping import convert_rows
from portal.access.statement import Read, Statement, Window, compile_read
from portal.catalog.columns import column_specs
from portal.catalog.entries import CatalogEntry
from portal.conditions.tree import TRUE, Value
from portal.errors import ErrorCode
from portal.policies.decision import Deny, Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.information_point import EntryState
from portal.policies.matching import Request
from portal.storage.data_store import data_table, store_value
from portal.storage.dialects import sqlite_dialect
from portal.vocabulary import ItemIdentifier, PolicyId

MOST_ROWS = 50
"""Rows that can be tried at once."""
_TABLE = "trial"
TrialRow = Mapping[ItemIdentifier, Value | None]
"""A row that somebody made up; an item that it lacks is null."""


@dataclass(frozen=True, slots=True)
class TriedItem:
    """What becomes of an item: the code of its refusal, or what each row shows of it.

    `cells` has a member for each row: None where the item isn't permitted in the row, else the cell as an answer holds
    it, in a tuple of its own. `policies` are the records that could apply.
    """

    item: ItemIdentifier
    code: ErrorCode | None
    policies: tuple[PolicyId, ...] = ()
    cells: tuple[tuple[object] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What becomes of each item, and of each row: whether a request that uses all permitted items is given it."""

    items: tuple[TriedItem, ...]
    returned: tuple[bool, ...]


def try_rows(point: DecisionPoint, request: Request, state: EntryState, rows: Sequence[TrialRow], key: bytes) -> Trial:
    """Return what the request would be given of these rows; `key` is that of hashes.

    Raises: TooComplex for a condition nested too deep to be written as SQL.
    """
    with closing(_table_of(state.entry, rows)) as connection:
        trying = _Trying(point, request, state, connection, data_table(_TABLE, column_specs(state.entry)))
        tried = tuple(trying.item(item.identifier, len(rows), key) for item in state.entry.items)
        permitted = tuple(one.item for one in tried if one.code is None)
        found = trying.numbers(permitted) if permitted else frozenset()
        return Trial(tried, tuple(number in found for number in range(1, len(rows) + 1)))


def _table_of(entry: CatalogEntry, rows: Sequence[TrialRow]) -> sqlite3.Connection:
    """Return a database in memory that holds the rows, numbered from 1, as the data store would."""
    columns = column_specs(entry)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(str(CreateTable(data_table(_TABLE, columns)).compile(dialect=sqlite_dialect())))
    places = ", ".join("?" for _ in range(1 + len(columns)))
    for number, row in enumerate(rows, start=1):
        stored = (store_value(row.get(ItemIdentifier(column.name)), column) for column in columns)
        connection.execute(f"INSERT INTO {_TABLE} VALUES ({places})", (number, *stored))  # noqa: S608  no text of anybody's
    return connection


@dataclass(frozen=True, slots=True)
class _Trying:
    """A request, and the rows that it is tried on."""

    point: DecisionPoint
    request: Request
    state: EntryState
    connection: sqlite3.Connection
    table: Table

    def item(self, name: ItemIdentifier, rows: int, key: bytes) -> TriedItem:
        """Return what becomes of one item that is asked for alone."""
        decision = self.point.decide(self.request, Use(self.state.entry.code, (name,)))
        if isinstance(decision, Deny):
            return TriedItem(name, dict(decision.reasons)[name])
        read = self._compile((name,), decision)
        found = self._rows(read)
        cells = convert_rows(read.layout, found, self.state.entry, decision, key)
        shown = {int(str(row[0])): (cell[0],) for row, cell in zip(found, cells, strict=True)}
        policies = tuple(record.id for record in (*decision.records, *decision.restrictions))
        return TriedItem(name, None, policies, tuple(shown.get(number) for number in range(1, rows + 1)))

    def numbers(self, names: tuple[ItemIdentifier, ...]) -> frozenset[int]:
        """Return the numbers of the rows that a request for all these items is given."""
        decision = self.point.decide(self.request, Use(self.state.entry.code, names))
        # What is permitted item by item is permitted together: the decision on each rests on its own records.
        rows = () if isinstance(decision, Deny) else self._rows(self._compile(names, decision))
        return frozenset(int(str(row[0])) for row in rows)

    def _compile(self, names: tuple[ItemIdentifier, ...], permit: Permit) -> Read:
        shape = ConnectionShape((("nodes", NodesShape(NodeShape(tuple((name, name) for name in names)))),))
        plan = QueryPlan(
            state=self.state,
            action=self.request.action,
            use=Use(self.state.entry.code, names),
            shape=shape,
            selected=names,
            filter=TRUE,
            order=(),
            first=None,
            after=None,
        )
        return compile_read(plan, permit, self.table, Window(MOST_ROWS, None), sqlite_dialect())

    def _rows(self, read: Read) -> Sequence[Row]:
        def fetch(statement: Statement) -> list[Row]:
            return self.connection.execute(statement.sql, statement.parameters).fetchall()

        executed: Executed = take_steps(read_steps(read), fetch)
        return executed.rows or ()
