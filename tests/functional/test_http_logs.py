"""What a server writes to its output and its files: no word of what was asked, sent or stored (T52)."""

import json
import re
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.fixtures.small_bundle import BundleDraft, small_bundle
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

CANARY = "Kanarienvogel"
CLERK = "clerk"
LOUD = """
import logging
for name in ("strawberry", "strawberry.execution", "graphql", "starlette", "uvicorn", "uvicorn.error", "uvicorn.access",
             "uvicorn.asgi", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "aiosqlite", "asyncio", "casbin",
             "joserfc", "authlib", "h11", "httptools", "prometheus_client", "alembic", "py.warnings"):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""


def draft() -> BundleDraft:
    """The small bundle with a canary in a cell and a decimal that the test spoils."""
    made = small_bundle()
    made.rows["villages"].append(f"99999904,{CANARY}-in-a-cell,x")
    return made


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    """A server whose libraries say all that they can."""
    (tmp_path / "loud").mkdir()
    (tmp_path / "loud" / "sitecustomize.py").write_text(LOUD, encoding="utf-8")
    environment = {"PYTHONPATH": str(tmp_path / "loud"), "PYTHONASYNCIODEBUG": "1"}
    process = PortalProcess(tmp_path / "home", environment)
    process.load(draft().write(tmp_path / "bundle"))
    process.start()
    yield process
    process.stop()


def spoil_income(home: Path) -> None:
    """Put a text where decimals are, which no portal would: reading it is a failure that nobody foresaw."""
    with closing(sqlite3.connect(home / "data.db")) as database:
        (table,) = database.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%income%'").fetchone()
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = ?", (table,))
        database.commit()
    with closing(sqlite3.connect(home / "data.db")) as database:
        database.execute(f'UPDATE "{table}" SET income = ?', (f"{CANARY}-in-a-number",))  # noqa: S608  the store's own
        database.commit()


def exchange(port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()


def send_raw(port: int, content: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as raw:
        raw.sendall(content)
        raw.settimeout(0.5)
        try:
            raw.recv(65536)
        except TimeoutError:
            return


def ask_everything(portal: PortalProcess) -> None:
    """Send the canary in every place of a request that there is."""
    typed = {"Content-Type": "application/json"}
    documents = [
        {"query": f'{{ shared {{ villages(where: {{name: {{eq: "{CANARY}"}}}}) {{ nodes {{ code name }} }} }} }}'},
        {"query": f"{{ shared {{ villages {{ nodes {{ {CANARY} }} }} }} }} # {CANARY}"},
        {"query": f'{{ shared {{ villages(case: "{CANARY}", operator: "{CANARY}") {{ totalCount }} }} }}'},
        {"query": f'{{ "{CANARY}'},
        {"query": "query ($x: String) { catalog(provider: $x) { totalCount } }", "variables": {"x": CANARY}},
        {"query": "query ($x: Int!) { catalog(first: $x) { totalCount } }", "variables": {"x": CANARY}},
        {"query": "{ me { user } }", "operationName": CANARY, "extensions": {"x": CANARY}},
        {"query": 1, "x": CANARY},
        {"query": "{" * 3000 + CANARY},
    ]
    for by in (Caller(None, None, None, None), Caller("checker", None, None, None), Caller(None, CLERK, None, None)):
        token = portal.token(by)
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        for document in documents:
            exchange(portal.port, "POST", "/graphql", json.dumps(document).encode(), {**typed, **signed})
    named = dict.fromkeys(
        ("case", "operator", "User-Agent", "Cookie", "Referer", "X-Other", "X-Forwarded-For", "Host", "Accept"), CANARY
    )
    exchange(portal.port, "GET", f"/graphql?query={CANARY}&{CANARY}={CANARY}", None, named)
    exchange(portal.port, "GET", f"/{CANARY}?{CANARY}", None, {"X-Request-Id": f"{CANARY} "})
    exchange(portal.port, "POST", "/graphql", CANARY.encode(), typed)
    for authorization in (f"Bearer {CANARY}", f"Basic {CANARY}", f"{CANARY}"):
        exchange(portal.port, "POST", "/graphql", b"{}", {**typed, "Authorization": authorization})
    send_raw(portal.port, f"{CANARY} / HTTP/1.1\r\n\r\n".encode())
    send_raw(portal.port, f"GET /graphql HTTP/1.1\r\n{CANARY}\r\n\r\n".encode())
    send_raw(portal.port, f"POST /graphql HTTP/1.1\r\nContent-Length: 99\r\n\r\n{CANARY}".encode())
    send_raw(portal.port, f"GET / HTTP/1.1\r\nUpgrade: {CANARY}\r\nConnection: upgrade\r\n\r\n".encode())


@pytest.mark.heavy
@pytest.mark.clause("T52")
def test_server_writes_nothing_of_what_is_asked_or_stored(portal: PortalProcess) -> None:
    reader = Caller("checker", None, None, None)
    ask_everything(portal)
    rows = portal.ask(reader, b'{"query": "{ shared { villages(purpose: WORK_REFERENCE) { nodes { name } } } }"}')
    assert f"{CANARY}-in-a-cell" in rows.body.decode()
    spoil_income(portal.home)
    keeper = Caller(None, "keeper", None, None)
    failed = portal.ask(keeper, b'{"query": "{ shared { residents { nodes { income } } } }"}')
    (error,) = json.loads(failed.body)["errors"]
    assert error["extensions"]["code"] == "INTERNAL", failed.body
    portal.stop()

    written = (portal.home / "serve.log").read_text(encoding="utf-8")
    assert error["message"].rpartition(" ")[2] in written
    assert CANARY.lower() not in written.lower()
    for token in filter(None, portal.tokens.values()):
        assert token.rpartition(".")[2] not in written
    lines = [json.loads(line) for line in written.splitlines() if not line.startswith("serving at ")]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 30
    assert {line["application"] for line in requests} == {None, "checker"}
    assert not re.search(rf"\b({CLERK}|keeper|villages|residents)\b", written)
    kept = {"portal.db", "data.db"}
    others = [path for path in portal.home.iterdir() if path.is_file() and path.name.partition("-")[0] not in kept]
    assert [path.name for path in others if CANARY.encode() in path.read_bytes()] == []
