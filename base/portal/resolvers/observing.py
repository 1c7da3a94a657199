"""What is noted of each HTTP request while it is answered, and the frame around every answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPMethod
from time import perf_counter_ns
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import ErrorCode, report_failure
from portal.resolvers.negotiation import JSON_TYPE, wanted_language
from portal.resolvers.operation import refusal
from portal.resolvers.over_http import render_response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_KEY = "observation"


@dataclass(slots=True)
class Observation:
    """What is noted of one request: names and figures of the portal's own, nothing that the client wrote but its id.

    `started` counts monotonic nanoseconds; `route` is None where nothing is; `status` is 0 where no answer left;
    `application` is the one that the token names, once it verified.
    """

    request_id: str
    started: int
    method: str
    route: str | None = None
    status: int = 0
    code: ErrorCode | None = None
    application: str | None = None


def observation_of(request: HTTPConnection) -> Observation:
    """Return what is noted of this request."""
    observation: Observation = request.scope["state"][_KEY]
    return observation


def request_id_of(header: str | None) -> str:
    """Return the client's own request id where it is plain, a new one otherwise."""
    return header if header and _REQUEST_ID.fullmatch(header) else uuid4().hex


class Observing:
    """ASGI middleware: gives a request its id, hands what was noted on, and lets no failure through.

    # INVARIANT: no exception passes, because the server would log its message, which may hold personal data.
    """

    def __init__(self, application: ASGIApp, conclude: Callable[[Observation], None]) -> None:
        self._application = application
        self._conclude = conclude

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        method = scope["method"] if scope["method"] in HTTPMethod.__members__ else "other"
        observation = Observation(request_id_of(headers.get("x-request-id")), perf_counter_ns(), method)
        scope.setdefault("state", {})[_KEY] = observation

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                observation.status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = observation.request_id
            await send(message)

        try:
            await self._answer(scope, receive, send_noted, observation)
        finally:
            self._conclude(observation)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, observation: Observation) -> None:
        try:
            await self._application(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as failure:  # noqa: BLE001  whatever it was, it is answered with a number and nothing else
            text = report_failure(failure)
            if observation.status:
                return
            observation.code = ErrorCode.INTERNAL
            language = wanted_language(Headers(scope=scope).getlist("accept-language"))
            outcome = refusal(500, ErrorCode.INTERNAL, text.render(language), malformed=True)
            await render_response(outcome, JSON_TYPE, {"Content-Language": language.value})(scope, receive, send)
