"""Which tables of the data store the portal's content names, and which it doesn't need any more."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

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


def never_named_tables(connection: Connection, tables: Iterable[str]) -> frozenset[str]:
    """Return those of `tables` that no content ever named: a load is writing them, or died before it was done."""
    return frozenset(tables).difference(connection.scalars(select(datasets.c.table_name)))
