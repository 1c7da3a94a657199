"""The page for trying queries out: GraphiQL, from files of the package, under a policy that lets nothing else in.

`scripts/graphiql/build.mjs` makes the files; `LICENCES.txt` beside them names what is in them.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.resolvers.routing import READ_METHODS, route

PAGE_PATH = "/graphiql"
FOLDER = Path(__file__).parent / "graphiql"
_CONTENT_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "; ".join(_CONTENT_POLICY),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes() -> list[Route]:
    """Return the routes of the page, whose files are read now; it asks `/graphql` like any other client."""
    return [
        _file_route(PAGE_PATH, "page.html", "text/html"),
        _file_route(f"{PAGE_PATH}/graphiql.js", "graphiql.js", "text/javascript"),
        _file_route(f"{PAGE_PATH}/graphiql.css", "graphiql.css", "text/css"),
    ]


def _file_route(path: str, name: str, media_type: str) -> Route:
    return route(path, READ_METHODS, _answer_with((FOLDER / name).read_bytes(), media_type))


def _answer_with(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return Response(content, headers={**_HEADERS, "Content-Type": f"{media_type}; charset=utf-8"})

    return answer
