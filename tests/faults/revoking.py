"""Revoking under traffic: several workers, clients that ask all of them, policies that change on and on."""

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from portal.storage.content import ContentRow, read_content
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.database import for_writing, open_sync_database
from portal.storage.tables import policy_records
from tests.faults.history import Answer, Change
from tests.fixtures.small_bundle import CONSUMER, BundleDraft, small_bundle, statutory
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

SWITCH = "switch"
PURPOSES = ("verification", "work_reference")
ASKER = Caller(application="checker")
QUERY = json.dumps(
    {
        "query": "{ shared {"
        " verification: residents(purpose: VERIFICATION, first: 1) { nodes { name } access { receipt } }"
        " work_reference: residents(purpose: WORK_REFERENCE, first: 1) { nodes { name } access { receipt } } } }"
    }
).encode()
_SILENT = frozenset({"POLICY_UNAVAILABLE", "AUDIT_UNAVAILABLE", "SOURCE_UNAVAILABLE"})


def switching_bundle() -> BundleDraft:
    """Return a bundle with one record, which lets names be read for one purpose at a time."""
    draft = small_bundle()
    consumer = f"department:{CONSUMER}"
    draft.policies = {SWITCH: statutory(SWITCH, consumer=consumer, purposes=[PURPOSES[0]])}
    return draft


@dataclass(slots=True)
class Switch:
    """Changes the record as a load does: in one transaction, with digest, version and epoch."""

    url: str
    secret: bytes
    changes: list[Change] = field(default_factory=list)
    engine: Engine | None = None

    def turn(self) -> None:
        """Let the other purpose be asked for, and note when that began and when it was acknowledged."""
        purpose = PURPOSES[(len(self.changes) + 1) % 2]
        # One for all changes: it keeps the statements that it has compiled.
        self.engine = self.engine or open_sync_database(self.url)
        begun = time.monotonic()
        with self.engine.connect() as connection:
            present = read_content(connection, self.secret)
        rows = {name: {key: active.row for key, active in of.items()} for name, of in present.rows.items()}
        switch = rows[policy_records.name][SWITCH]
        cells = {**switch.cells, "purposes": json.dumps([purpose])}
        rows[policy_records.name] = {SWITCH: ContentRow(cells, switch.children)}
        change = compare_content(present, WantedContent(present.identity, rows))
        with for_writing(self.engine).begin() as connection:
            store_change(connection, change, ChangeNote("2026-03-01T08:00:00Z", "test", "switch"), self.secret)
        self.changes.append(Change(purpose, begun, time.monotonic()))

    def close(self) -> None:
        """Let go of the database."""
        if self.engine is not None:
            self.engine.dispose()


@dataclass(slots=True)
class Clients:
    """Threads that ask without end, each on a connection that it leaves now and then, so that all workers are asked."""

    port: int
    token: str
    count: int = 4
    answers: list[Answer] = field(default_factory=list)
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator["Clients"]:
        """Ask for the length of the block."""
        threads = [threading.Thread(target=self._ask, args=(Random(number),)) for number in range(self.count)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(30)

    def asked_since(self, moment: float) -> int:
        """How many requests begun after the moment were answered."""
        with self.lock:
            return sum(answer.begun > moment for answer in self.answers[-200:])

    def _ask(self, draw: Random) -> None:
        while not self.stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            with closing(connection), suppress(OSError, http.client.HTTPException):
                for _ in range(draw.randrange(1, 30)):
                    self._ask_once(connection)
                    if self.stop.is_set():
                        return
                continue
            self.failures += 1

    def _ask_once(self, connection: http.client.HTTPConnection) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        begun = time.monotonic()
        connection.request("POST", "/graphql", QUERY, headers)
        with connection.getresponse() as response:
            body = response.read()
        answer = read_answer(body, begun, time.monotonic())
        with self.lock:
            self.answers.append(answer)


def read_answer(body: bytes, begun: float, ended: float) -> Answer:
    """Return what a body says was permitted, and which worker's receipt it has."""
    payload = json.loads(body)
    codes = {error["extensions"]["code"] for error in payload.get("errors", ())}
    shared = (payload.get("data") or {}).get("shared")
    if shared is None or codes & _SILENT:
        return Answer(begun, ended, None, "")
    assert codes <= {"PURPOSE_DENIED"}, payload
    receipts = [one["access"]["receipt"] for one in shared.values() if one is not None]
    worker = receipts[0].partition("-")[0] if receipts else ""
    return Answer(begun, ended, frozenset(name for name, one in shared.items() if one is not None), worker)


def worker_pids(portal: PortalProcess) -> list[int]:
    """Return the processes that answer."""
    assert portal.process is not None
    parent = portal.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"portal.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Stop a process for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Revocations:
    """What came of a run."""

    changes: list[Change]
    answers: list[Answer]
    failures: int
    pauses: int


def environment_without(environment: Mapping[str, str], name: str) -> dict[str, str]:
    """Return the settings without one of them."""
    return {key: value for key, value in environment.items() if key != name}


def revoke_under_traffic(
    portal: PortalProcess, switch: Switch, revocations: int, disturb: "Disturbance"
) -> Revocations:
    """Revoke so many times while clients ask, each time after some requests begun since were answered."""
    token = portal.token(ASKER)
    assert token is not None
    pauses = 0
    with Clients(portal.port, token).asking() as clients:
        while len(switch.changes) < revocations:
            with disturb.during(len(switch.changes)) as has_paused:
                pauses += has_paused
                try:
                    switch.turn()
                except OperationalError as failure:
                    if not isinstance(failure.orig, sqlite3.OperationalError):
                        raise
                    # The worker was stopped while it held SQLite's write lock: nothing was changed or acknowledged.
                    continue
                _wait_for_requests(clients, switch.changes[-1].acknowledged)
    return Revocations(switch.changes, clients.answers, clients.failures, pauses)


def _wait_for_requests(clients: Clients, moment: float, requests: int = 3, seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while clients.asked_since(moment) < requests and time.monotonic() < deadline:
        time.sleep(0.002)


@dataclass(slots=True)
class Disturbance:
    """What else happens meanwhile: every `pause_every` changes one worker is stopped over one of them."""

    pids: list[int]
    draw: Random
    pause_every: int = 10
    _paused: int | None = None

    @contextmanager
    def during(self, number: int) -> Iterator[bool]:
        """Disturb the change of that number, or not."""
        if number % self.pause_every or not number:
            yield False
            return
        with paused(self.draw.choice(self.pids)):
            yield True


def first_state(switch: Switch) -> Switch:
    """Return the switch with its first change noted: what was loaded holds since before the first request."""
    return replace(switch, changes=[Change(PURPOSES[0], 0.0, 0.0)])
