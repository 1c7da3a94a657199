"""A portal on a PostgreSQL server of its own, behind proxies that trials pause, cut, and lead elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.clusters import Cluster
from tests.faults.fault import Bench, Result
from tests.faults.ledger import Ledger, examine_server
from tests.faults.serving import Server
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy

HOST = "127.0.0.1"
FULL = 27
SILENT = frozenset({"POLICY_UNAVAILABLE", "AUDIT_UNAVAILABLE", "SOURCE_UNAVAILABLE"})
"""Codes of a portal that can't reach its databases."""


@dataclass(slots=True)
class PostgresLane:
    """A portal's folder, its cluster, its ledger; `own` is the way to its own database, `data` that to the shared."""

    bench: Bench
    folder: Path
    cluster: Cluster
    ledger: Ledger
    own: TcpProxy
    data: TcpProxy

    @property
    def home(self) -> Path:
        """The portal's folder: keys, and the witness of its log."""
        return self.folder / "home"

    @property
    def log(self) -> Path:
        """Where its servers write what they say."""
        return self.folder / "serve.log"

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a server, which reaches its databases by the proxies and may do no more than it must."""
        here = f"{HOST}:{self.cluster.server.port}/"
        ways = {"PORTAL_DATABASE_URL": self.own, "PORTAL_DATA_URL": self.data}
        return {name: self.cluster.urls[name].replace(here, f"{HOST}:{way.port}/") for name, way in ways.items()}

    def prepare(self, *options: str) -> Server:
        """Return a server that is only just starting."""
        return self.bench.forge.start(self.home, self.log, *options, environment=self.environment)

    @contextmanager
    def serving(self, *options: str) -> Iterator[Server]:
        """Yield a server that answers, behind the ledger; it is killed at the end."""
        server = self.prepare(*options)
        try:
            server.wait_ready()
            self.ledger.lead_to(server.port)
            yield server
            server.kill()
        finally:
            server.close()

    def lead_to(self, port: int) -> None:
        """Let the ways end at another server."""
        for way in (self.own, self.data):
            way.target = (HOST, port)
            way.cut()

    def examine(self, url: str | None = None) -> list[str]:
        """Return what is wrong with its log and with what left."""
        known = self.bench.world.public_key
        return examine_server(self.home, url or self.cluster.admin_url, known, self.ledger.releases())


@contextmanager
def postgres_lane(bench: Bench, name: str, options: Mapping[str, str] | None = None) -> Iterator[PostgresLane]:
    """Yield a portal of its own on a server of its own, which runs."""
    with bench.clusters.copy(options) as cluster, lane_on(bench, name, cluster) as lane:
        yield lane


@contextmanager
def lane_on(bench: Bench, name: str, cluster: Cluster) -> Iterator[PostgresLane]:
    """Yield a portal of its own on a cluster, which need not run yet."""
    folder = bench.folder / name
    home = folder / "home"
    home.mkdir(parents=True)
    (home / "keys.json").write_bytes((bench.world.home / "keys.json").read_bytes())
    (home / "keys.json").chmod(0o600)
    port = cluster.server.port
    with (
        closing(Ledger(folder / "ledger.jsonl")) as ledger,
        tcp_proxy(HOST, port) as own,
        tcp_proxy(HOST, port) as data,
    ):
        yield PostgresLane(bench, folder, cluster, ledger, own, data)


def chance_of(name: str, seed: int) -> Random:
    """Return the chance of a run."""
    return Random(f"{name}/{seed}")


_PARTS = {0, 7, 20}
"""Rows of an answer of which a field, or both, were refused; each of the others has its record all the same."""


def refused_otherwise(codes: tuple[str, ...], rows: int) -> bool:
    """Return whether an answer is neither whole nor says that the portal can't reach its databases."""
    return not ((rows == FULL and not codes) or (rows in _PARTS and bool(codes) and SILENT.issuperset(codes)))


def result_of(trials: int, violations: list[str], **figures: float) -> Result:
    """Return what came of the trials."""
    return Result(trials, tuple(violations), dict(figures))
