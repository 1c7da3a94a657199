"""Which tables of the data store the portal's content names, and which it doesn't need any more."""

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from portal.storage.administration_tables import change_sets
from portal.storage.data_store import TABLE_PREFIX
from portal.storage.tables import changes, datasets


def next_table_number(connection: Connection, tables: Iterable[str]) -> int:
    """Return the number of the next table; none that ever named a table, or that one of `tables` has, comes again."""
    named = connection.scalars(select(datasets.c.table_name))
    return 1 + max((int(name.removeprefix(TABLE_PREFIX)) for name in {*named, *tables}), default=0)


def unneeded_tables(connection: Connection, tables: Iterable[str], withdrawn_before: str) -> frozenset[str]:
    """Return those of `tables` that no reader can need: never named by the content, or withdrawn before that instant.

    A table is written before the content names it, so one that no content ever named is left from a load that died.
    INVARIANT: the caller holds the writer's lock, else it could be one that a load is writing.
    """
    needed = connection.scalars(
        select(datasets.c.table_name)
        .join(changes, datasets.c.withdrawn_in == changes.c.id, isouter=True)
        .where(datasets.c.withdrawn_in.is_(None) | (changes.c.made_at >= withdrawn_before))
    )
    return frozenset(tables).difference(needed)


def held_tables(connection: Connection) -> frozenset[str]:
    """Return the tables of loads that wait for a second person, or for their time."""
    statement = select(change_sets.c.document).where(
        change_sets.c.kind == "load", change_sets.c.state.in_(["submitted", "approved"])
    )
    return frozenset(name for document in connection.scalars(statement) for name in _tables_of_load(document))


def _tables_of_load(document: str) -> Iterator[str]:
    """Yield the tables that the rows of a change set name, as `portal.administration.loads` writes them."""
    held = json.loads(document)["rows"]["tables"].get(datasets.name, {})
    for row in held.values():
        if row is not None:
            yield row["cells"]["table_name"]


def never_named_tables(connection: Connection, tables: Iterable[str]) -> frozenset[str]:
    """Return those of `tables` that no content ever named: a load is writing them, or died before it was done."""
    return frozenset(tables).difference(connection.scalars(select(datasets.c.table_name)))
