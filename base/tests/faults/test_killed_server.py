"""A server killed under traffic: it starts again, its log verifies, and each answer that left has its record (R1, T17).

The ledger is kept here, outside the portal: what a client received counts, whatever the portal says of it.
"""

import http.client
import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fixtures.small_bundle import small_bundle
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

KILLS = 8
CLIENTS = 4
QUERY = json.dumps(
    {
        "query": "{ shared { villages(purpose: WORK_REFERENCE) { nodes { code name } access { receipt } }"
        " again: villages(purpose: WORK_REFERENCE, first: 1) { nodes { code } access { receipt } } } }"
    }
).encode()


@dataclass(slots=True)
class Ledger:
    """What clients received: the rows that each receipt came with."""

    rows_by_receipt: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, body: bytes) -> None:
        """Write down the fields of an answer that arrived whole."""
        for answer in json.loads(body)["data"]["shared"].values():
            with self.lock:
                self.rows_by_receipt[answer["access"]["receipt"]] = len(answer["nodes"])


def _ask_until_cut(port: int, token: str, ledger: Ledger, stop: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with suppress(OSError, http.client.HTTPException), closing(connection):
        while not stop.is_set():
            connection.request("POST", "/graphql", QUERY, headers)
            with connection.getresponse() as response:
                ledger.note(response.read())


def _traffic_until_killed(portal: PortalProcess, token: str, ledger: Ledger, seconds: float) -> None:
    stop = threading.Event()
    clients = [threading.Thread(target=_ask_until_cut, args=(portal.port, token, ledger, stop)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(seconds)
    assert portal.process is not None
    portal.process.kill()
    portal.process.wait(10)
    stop.set()
    for client in clients:
        client.join()


def _recorded_rows(home: Path) -> dict[str, int]:
    with closing(sqlite3.connect(home / "portal.db")) as database:
        records = database.execute("SELECT writer, sequence, row_count FROM audit_records WHERE decision = 'permit'")
        return {f"{writer}-{sequence}": rows for writer, sequence, rows in records}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    """A portal with the small bundle, its server not started yet."""
    process = PortalProcess(tmp_path / "home")
    process.load(small_bundle().write(tmp_path / "bundle"))
    yield process
    process.stop()


@pytest.mark.heavy
def test_server_leaves_no_answer_without_record_when_killed_under_traffic(portal: PortalProcess) -> None:
    seeded = random.Random(7)
    ledger = Ledger()
    token = portal.token(Caller(application="checker"))
    assert token is not None
    for _ in range(KILLS):
        portal.start()
        _traffic_until_killed(portal, token, ledger, seeded.uniform(0.2, 0.8))
    portal.start()
    portal.stop()
    verified = portal.run("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    recorded = _recorded_rows(portal.home)
    assert len(ledger.rows_by_receipt) > 10 * KILLS
    unrecorded = {receipt: rows for receipt, rows in ledger.rows_by_receipt.items() if recorded.get(receipt) != rows}
    assert unrecorded == {}
