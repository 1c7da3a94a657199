"""R11, R14, R33: a server is paused while a policy is revoked, has no descriptors left, is left by its clients."""

import resource
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults import world
from tests.faults.fault import Bench, Fault, Lane, Result, in_lanes
from tests.faults.ledger import recorded_rows
from tests.faults.serving import Server
from tests.faults.traffic import ask, traffic
from tests.faults.world import ASKED

RECOVERY_SECONDS = 5.0
PAUSE_SECONDS = 0.6
CROWD = 8
_VILLAGES = 20
_RESIDENTS = 7
_FULL = _VILLAGES + _RESIDENTS


@dataclass(frozen=True, slots=True)
class _Paused:
    """Whether the policy was revoked while the server was paused, and which answers left after that."""

    revoked: bool
    answers: int
    stale: list[str]


def run_pauses(bench: Bench, trials: int, seed: int) -> Result:
    """Stop the server under traffic, revoke the policy on residents, and let the server go on."""
    return in_lanes(bench, "pause", trials, seed, _pause_in_turn)


def _pause_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    server = _serve(lane)
    figures = {"revoked_while_paused": 0.0, "answers_after_revocation": 0.0}
    try:
        for trial in range(trials):
            paused = _pause_once(lane, server, chance)
            figures["revoked_while_paused"] += paused.revoked
            figures["answers_after_revocation"] += paused.answers
            violations += [f"trial {trial}: {receipt} left under a revoked policy" for receipt in paused.stale]
        server.kill()
    finally:
        server.close()
    return Result(trials, tuple(violations + lane.examine()), figures)


def _pause_once(lane: Lane, server: Server, chance: Random) -> "_Paused":
    """Return what left after the revocation."""
    given = lane.bench.world
    with traffic(lane.ledger.port, given.token, CROWD) as clients, ThreadPoolExecutor(1) as loader:
        clients.wait_answered(CROWD + chance.randint(0, 20))
        time.sleep(chance.uniform(0, 0.02))
        server.signal(signal.SIGSTOP)
        revoked = loader.submit(world.load, lane.home, given.revoked)
        was_paused = _ends(revoked, PAUSE_SECONDS)
        before = recorded_rows(world.settings_of(lane.home).database_url)
        acknowledged_at = time.time()
        server.signal(signal.SIGCONT)
        revoked.result()
        clients.wait_seen(2 * CROWD)
    world.load(lane.home, given.bundle)
    after = [release for release in lane.ledger.releases() if release.at > acknowledged_at and was_paused]
    late = {receipt for release in after for receipt, rows in release.receipts.items() if rows == _RESIDENTS}
    # What was recorded before the revocation was released before it; it was on its way.
    return _Paused(was_paused, len(after), sorted(late - before.keys()))


def _ends(future: Future[None], seconds: float) -> bool:
    """Return whether it ends within the time; it doesn't where the server was stopped within a transaction."""
    return not wait([future], seconds).not_done


def _serve(lane: Lane) -> Server:
    server = lane.bench.forge.start(lane.home, lane.log)
    server.wait_ready()
    lane.ledger.lead_to(server.port)
    return server


def run_no_descriptors(bench: Bench, trials: int, seed: int) -> Result:
    """Leave the server hardly any descriptors, under traffic and many idle connections; then give them back."""
    return in_lanes(bench, "descriptors", trials, seed, _starve_in_turn)


def _starve_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    figures = {"recovery_seconds": 0.0, "refused_connections": 0.0}
    server = _serve(lane)
    try:
        with traffic(lane.ledger.port, lane.bench.world.token) as clients:
            for trial in range(trials):
                clients.wait_answered(5)
                figures["refused_connections"] += starve(server, chance)
                started = time.monotonic()
                if not clients.wait_answered(5, RECOVERY_SECONDS):
                    violations.append(f"trial {trial}: it doesn't recover in {RECOVERY_SECONDS} s")
                figures["recovery_seconds"] = max(figures["recovery_seconds"], time.monotonic() - started)
        server.kill()
    finally:
        server.close()
    return Result(trials, tuple(violations + lane.examine()), figures)


def starve(server: Server, chance: Random, disturb: Callable[[], None] | None = None) -> int:
    """Take the server's descriptors for a while, disturb it then; return how many connections it didn't answer."""
    before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    held = len(list(_descriptors(server)))
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (held + chance.randint(0, 4), before[1]))
    idle: list[socket.socket] = []
    try:
        idle += (socket.create_connection(("127.0.0.1", server.port), timeout=1) for _ in range(20))
        if disturb is not None:
            disturb()
        time.sleep(0.3)
        return sum(not _is_answered(connection) for connection in idle)
    finally:
        for connection in idle:
            connection.close()
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)


def _is_answered(connection: socket.socket) -> bool:
    connection.settimeout(0.1)
    try:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return bool(connection.recv(100))
    except OSError:
        return False


def _descriptors(server: Server) -> list[str]:
    return [str(path) for path in Path(f"/proc/{server.pid}/fd").iterdir()]


def run_cancellations(bench: Bench, trials: int, seed: int) -> Result:
    """Let so many requests be left by their clients at any moment."""
    return in_lanes(bench, "cancel", trials, seed, _cancel_in_turn)


def _cancel_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    server = _serve(lane)
    try:
        with traffic(lane.ledger.port, lane.bench.world.token, 2) as clients:
            for _ in range(trials):
                leave(server.port, lane.bench.world.token, chance)
            if not clients.wait_answered(20, RECOVERY_SECONDS):
                violations.append("others aren't answered any more")
            wrong = [seen for seen in clients.seen if seen.rows != _FULL]
            violations += [f"another client saw {seen}" for seen in wrong]
        with closing(server.connect()) as connection:
            # One after the other over each of its connections to the data: none is left in a state of its own.
            rows = {ask(connection, lane.bench.world.token).rows for _ in range(20)}
        if rows != {_FULL}:
            violations.append(f"answers differ afterwards: {rows}")
        server.stop()
    finally:
        server.close()
    recorded = len(recorded_rows(world.settings_of(lane.home).database_url))
    return Result(trials, tuple(violations + lane.examine()), {"records": float(recorded)})


def leave(port: int, token: str, chance: Random) -> None:
    """Ask, and leave before, while, or after the answer is made; or while the request is sent."""
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(ASKED)}\r\n\r\n"
    )
    request = head.encode() + ASKED
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        if chance.random() < 0.2:
            request = request[: chance.randrange(len(request))]
        connection.sendall(request)
        time.sleep(chance.uniform(0, 0.02))
        if chance.random() < 0.5:
            # A reset instead of an orderly end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


PAUSES = Fault(
    "paused worker",
    "R11",
    "SIGSTOP under traffic, the policy is revoked meanwhile, SIGCONT",
    "no answer under the revoked policy leaves after the revocation",
    run_pauses,
    share=12,
    full=200,
)
DESCRIPTORS = Fault(
    "no descriptors",
    "R14",
    "the limit of descriptors is what is open (prlimit), with 20 more connections",
    "nothing lost; answers again within 5 s",
    run_no_descriptors,
    share=6,
    full=50,
)
CANCELLATIONS = Fault(
    "left requests",
    "R33",
    "clients leave at any moment, half of them by reset",
    "others get their rows; no connection is left in another's state; the log verifies",
    run_cancellations,
    share=400,
    full=20_000,
)
