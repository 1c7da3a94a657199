"""The two databases that a bundle is loaded into, and the secret that signs their state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from portal.storage.database import database_path, open_sync_database


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

    @property
    def lock_file(self) -> Path:
        """The file whose lock one load or export holds at a time."""
        path = database_path(self.database_url)
        return path.with_name(f"{path.name}.lock")

    @contextmanager
    def open(self) -> Iterator[Databases]:
        """Open both databases for the length of the block."""
        content, rows = open_sync_database(self.database_url), open_sync_database(self.data_url)
        try:
            yield Databases(content, rows)
        finally:
            content.dispose()
            rows.dispose()
