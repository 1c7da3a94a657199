"""What a server does with connections that no well-meaning client makes: slow, endless, ambiguous."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fixtures.ambiguous_lengths import AMBIGUOUS
from tests.fixtures.raw_http import HOST, connected, exchange, read_until_closed, statuses
from tests.fixtures.small_bundle import small_bundle
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

RECEIVE_SECONDS = 1.0
SEND_SECONDS = 1.5
CONNECTIONS = 16
BODY = b'{"query": "{ __typename }"}'
ANSWER = b'{"data":{"__typename":"Query"}}'
HEAD = b"POST /graphql HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    """A server with short times and few connections."""
    folder = tmp_path_factory.mktemp("wire")
    environment = {
        "PORTAL_RECEIVE_TIMEOUT_SECONDS": str(RECEIVE_SECONDS),
        "PORTAL_SEND_TIMEOUT_SECONDS": str(SEND_SECONDS),
        "PORTAL_MAX_CONNECTIONS": str(CONNECTIONS),
    }
    process = PortalProcess(folder / "home", environment)
    process.load(small_bundle().write(folder / "bundle"))
    process.start()
    yield process
    process.stop()


def assert_still_answers(portal: PortalProcess) -> None:
    received, _ = exchange(portal.port, WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost", 1))
    assert received.endswith(ANSWER)


@pytest.mark.clause("T72")
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", []),
        (b"P", [408]),
        (b"\r\n", [408]),
        (HEAD, [408]),
        (HEAD + b"Content-Length: 27\r\n\r\n", [408]),
        (HEAD + b"Content-Length: 27\r\n\r\n" + BODY[:-1], [408]),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1b\r\n" + BODY, [408]),
        (WHOLE + b"POST", [200]),
    ],
)
def test_request_that_does_not_arrive_whole_is_given_up(
    portal: PortalProcess, sent: bytes, answered: list[int]
) -> None:
    started = time.monotonic()
    received, is_closed = exchange(portal.port, sent)
    assert is_closed
    assert statuses(received) == answered
    # A whole request makes the connection one that is kept for a further one.
    assert time.monotonic() - started < 8 * RECEIVE_SECONDS
    assert_still_answers(portal)


@pytest.mark.clause("T72")
@pytest.mark.parametrize("beginning", [b"GET /graphql HTTP/1.1\r\nX: ", HEAD + b"Content-Length: 60000\r\n\r\n"])
def test_request_that_drips_is_given_up_as_a_slow_one(portal: PortalProcess, beginning: bytes) -> None:
    started = time.monotonic()
    with connected(portal.port) as connection, suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(beginning)
        while time.monotonic() - started < 10 * RECEIVE_SECONDS:
            connection.sendall(b"x")
            time.sleep(RECEIVE_SECONDS / 20)
    assert RECEIVE_SECONDS * 0.9 < time.monotonic() - started < 5 * RECEIVE_SECONDS


def memory_kib(process_id: int) -> int:
    """Memory that the process has in use."""
    (line,) = (one for one in Path(f"/proc/{process_id}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1])


@pytest.mark.clause("T68")
@pytest.mark.parametrize(
    ("beginning", "piece", "answered"),
    [
        (b"GET /graphql?query=", b"x" * 65536, [431]),
        (b"GET /graphql HTTP/1.1\r\nX: ", b"x" * 65536, [431]),
        (b"GET /graphql HTTP/1.1\r\n", b"X: y\r\n" * 10000, [431]),
        (b"", b"\r\n" * 30000, [431]),
        (HEAD + b"Content-Length: 999999999\r\n\r\n", b"x" * 65536, [413]),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n", [413]),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536, []),
    ],
)
def test_request_without_end_is_cut_off_and_takes_no_memory(
    portal: PortalProcess, beginning: bytes, piece: bytes, answered: list[int]
) -> None:
    assert portal.process is not None
    before, sent = memory_kib(portal.process.pid), 0
    with connected(portal.port) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(beginning)
            while sent < 100 << 20:
                connection.sendall(piece)
                sent += len(piece)
        received, is_closed = read_until_closed(connection)
    assert is_closed
    # What the server said is lost where it was cut off while the client was still sending.
    assert not received or statuses(received) == answered
    assert sent < 16 << 20
    assert memory_kib(portal.process.pid) - before < 10 * 1024
    assert_still_answers(portal)


@pytest.mark.clause("T72")
def test_client_that_does_not_take_its_answers_is_cut_off(portal: PortalProcess) -> None:
    body = json.dumps({"query": "{ __schema { types { name description fields { name description } } } }"}).encode()
    asked = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    started = time.monotonic()
    with connected(portal.port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        while time.monotonic() - started < 20 * SEND_SECONDS:
            try:
                connection.send(asked * 50)
            except BlockingIOError:
                time.sleep(0.05)
            except (BrokenPipeError, ConnectionResetError):
                break
    assert SEND_SECONDS * 0.9 < time.monotonic() - started < 10 * SEND_SECONDS
    assert_still_answers(portal)


@pytest.mark.clause("T72")
def test_address_holds_half_of_the_connections_and_others_the_rest(portal: PortalProcess) -> None:
    # Connections of the tests before have to be gone.
    time.sleep(SEND_SECONDS + 0.5)
    held = [socket.create_connection((HOST, portal.port), 5, ("127.0.0.2", 0)) for _ in range(CONNECTIONS // 2)]
    try:
        with connected(portal.port, source="127.0.0.2") as one_more:
            received, is_closed = read_until_closed(one_more)
        assert is_closed
        assert statuses(received) == [503]
        assert b"retry-after: 1" in received
        assert b"RATE_LIMITED" in received
        assert_still_answers(portal)
    finally:
        for connection in held:
            connection.close()


SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: portal.test\r\n\r\n"


@pytest.mark.clause("T76")
@pytest.mark.parametrize("headers", AMBIGUOUS)
def test_ambiguous_length_reaches_no_handler(portal: PortalProcess, headers: bytes) -> None:
    for body in (BODY, b"0\r\n\r\n", b"1b\r\n" + BODY + b"\r\n0\r\n\r\n"):
        received, is_closed = exchange(portal.port, HEAD + headers + b"\r\n" + body + SMUGGLED)
        assert is_closed
        assert statuses(received) == [400], received


@pytest.mark.clause("T76")
@pytest.mark.parametrize(
    "chunks",
    [
        b"0x1b\r\n",
        b"+1b\r\n",
        b"-1\r\n",
        b"1b \n",
        b"fffffffffffffffff\r\n",
        b"1b\r\nx" + BODY,
        b"\r\n1b\r\n",
        b"g\r\n",
    ],
)
def test_ambiguous_chunks_reach_no_handler(portal: PortalProcess, chunks: bytes) -> None:
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    received, is_closed = exchange(portal.port, head + chunks + BODY + b"\r\n0\r\n\r\n" + SMUGGLED)
    assert is_closed
    assert statuses(received) == [400], received


ASKING = WHOLE.replace(b"\r\nHost", b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHost", 1)
HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: portal.test\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ([ASKING], [200]),
        ([ASKING[: -len(BODY)], BODY], [200]),
        ([ASKING[:60], ASKING[60:-3], ASKING[-3:]], [200]),
        ([ASKING + WHOLE + ASKING], [200, 200, 200]),
        ([HIDDEN.replace(b"\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 1)], [200]),
        # The body is none of the portal's requests, whatever it looks like.
        ([ASKING[: -len(BODY)].replace(b"%d" % len(BODY), b"%d" % len(HIDDEN)), HIDDEN], [400]),
    ],
)
def test_request_is_answered_as_it_is_when_it_asks_for_another_protocol(
    portal: PortalProcess, sent: list[bytes], answered: list[int]
) -> None:
    with connected(portal.port) as connection:
        for part in sent:
            connection.sendall(part)
            time.sleep(0.1)
        received, _ = read_until_closed(connection, 0.7)
    assert statuses(received) == answered
    assert received.count(ANSWER) == answered.count(200) - (b"healthz" in sent[0])


def test_connect_opens_no_other_protocol(portal: PortalProcess) -> None:
    received, _ = exchange(portal.port, b"CONNECT portal.test:443 HTTP/1.1\r\nHost: portal.test:443\r\n\r\n", 0.7)
    assert statuses(received) == [400]
