import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import ErrorCode
from portal.logs import logging_to
from portal.resolvers.observing import Observation, Observing, request_id_of
from portal.resolvers.request_log import log_request

CANARY = "canary-77aa"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with io.StringIO() as stream, logging_to(stream, requests=True):
        yield stream


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def ask(application: ASGIApp, method: str = "POST", **headers: str) -> list[Message]:
    """What the application sends when it is asked behind the middleware."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": f"/{CANARY}",
        "query_string": CANARY.encode(),
        "headers": raw,
    }
    await Observing(application, log_request)(scope, receive, send)
    return sent


async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError(CANARY)


async def fail_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await fail(scope, receive, send)


@pytest.mark.clause("T52")
async def test_failure_is_answered_with_a_number_that_the_log_has(log: io.StringIO) -> None:
    start, body = await ask(fail, x_request_id="one", accept_language="zh")
    assert start["status"] == 500
    (error,) = json.loads(body["body"])["errors"]
    assert error["extensions"] == {"code": "INTERNAL"}
    failure, request = lines(log)
    assert error["message"].rpartition(" ")[2] in failure["event"]
    assert (request["event"], request["status"], request["code"]) == ("request", 500, "INTERNAL")
    assert (request["request_id"], request["level"]) == ("one", "error")
    assert CANARY not in log.getvalue() + body["body"].decode()


@pytest.mark.clause("T52")
async def test_failure_in_the_middle_of_an_answer_is_logged_and_nothing_more_is_sent(log: io.StringIO) -> None:
    assert [message["type"] for message in await ask(fail_late)] == ["http.response.start"]
    assert [line["event"].partition(" ")[0] for line in lines(log)] == ["internal", "request"]
    assert CANARY not in log.getvalue()


async def test_client_that_leaves_is_no_failure(log: io.StringIO) -> None:
    async def read(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ClientDisconnect

    assert await ask(read) == []
    (line,) = lines(log)
    assert (line["level"], line["status"], line["code"]) == ("info", 0, None)


@pytest.mark.clause("T52")
@pytest.mark.parametrize(("method", "shown"), [("GET", "GET"), (CANARY, "other"), ("G\nT", "other")])
async def test_line_of_a_request_holds_no_address_query_or_header(log: io.StringIO, method: str, shown: str) -> None:
    answer = PlainTextResponse(CANARY)
    await ask(answer, method, x_request_id=f"{CANARY}\r\nx", authorization=CANARY, host=CANARY, user_agent=CANARY)
    (line,) = lines(log)
    assert set(line) - {"time", "level", "event"} == {
        "request_id",
        "method",
        "route",
        "status",
        "code",
        "milliseconds",
        "application",
    }
    assert (line["method"], line["route"], line["status"]) == (shown, None, 200)
    assert CANARY not in log.getvalue()


async def test_other_protocols_pass_unobserved() -> None:
    seen: list[str] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def silent(_message: Message) -> None: ...

    async def nothing() -> Message:
        return {"type": "lifespan.startup"}

    conclude: Callable[[Observation], None] = lambda observation: seen.append(observation.request_id)  # noqa: E731
    await Observing(application, conclude)({"type": "lifespan"}, nothing, silent)
    assert seen == ["lifespan"]


@pytest.mark.parametrize("header", [None, "", " ", "a" * 129, "a\n", "a\r\nb", "\x1b[31m", "é", "a b"])
def test_request_id_is_made_when_the_client_has_none_that_is_plain(header: str | None) -> None:
    assert request_id_of(header) != request_id_of(header)
    assert len(request_id_of(header)) == 32


@pytest.mark.parametrize("header", ["a", "A-1_.z", "x" * 128])
def test_request_id_is_the_clients_when_it_is_plain(header: str) -> None:
    assert request_id_of(header) == header


def test_line_names_the_application_but_no_person(log: io.StringIO) -> None:
    log_request(Observation("one", 0, "POST", "/graphql", 200, None, "checker"))
    log_request(Observation("two", 0, "POST", "/graphql", 401, ErrorCode.UNAUTHENTICATED))
    assert [(line["application"], line["code"]) for line in lines(log)] == [
        ("checker", None),
        (None, "UNAUTHENTICATED"),
    ]
