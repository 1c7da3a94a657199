"""`python -m benchmarks.freezes [URL]`: how soon an emergency freeze holds on every worker, under load (G28, T84).

Four workers answer clients that ask without pause while an item is frozen and let go, again and again, in files and,
where the URL of a PostgreSQL server's superuser is named, there. A request counts as answered too late where it began
after the freeze was acknowledged; there must be none, so the time from the acknowledgement is 0. Told beside it: how
long after the command's start the last request began that was still answered, and how long the command took.
"""

import asyncio
import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from psycopg import sql
from sqlalchemy import Connection

from benchmarks.world import make_world
from portal.access.asker import Asker
from portal.administration.acts import Person
from portal.administration.freezing import parse_frozen
from portal.app import Portal, open_portal, token_authority
from portal.identity.claims import SubjectKind
from portal.identity.tokens import TokenGrant, issue_token
from portal.policies.duties import Actor
from portal.serving import listen
from portal.settings import Settings
from portal.storage.accounts import set_up_server
from portal.storage.content import read_content
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.postgresql import connect_sync
from portal.storage.rights import Account
from portal.storage.tables import freezes
from portal.vocabulary import Role, Subject, UserId

WORKERS, CLIENTS, FREEZES, ROWS = 4, 4, 50, 200
P99_MILLISECONDS, MOST_MILLISECONDS = 100, 500
FROZEN = "item:303001001/00001#name"
QUERY = json.dumps(
    {
        "query": "{ shared { frozen: people(purpose: VERIFICATION, first: 1) { nodes { name } }"
        " kept: people(purpose: VERIFICATION, first: 1) { nodes { code } access { receipt } } } }"
    }
).encode()
_READY_SECONDS, _ALL_ASKED_SECONDS = 60.0, 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: when it began, which worker answered it, and whether what is frozen came with it."""

    begun: float
    worker: str
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Froze:
    """One freeze: when the command began and was acknowledged, and what was asked from its start on."""

    begun: float
    acknowledged: float
    asked: tuple[Asked, ...]

    @property
    def too_late(self) -> list[Asked]:
        """What was answered although it began after the acknowledgement; there must be none."""
        return [one for one in self.asked if one.is_answered and one.begun > self.acknowledged]

    @property
    def workers(self) -> set[str]:
        """The workers that were asked after the acknowledgement."""
        return {one.worker for one in self.asked if one.begun > self.acknowledged}

    @property
    def seconds_open(self) -> float:
        """How long after the command's start the last request began that was answered; 0 where none was."""
        return max((one.begun - self.begun for one in self.asked if one.is_answered), default=0.0)

    @property
    def seconds_open_after(self) -> float:
        """How long after the acknowledgement the last request began that was answered; 0 where none was."""
        return max((one.begun - self.acknowledged for one in self.too_late), default=0.0)


@dataclass(slots=True)
class Clients:
    """Threads that ask without end, each request on a connection of its own, so that any worker may answer."""

    port: int
    token: str = field(repr=False)
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator["Clients"]:
        """Ask for the length of the block."""
        threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(30)

    def since(self, moment: float) -> tuple[Asked, ...]:
        """What was asked since the moment, as far as it was answered or refused."""
        with self.lock:
            return tuple(one for one in self.asked if one.begun >= moment)

    def _ask(self) -> None:
        while not self.stop.is_set():
            with suppress(OSError, http.client.HTTPException):
                self._ask_once()

    def _ask_once(self) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.connect()
            begun = monotonic()
            connection.request("POST", "/graphql", QUERY, headers)
            with connection.getresponse() as response:
                shared = (json.loads(response.read()).get("data") or {}).get("shared") or {}
        kept = shared.get("kept")
        if kept is not None:
            asked = Asked(begun, kept["access"]["receipt"].partition("-")[0], shared.get("frozen") is not None)
            with self.lock:
                self.asked.append(asked)


def measure_freezes(folder: Path, environ: Mapping[str, str], count: int) -> list[Froze]:
    """Load a portal into the folder, or the databases that `environ` names; freeze under load so many times."""
    settings = make_world(folder, datetime.now(UTC), ROWS, databases=environ)
    with serving(settings, environ) as port:
        return asyncio.run(_freeze(settings, port, count))


@contextmanager
def serving(settings: Settings, environ: Mapping[str, str]) -> Iterator[int]:
    """Serve the portal with four workers for the length of the block; yields the port."""
    with listen("127.0.0.1", 0) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-c", "from portal.cli import main; main()", "serve"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    served = subprocess.Popen(
        [*command, "--port", str(port), "--workers", str(WORKERS)],
        env={**kept, **environ, "PORTAL_HOME": str(settings.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: _is_ready(port), _READY_SECONDS)
        yield port
    finally:
        served.terminate()
        served.wait(30)


def _is_ready(port: int) -> bool:
    probe = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, http.client.HTTPException), closing(probe):
        probe.request("GET", "/readyz")
        return probe.getresponse().status == 200
    return False


