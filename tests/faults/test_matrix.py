"""Every fault of a database by every kind of request: the right answer with its record, or a refusal by name (G26)."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from portal.storage.postgresql import AdvisoryLock
from tests.faults.fault import Bench
from tests.faults.postgres_lane import HOST, SILENT, PostgresLane, postgres_lane
from tests.fixtures.postgres import free_port

pytestmark = pytest.mark.heavy

KINDS: Mapping[str, str] = {
    "shared": "{ shared { residents(purpose: VERIFICATION, first: 3) { access { receipt } nodes { name } } } }",
    "link": "{ shared { residents(purpose: VERIFICATION, first: 3) {"
    " access { receipt } nodes { name village { name } } } } }",
    "catalog": "{ catalog(first: 5) { nodes { name } } }",
    "introspection": "{ __schema { queryType { name fields { name } } } }",
    "explain": '{ explain(resource: "303001001/00002", purpose: VERIFICATION) { items { item permitted } } }',
    "public": "{ shared { villages(first: 3) { access { receipt } nodes { code name } } } }",
}
ANSWER_SECONDS = 9.0
BACK_SECONDS = 10.0
Making = Callable[[PostgresLane, "psycopg.Connection[tuple[object, ...]]"], Iterator[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request was answered with; `data` without its receipts, which differ."""

    status: int
    codes: frozenset[str]
    data: object
    seconds: float


def _without_receipts(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_receipts(inner) for name, inner in value.items() if name != "receipt"}
    return [_without_receipts(inner) for inner in value] if isinstance(value, list) else value


def ask(port: int, kind: str, token: str) -> Reply:
    """Return the reply to a request of the kind; the public has no token."""
    headers = {"Content-Type": "application/json"}
    if kind != "public":
        headers["Authorization"] = f"Bearer {token}"
    started = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/graphql", json.dumps({"query": KINDS[kind]}), headers)
        with connection.getresponse() as response:
            document = json.loads(response.read())
            status = response.status
    codes = frozenset(error["extensions"]["code"] for error in document.get("errors") or ())
    return Reply(status, codes, _without_receipts(document.get("data")), time.monotonic() - started)


def stopped(lane: PostgresLane, _admin: object) -> Iterator[None]:
    lane.cluster.server.stop("immediate")
    yield
    lane.cluster.server.start()


def _paused(*ways: str) -> Making:
    def make(lane: PostgresLane, _admin: object) -> Iterator[None]:
        for way in ways:
            getattr(lane, way).pause()
        yield
        for way in ways:
            getattr(lane, way).resume()

    return make


def _refused(*ways: str) -> Making:
    def make(lane: PostgresLane, _admin: object) -> Iterator[None]:
        for way in ways:
            getattr(lane, way).target = (HOST, free_port())
            getattr(lane, way).cut()
        yield
        for way in ways:
            getattr(lane, way).target = (HOST, lane.cluster.server.port)

    return make


def _changed(statement: str, back: str, *, then: str = "") -> Making:
    """Return what runs a statement as superuser, then another where one is named, and takes the first one back."""

    def make(_lane: PostgresLane, admin: "psycopg.Connection[tuple[object, ...]]") -> Iterator[None]:
        admin.execute(sql.SQL(statement))
        if then:
            admin.execute(sql.SQL(then))
        yield
        admin.execute(sql.SQL(back))

    return make


def _held(statement: str) -> Making:
    """Return what holds a lock in a transaction of its own."""

    def make(lane: PostgresLane, _admin: object) -> Iterator[None]:
        with psycopg.connect(lane.cluster.admin_url) as connection:
            connection.execute(sql.SQL(statement))
            yield
            connection.rollback()

    return make


_ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'portal_%'"
FAULTS: Mapping[str, Making] = {
    "server stopped": stopped,
    "no way to either database": _paused("own", "data"),
    "no way to its own database": _paused("own"),
    "no way to the data": _paused("data"),
    "its own database refuses connections": _refused("own"),
    "the data refuse connections": _refused("data"),
    "records may not be written": _changed(
        "REVOKE INSERT ON audit_records FROM portal_server", "GRANT INSERT ON audit_records TO portal_server"
    ),
    "the day's counts may not be written": _changed(
        "REVOKE INSERT, UPDATE ON daily_rows FROM portal_server", "GRANT INSERT, UPDATE ON daily_rows TO portal_server"
    ),
    "the epoch may not be read": _changed(
        "REVOKE SELECT ON epoch FROM portal_server", "GRANT SELECT ON epoch TO portal_server"
    ),
    "the epoch is gone": _changed("ALTER TABLE epoch RENAME TO epoch_away", "ALTER TABLE epoch_away RENAME TO epoch"),
    "the log is gone": _changed(
        "ALTER TABLE audit_records RENAME TO records_away", "ALTER TABLE records_away RENAME TO audit_records"
    ),
    "no account may connect": _changed(
        "ALTER ROLE portal_server CONNECTION LIMIT 0", "ALTER ROLE portal_server CONNECTION LIMIT -1", then=_ENDED
    ),
    "the log is locked": _held("LOCK TABLE audit_records IN ACCESS EXCLUSIVE MODE"),
    "the epoch is locked": _held(f"SELECT pg_advisory_xact_lock({AdvisoryLock.EPOCH:d})"),
    "the epoch's table is locked": _held("LOCK TABLE epoch IN ACCESS EXCLUSIVE MODE"),
}


def _breach(kind: str, reply: Reply, right: object) -> str:
    """Return what is wrong with a reply while a fault lasts; nothing where it is right, or a refusal by name."""
    if reply.seconds > ANSWER_SECONDS:
        return f"told only after {reply.seconds:.1f} s"
    if not reply.codes:
        return "" if reply.data == right else f"another answer: {reply}"
    if not reply.codes <= SILENT:
        return f"refused as {sorted(reply.codes)}"
    return f"rows in a refusal: {reply}" if kind in {"shared", "link", "public"} and _has_rows(reply.data) else ""


def _has_rows(data: object) -> bool:
    shared = (data or {}).get("shared") if isinstance(data, dict) else None
    return isinstance(shared, dict) and any(field and field.get("nodes") for field in shared.values())


@pytest.mark.clause("threats.md G26")
def test_no_cell_is_open_when_a_database_fails(bench: Bench) -> None:
    token = bench.world.token
    breaches: list[str] = []
    refused = 0
    with postgres_lane(bench, "matrix") as lane, lane.serving():
        right = {kind: ask(lane.ledger.port, kind, token) for kind in KINDS}
        assert {kind: reply.codes for kind, reply in right.items()} == dict.fromkeys(KINDS, frozenset())
        for name, making in FAULTS.items():
            with psycopg.connect(lane.cluster.admin_url, autocommit=True) as admin, contextmanager(making)(lane, admin):
                replies = {kind: ask(lane.ledger.port, kind, token) for kind in KINDS}
            for kind, reply in replies.items():
                refused += bool(reply.codes)
                if breach := _breach(kind, reply, right[kind].data):
                    breaches.append(f"{name} by {kind}: {breach}")
            late = [kind for kind in KINDS if not _is_back(lane, kind, token, right[kind].data)]
            breaches += [f"{name} by {kind}: it isn't back" for kind in late]
        # The log verifies, and each answer that left has its record.
        breaches += lane.examine()
    assert breaches == []
    assert refused > len(FAULTS)


def _is_back(lane: PostgresLane, kind: str, token: str, right: object) -> bool:
    until = time.monotonic() + BACK_SECONDS
    while (reply := ask(lane.ledger.port, kind, token)).data != right or reply.codes:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
