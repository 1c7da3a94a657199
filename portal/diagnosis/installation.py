"""The installation that is looked at, and what several checks ask of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portal.diagnosis.findings import Area
from portal.errors import ConfigurationError
from portal.identity.keys import PortalKeys, load_keys
from portal.settings import Settings
from portal.storage.addresses import DatabaseKind, database_kind, database_path
from portal.storage.database import database_exists


@dataclass(frozen=True, slots=True)
class Installation:
    """A portal as its settings describe it. `workers` are as many as are to serve; `thorough` reads everything."""

    settings: Settings
    workers: int
    thorough: bool
    now: datetime

    def keys(self) -> PortalKeys | None:
        """Return the keys, None where the file can't be used: a check of its own says so."""
        try:
            return load_keys(self.settings.key_file)
        except ConfigurationError:
            return None

    def databases(self) -> Iterator[tuple[Area, str]]:
        """Yield the portal's database and its data store by URL, without those whose URL can't be used."""
        for area, url in ((Area.DATABASE, self.settings.database_url), (Area.DATA_STORE, self.settings.data_url)):
            if kind_of(url) is not None:
                yield area, url

    def has_database(self) -> bool:
        """Return whether there is a database to look into; a server may still not answer."""
        return _is_there(self.settings.database_url)

    def has_data(self) -> bool:
        """Return whether there is a data store to look into."""
        return _is_there(self.settings.data_url)

    def files(self) -> Iterable[Path]:
        """Return the files that the portal keeps, those alone that are there."""
        named = [self.settings.key_file, self.settings.witness_file]
        for _, url in self.databases():
            if kind_of(url) is DatabaseKind.SQLITE:
                path = database_path(url)
                named += [path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", ".lock"))]
        return [path for path in dict.fromkeys(named) if path.exists()]


def kind_of(url: str) -> DatabaseKind | None:
    """Return the kind of database that a URL names, None for none."""
    try:
        return database_kind(url)
    except ConfigurationError:
        return None


def _is_there(url: str) -> bool:
    return kind_of(url) is not None and database_exists(url)