def _wait(holds: Callable[[], bool], seconds: float) -> None:
    deadline = monotonic() + seconds
    while not holds():
        if monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s")
        sleep(0.005)


async def _freeze(settings: Settings, port: int, count: int) -> list[Froze]:
    async with open_portal(settings) as portal:
        grant = TokenGrant(SubjectKind.APPLICATION, "checker")
        token = issue_token(grant, token_authority(settings, portal.keys), datetime.now(UTC))
        with Clients(port, token).asking() as clients:
            return [await _freeze_once(portal, clients) for _ in range(count)]


async def _freeze_once(portal: Portal, clients: Clients) -> Froze:
    """Freeze while all workers answer; look until all of them were asked since, then let go."""
    await asyncio.to_thread(_wait_for_all, clients, monotonic(), lambda one: one.is_answered)
    desk = portal.endpoint.office.freezes
    begun = monotonic()
    await desk.freeze(_person(), parse_frozen(FROZEN), "测量")
    acknowledged = monotonic()
    await asyncio.to_thread(_wait_for_all, clients, acknowledged, lambda _: True)
    froze = Froze(begun, acknowledged, clients.since(begun))
    await desk.database.write(lambda connection: _let_go(connection, portal.keys.digest_secret))
    return froze


def _wait_for_all(clients: Clients, moment: float, is_wanted: Callable[[Asked], bool]) -> None:
    _wait(lambda: len({one.worker for one in clients.since(moment) if is_wanted(one)}) >= WORKERS, _ALL_ASKED_SECONDS)


def _person() -> Person:
    roles = (Role.POLICY_ADMINISTRATOR,)
    subject = Subject(department=None, user=UserId("drafter"), roles=roles, auth_level=3)
    return Person(Actor(subject, confirmed=True), Asker(None, None, secrets.token_hex(16)))


def _let_go(connection: Connection, secret: bytes) -> None:
    """Withdraw all freezes at once, past the change sets by which people lift one: not what is measured."""
    present = read_content(connection, secret)
    rows = {table: {key: one.row for key, one in of.items()} for table, of in present.rows.items()}
    rows[freezes.name] = {}
    change = compare_content(present, WantedContent(present.identity, rows))
    store_change(connection, change, ChangeNote("2026-03-01T08:00:00Z", "benchmark", "let go"), secret)


def render_figures(name: str, found: Sequence[Froze]) -> list[str]:
    """Return the figures as lines: p50, p99 and the most of each time, in milliseconds; and the counts."""
    times = {
        "still answered after the acknowledgement": [one.seconds_open_after for one in found],
        "still answered after the command's start": [one.seconds_open for one in found],
        "command": [one.acknowledged - one.begun for one in found],
    }
    asked = sum(len(one.asked) for one in found)
    late = sum(len(one.too_late) for one in found)
    lines = [f"{name}: {len(found)} freezes, {WORKERS} workers, {asked} requests meanwhile, {late} answered too late"]
    for what, seconds in times.items():
        p50, p99, most = (f"{1000 * _quantile(seconds, share):8.1f}" for share in (0.5, 0.99, 1.0))
        lines.append(f"  {what:42} p50 {p50}  p99 {p99}  max {most} ms")
    lines.append(f"  bounds {'':35} p99 {P99_MILLISECONDS:21}  max {MOST_MILLISECONDS:8} ms")
    return lines


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def _set_up(admin_url: str) -> Iterator[dict[str, str]]:
    """Set databases and accounts up on the server, yield their settings, and take them away again."""
    name = f"portal_measured_{secrets.token_hex(4)}"
    made = set_up_server(admin_url, name)
    try:
        yield {
            "PORTAL_DATABASE_URL": made.database,
            "PORTAL_DATA_URL": made.data,
            "PORTAL_ADMINISTRATION_DATABASE_URL": made.administration,
            "PORTAL_OWNER_DATABASE_URL": made.owner_database,
            "PORTAL_OWNER_DATA_URL": made.owner_data,
        }
    finally:
        with closing(connect_sync(admin_url)) as connection:
            for database in (name, f"{name}_data"):
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
            for account in Account:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(f"{name}_{account}")))


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code, 1 where anything was answered too late."""
    is_sound = True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        worlds: list[tuple[str, Mapping[str, str]]] = [("SQLite", {})]
        if arguments:
            worlds.append(("PostgreSQL", stack.enter_context(_set_up(arguments[0]))))
        for name, environ in worlds:
            found = measure_freezes(folder / name, environ, FREEZES)
            print("\n".join(render_figures(name, found)))
            is_sound &= not any(one.too_late for one in found)
    return 0 if is_sound else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
