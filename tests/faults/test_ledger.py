"""The release ledger: what it convicts, and that answers are noted before they are passed on, also broken ones."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger, Release, unexplained

ANSWER = {"data": {"shared": {"villages": {"access": {"receipt": "1-1"}, "nodes": [{"code": "v"}, {"code": "w"}]}}}}


def release(receipts: dict[str, int | None], *, bare: bool = False) -> Release:
    return Release(0.0, 200, "00", True, receipts, bare)


def test_answers_are_explained_when_each_has_its_record() -> None:
    assert unexplained([release({"1-1": 2, "1-2": None})], {"1-1": 2, "1-2": 5, "1-3": 1}) == []


@pytest.mark.parametrize(
    ("releases", "said"),
    [
        ([release({"1-2": 2})], "no record"),
        ([release({"1-2": None})], "no record"),
        ([release({"1-1": 3})], "its record says 2"),
        ([release({"1-1": 2}), release({"1-1": 2})], "given 2 times"),
        ([release({}, bare=True)], "no receipt"),
    ],
)
def test_answers_are_convicted_when_a_record_is_missing(releases: list[Release], said: str) -> None:
    assert [said in fault for fault in unexplained(releases, {"1-1": 2})] == [True]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    yield ledger
    ledger.close()


def answer_once(ledger: Ledger, answer: bytes) -> None:
    """Let the ledger lead to a portal that says this and ends; whatever comes of it at the client."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ledger.lead_to(listening.getsockname()[1])

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        portal = threading.Thread(target=serve)
        portal.start()
        with closing(http.client.HTTPConnection("127.0.0.1", ledger.port, timeout=10)) as client:
            client.request("POST", "/graphql", b"{}")
            try:
                client.getresponse().read()
            except (OSError, http.client.HTTPException):
                assert len(ledger.releases()) == 1
        portal.join()


def test_ledger_notes_an_answer_with_the_rows_of_each_receipt(ledger: Ledger) -> None:
    body = json.dumps(ANSWER).encode()
    answer_once(ledger, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    noted = ledger.releases()
    assert [(one.status, one.whole, one.receipts, one.bare) for one in noted] == [(200, True, {"1-1": 2}, False)]


def test_ledger_notes_the_receipts_of_an_answer_that_breaks_off(ledger: Ledger) -> None:
    body = b'{"data":{"shared":{"villages":{"access":{"receipt":"1-1"},"nodes":[{"co'
    answer_once(ledger, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + body)
    assert [(one.whole, one.receipts, one.bare) for one in ledger.releases()] == [(False, {"1-1": None}, False)]


def test_ledger_says_that_rows_came_without_a_receipt(ledger: Ledger) -> None:
    body = json.dumps({"data": {"shared": {"villages": {"nodes": [{"code": "v"}]}}}}).encode()
    answer_once(ledger, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert [one.bare for one in ledger.releases()] == [True]
