"""Kinds of requests, each asked while a fault lasts and after it: right answers or refusals by name (G26)."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass

from tests.faults.postgres_lane import SILENT

KINDS: Mapping[str, str] = {
    "shared": "{ shared { residents(purpose: VERIFICATION, first: 3) { access { receipt } nodes { name } } } }",
    "link": "{ shared { residents(purpose: VERIFICATION, first: 3) {"
    " access { receipt } nodes { name village { name } } } } }",
    "catalog": "{ catalog(first: 5) { nodes { name } } }",
    "introspection": "{ __schema { queryType { name fields { name } } } }",
    "explain": '{ explain(resource: "303001001/00002", purpose: VERIFICATION) { items { item permitted } } }',
    "public": "{ shared { villages(first: 3) { access { receipt } nodes { code name } } } }",
}
BACK_SECONDS = 10.0
Faulty = Callable[[], AbstractContextManager[object]]
"""Makes a fault for the length of a block."""


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


def _breach(kind: str, reply: Reply, right: object, seconds: float) -> str:
    """Return what is wrong with a reply while a fault lasts; nothing where it is right, or a refusal by name."""
    if reply.seconds > seconds:
        return f"told only after {reply.seconds:.1f} s"
    if not reply.codes:
        return "" if reply.data == right else f"another answer: {reply}"
    if not reply.codes <= SILENT:
        return f"refused as {sorted(reply.codes)}"
    return f"rows in a refusal: {reply}" if kind in {"shared", "link", "public"} and _has_rows(reply.data) else ""


def _has_rows(data: object) -> bool:
    shared = (data or {}).get("shared") if isinstance(data, dict) else None
    return isinstance(shared, dict) and any(field and field.get("nodes") for field in shared.values())


def try_matrix(port: int, token: str, faults: Mapping[str, Faulty], seconds: float) -> Iterator[str]:
    """Ask for every kind during and after every fault, and yield what was wrong, cell by cell.

    Each has to be answered or refused within the seconds.
    """
    right = {kind: ask(port, kind, token) for kind in KINDS}
    assert {kind: reply.codes for kind, reply in right.items()} == dict.fromkeys(KINDS, frozenset())
    refused = 0
    for name, making in faults.items():
        with making():
            replies = {kind: ask(port, kind, token) for kind in KINDS}
        for kind, reply in replies.items():
            refused += bool(reply.codes)
            if breach := _breach(kind, reply, right[kind].data, seconds):
                yield f"{name} by {kind}: {breach}"
        yield from (
            f"{name} by {kind}: it isn't back" for kind in KINDS if not _is_back(port, kind, token, right[kind].data)
        )
    if refused <= len(faults):
        yield f"{refused} requests were refused under {len(faults)} faults: these were none"


def _is_back(port: int, kind: str, token: str, right: object) -> bool:
    until = time.monotonic() + BACK_SECONDS
    while (reply := ask(port, kind, token)).data != right or reply.codes:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
