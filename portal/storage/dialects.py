"""SQLAlchemy's dialects by the driver that runs the statement."""

from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg, psycopg


def sqlite_dialect() -> Dialect:
    """Return the dialect of statements for `sqlite3`; parameters are positional."""
    return sqlite.dialect(paramstyle="qmark")


def psycopg_dialect() -> Dialect:
    """Return the dialect of statements for `psycopg`; parameters are positional."""
    made: Dialect = psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
    return made


def asyncpg_dialect() -> Dialect:
    """Return the dialect of statements for `asyncpg`; parameters are positional."""
    made: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
    return made
