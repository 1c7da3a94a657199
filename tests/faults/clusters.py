"""Clusters of PostgreSQL that hold the loaded portal: made once, stopped, and copied for each lane."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal.settings import Settings, load_settings
from portal.storage.accounts import set_up_server
from tests.faults.world import World, load_with
from tests.fixtures.postgres import PostgresServer, free_port, make_server, prepare_server

NAME = "portal"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server of its own with the portal's databases, and the portal's settings by the environment's names."""

    server: PostgresServer
    urls: Mapping[str, str]
    """With the port of the server."""

    @property
    def admin_url(self) -> str:
        """The URL of the portal's database as superuser."""
        return self.server.databases.url_of(NAME)

    @property
    def admin_data_url(self) -> str:
        """The URL of the data store as superuser."""
        return self.server.databases.url_of(f"{NAME}_data")

    def settings(self, home: Path) -> Settings:
        """Return the settings of a portal in the folder that lies in these databases."""
        return load_settings({"PORTAL_HOME": str(home), **self.urls}, None)


@dataclass(slots=True)
class Clusters:
    """Makes clusters with the content of the world; `close` it."""

    world: World
    _first: Cluster | None = field(default=None, init=False)

    @contextmanager
    def copy(self, options: Mapping[str, str] | None = None) -> Iterator[Cluster]:
        """Yield a cluster that runs; it ends with the block, whatever its state."""
        cluster = self.copy_stopped(options)
        try:
            cluster.server.start()
            yield cluster
        finally:
            cluster.server.close()

    def copy_stopped(self, options: Mapping[str, str] | None = None) -> Cluster:
        """Return a cluster that was never started; close its server."""
        if self._first is None:
            self._first = self._make()
        first = self._first
        server = prepare_server(options or {}, first.server.password)
        subprocess.run(["cp", "-a", str(first.server.cluster), str(server.cluster)], check=True)
        server.port = free_port()
        places = f"127.0.0.1:{first.server.port}/", f"127.0.0.1:{server.port}/"
        return Cluster(server, {name: url.replace(*places) for name, url in first.urls.items()})

    def _make(self) -> Cluster:
        server = make_server({"wal_init_zero": "off"})
        made = set_up_server(server.url, NAME)
        urls = {
            "PORTAL_DATABASE_URL": made.database,
            "PORTAL_DATA_URL": made.data,
            "PORTAL_OWNER_DATABASE_URL": made.owner_database,
            "PORTAL_OWNER_DATA_URL": made.owner_data,
        }
        cluster = Cluster(server, urls)
        home = server.folder / "home"
        home.mkdir()
        shutil.copy(self.world.home / "keys.json", home)
        load_with(cluster.settings(home), self.world.bundle)
        server.stop()
        return cluster

    def close(self) -> None:
        """Remove what the copies were made of."""
        if self._first is not None:
            self._first.server.close()
