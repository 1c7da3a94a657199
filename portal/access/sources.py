"""Which data store is read."""

from portal.access.executing import DataSource
from portal.access.postgres_source import PostgresSource
from portal.access.sqlite_source import SqliteSource
from portal.storage.addresses import DatabaseKind, database_kind


def open_source(url: str, connections: int, timeout_seconds: float) -> DataSource:
    """Return the data store at a URL, to be read on so many connections. Raises: ConfigurationError."""
    is_file = database_kind(url) is DatabaseKind.SQLITE
    made = SqliteSource if is_file else PostgresSource
    return made(url, connections, timeout_seconds)
