"""No short request fails when workers are replaced or stop (R15); version N and N+1 work side by side.

`PORTAL_TEST_RESTARTS` in the environment lets more workers be replaced.
"""

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.fault import Bench, Lane
from tests.faults.kills import serving_workers, workers_of
from tests.faults.serving import NotServing, Server
from tests.faults.traffic import Seen, ask
from tests.faults.world import settings_of

pytestmark = pytest.mark.heavy

RESTARTS = int(os.environ.get("PORTAL_TEST_RESTARTS", "6"))
WORKERS = 2
_FULL = 27
_GREETED = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@dataclass(slots=True)
class Steady:
    """Clients that keep their connections, as long as the server does; what failed and what was answered."""

    port: int
    token: str
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self, clients: int = 6) -> Iterator["Steady"]:
        """Ask for the length of the block; every second client pauses between its requests."""
        threads = [threading.Thread(target=self._ask, args=(number % 2 * 0.3,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join(30)

    def _ask(self, pause: float) -> None:
        while not self.stopped.is_set():
            try:
                self._ask_over_one_connection(pause)
            except (OSError, http.client.HTTPException) as fault:
                self.failed.append(repr(fault))

    def _ask_over_one_connection(self, pause: float) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            # It connects again by itself where an answer said that the connection ends, and only then.
            while not self.stopped.is_set():
                seen = ask(connection, self.token)
                self.answered += 1
                if seen.rows != _FULL:
                    self.failed.append(str(seen))
                time.sleep(pause)

    def wait_answered(self, count: int, seconds: float = 20.0) -> None:
        """Return once so many more were answered."""
        goal = self.answered + count
        wait_for(lambda: self.answered >= goal, seconds)


def wait_for(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return once it is so; fail where it isn't in time."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it didn't happen in time"
        time.sleep(0.02)


def replace_workers(server: Server) -> None:
    """Have every worker replaced, and return once the old ones are gone."""
    before = set(workers_of(server))
    server.signal(signal.SIGHUP)
    wait_for(lambda: before.isdisjoint(workers_of(server)) and len(workers_of(server)) == len(before))


@contextmanager
def served(bench: Bench, *options: str, environment: dict[str, str] | None = None) -> Iterator[tuple[Lane, Server]]:
    """Yield a portal that answers."""
    lane = bench.lane("restarts")
    server = bench.forge.start(lane.home, lane.log, *options, environment=environment)
    try:
        server.wait_ready()
        lane.ledger.lead_to(server.port)
        yield lane, server
    finally:
        server.close()
        lane.close()


@pytest.mark.clause("threats.md R15")
def test_no_request_fails_when_workers_are_replaced(bench: Bench) -> None:
    with served(bench, "--workers", str(WORKERS)) as (lane, server):
        serving_workers(server, WORKERS)
        with Steady(lane.ledger.port, bench.world.token).asking() as clients:
            for _ in range(-(-RESTARTS // WORKERS)):
                clients.wait_answered(20)
                replace_workers(server)
            clients.wait_answered(20)
        assert clients.failed == []
        server.stop()
        assert lane.examine() == []


@pytest.mark.clause("threats.md R15")
def test_old_workers_stay_when_new_ones_can_not_start(bench: Bench) -> None:
    with served(bench, "--workers", str(WORKERS)) as (lane, server):
        serving_workers(server, WORKERS)
        before = set(workers_of(server))
        keys = lane.home / "keys.json"
        keys.rename(keys.with_name("away"))
        with Steady(server.port, bench.world.token).asking(2) as clients:
            server.signal(signal.SIGHUP)
            wait_for(lambda: "the old ones stay" in lane.log.read_text())
            clients.wait_answered(10)
            assert set(workers_of(server)) == before
            # A worker that dies can't be replaced either, and the reason is told once.
            os.kill(min(before), signal.SIGKILL)
            wait_for(lambda: "a worker can't start" in lane.log.read_text())
            time.sleep(3.0)
            assert max(before) in workers_of(server)
            assert lane.log.read_text().count("a worker can't start") == 1
            assert lane.log.read_text().count('"event": "can\'t serve"') == 2
            keys.with_name("away").rename(keys)
            serving_workers(server, WORKERS)
            clients.wait_answered(10)
        # Those that the killed one was answering, and nobody else.
        assert len(clients.failed) <= 2


def test_start_fails_when_no_worker_can_start(bench: Bench) -> None:
    lane = bench.lane("unstartable")
    settings_of(lane.home).witness_file.write_text('{"number": 99, "hash": "00"}')
    server = bench.forge.start(lane.home, lane.log, "--workers", str(WORKERS))
    try:
        with pytest.raises(NotServing, match="doesn't hold checkpoint"):
            server.wait_ready()
        assert "serving at" not in lane.log.read_text()
    finally:
        server.close()
        lane.close()


def _idle(server: Server, token: str) -> tuple[http.client.HTTPConnection, Seen]:
    connection = server.connect()
    return connection, ask(connection, token)


@pytest.mark.clause("threats.md R15")
def test_late_request_is_answered_when_the_server_stops(bench: Bench) -> None:
    with served(bench) as (lane, server):
        connection, _ = _idle(server, bench.world.token)
        fresh = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        time.sleep(0.8)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=5)
        with closing(connection), closing(fresh):
            assert _headers_of(connection, bench.world.token)["connection"] == "close"
            fresh.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answer = _read_to_the_end(fresh)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"the server stops" in answer
        assert server.wait(5.0)
        assert lane.examine() == []


def _read_to_the_end(connection: socket.socket) -> bytes:
    """What the server sends until it closes; its headers may come before the rest."""
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def _headers_of(connection: http.client.HTTPConnection, token: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection.request("POST", "/graphql", json.dumps({"query": "{ __typename }"}), headers)
    with connection.getresponse() as response:
        assert response.status == 200
        response.read()
        return {name.lower(): value for name, value in response.getheaders()}


@pytest.mark.clause("threats.md R15")
def test_balancer_is_told_when_the_server_is_about_to_stop(bench: Bench) -> None:
    environment = {"PORTAL_STOP_NOTICE_SECONDS": "2"}
    with served(bench, environment=environment) as (_, server):
        server.signal(signal.SIGTERM)
        wait_for(lambda: _readiness(server) == 503, 1.5)
        with closing(server.connect()) as connection:
            assert ask(connection, bench.world.token).rows == _FULL
        assert server.wait(10.0)


def _readiness(server: Server) -> int:
    with closing(server.connect()) as connection:
        connection.request("GET", "/readyz")
        with connection.getresponse() as response:
            response.read()
            return response.status


@pytest.mark.clause("threats.md R15")
def test_request_that_never_ends_is_refused_when_the_server_stops(bench: Bench) -> None:
    # It waits for its body for longer than a server waits for its requests.
    with served(bench, environment={"PORTAL_RECEIVE_TIMEOUT_SECONDS": "60"}) as (_, server):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
            slow.sendall(_GREETED + b"Content-Length: 100\r\n\r\n{")
            time.sleep(0.2)
            server.signal(signal.SIGTERM)
            started = time.monotonic()
            answer = slow.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert 9.0 < time.monotonic() - started < 12.0
        assert server.wait(5.0)


@pytest.mark.clause("threats.md R15")
def test_workers_stop_when_their_supervisor_is_killed(bench: Bench) -> None:
    with served(bench, "--workers", str(WORKERS)) as (_, server):
        serving_workers(server, WORKERS)
        workers = workers_of(server)
        server.signal(signal.SIGKILL)
        wait_for(lambda: not any(map(_runs, workers)), 15.0)


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False
