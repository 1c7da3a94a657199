"""The two databases that a bundle is loaded into, and the secret that signs their state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from portal.storage.database import open_sync_database


@dataclass(frozen=True, slots=True)
class Databases:
    """The portal's own database and the data store, open."""

    content: Engine
    rows: Engine


@dataclass(frozen=True, slots=True)
class PortalStore:
    """Where a portal's content and its shared rows lie. `digest_secret` is the portal's key of that name."""

    database_url: str
    data_url: str
    digest_secret: bytes

    @contextmanager
    def open(self) -> Iterator[Databases]:
        """Open both databases for the length of the block."""
        content, rows = open_sync_database(self.database_url), open_sync_database(self.data_url)
        try:
            yield Databases(content, rows)
        finally:
            content.dispose()
            rows.dispose()
