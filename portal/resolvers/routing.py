"""Addresses and the methods that they offer; whatever isn't there is answered in the portal's own words."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from portal.errors import Text
from portal.resolvers.negotiation import JSON_TYPE, wanted_language
from portal.resolvers.observing import observation_of
from portal.resolvers.over_http import NotAnOperation, render_response

READ_METHODS = ("GET", "HEAD")
_NOTHING_HERE = Text(
    en="nothing is here; POST GraphQL to `/graphql`", zh="此处没有内容；请向 `/graphql` 以 POST 发送 GraphQL"
)


@dataclass(frozen=True, slots=True)
class Offered:
    """An ASGI application of one address: answers its methods and OPTIONS, refuses the others."""

    path: str
    methods: tuple[str, ...]
    answer: Callable[[Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        observation_of(request).route = self.path
        await (await self._respond(request))(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method in self.methods:
            return await self.answer(request)
        offered = (*self.methods, "OPTIONS")
        headers = {"Allow": ", ".join(offered)}
        # No `Access-Control-*` headers: pages of other origins may not ask, unless middleware says so before.
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        listed = "`, `".join(offered)
        return _refuse(request, 405, Text(en=f"ask by `{listed}`", zh=f"请使用 `{listed}`"), headers)


def route(
    path: str,
    methods: tuple[str, ...],
    answer: Callable[[Request], Awaitable[Response]],
    middleware: Sequence[Middleware] = (),
) -> Route:
    """Return the route of an address."""
    return Route(path, Offered(path, methods, answer), middleware=middleware)


async def refuse_route(request: Request, failure: Exception) -> Response:
    """Answer for an address where nothing is."""
    status = failure.status_code if isinstance(failure, HTTPException) else 404
    return _refuse(request, status, _NOTHING_HERE, {})


def _refuse(request: Request, status: int, text: Text, headers: dict[str, str]) -> Response:
    language = wanted_language(request.headers.getlist("accept-language"))
    outcome = NotAnOperation(status, text).outcome(language)
    observation_of(request).code = outcome.code
    return render_response(outcome, JSON_TYPE, {"Content-Language": language.value, **headers})
