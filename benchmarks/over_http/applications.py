"""The contenders that are Python applications, as an engineer would write them by hand or with Strawberry."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from enum import Enum
from pathlib import Path

import asyncpg
import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.permission import BasePermission

from benchmarks.over_http.casbin_cells import CellPermission
from benchmarks.over_http.plain_tables import select_statement
from benchmarks.over_http.rows import COLUMNS, REGION

_CONNECTIONS = 8
"""As many as the load has connections."""


def _answer_alive(_request: Request) -> Response:
    return Response()


def _render(nodes: list[dict[str, object]]) -> Response:
    body = orjson.dumps({"data": {"shared": {"people": {"nodes": nodes}}}})
    return Response(body, media_type="application/json")


def hand_written_sqlite(path: str) -> Starlette:
    """Return the endpoint that reads SQLite on the event loop, without any thread."""
    connection = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, check_same_thread=False)
    statement = select_statement("?2", "?1")

    async def answer(request: Request) -> Response:
        found = connection.execute(statement, (REGION, int(request.query_params["first"])))
        return _render([dict(zip(COLUMNS, row, strict=True)) for row in found])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        with closing(connection):
            yield

    return Starlette(routes=_routes(answer), lifespan=lifespan)


def hand_written_postgresql(url: str) -> Starlette:
    """Return the endpoint that reads PostgreSQL by asyncpg, whose statements are prepared once a connection."""
    statement = select_statement("$2", "$1")

    async def answer(request: Request) -> Response:
        async with request.app.state.pool.acquire() as connection:
            found = await connection.fetch(statement, REGION, int(request.query_params["first"]))
        return _render([dict(row) for row in found])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
            app.state.pool = pool
            yield

    return Starlette(routes=_routes(answer), lifespan=lifespan)


def _routes(answer: Callable[[Request], Awaitable[Response]]) -> list[Route]:
    return [Route("/people", answer), Route("/healthz", _answer_alive)]


def plain_strawberry(path: str) -> Starlette:
    """Return Strawberry with one resolver that reads SQLite, and no permissions at all."""
    return _strawberry(path, [])


def strawberry_with_casbin(path: str) -> Starlette:
    """Return Strawberry with a permission class on each item, which asks Casbin for each cell."""
    return _strawberry(path, [CellPermission])


def _strawberry(path: str, permissions: list[type[BasePermission]]) -> Starlette:
    connection = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, check_same_thread=False)
    return Starlette(
        routes=[Route("/graphql", GraphQL(_schema(connection, permissions))), Route("/healthz", _answer_alive)]
    )


class _Purpose(Enum):
    VERIFICATION = "verification"


def _schema(connection: sqlite3.Connection, permissions: list[type[BasePermission]]) -> strawberry.Schema:
    statement = select_statement("?2", "?1")

    def item() -> str:
        declared: str = strawberry.field(permission_classes=permissions)
        return declared

    @strawberry.type
    class Person:
        code: str = item()
        name: str = item()
        identity: str = item()
        division: str = item()
        street: str = item()
        born: str = item()
        kind: str = item()
        persons: int = strawberry.field(permission_classes=permissions)
        phone: str = item()
        note: str = item()

    @strawberry.type
    class People:
        nodes: list[Person]

    @strawberry.type
    class Shared:
        @strawberry.field
        def people(self, purpose: _Purpose, first: int) -> People:
            found = connection.execute(statement, (REGION, first))
            return People(nodes=[Person(**dict(zip(COLUMNS, row, strict=True))) for row in found])

    @strawberry.type
    class Query:
        @strawberry.field
        def shared(self) -> Shared:
            return Shared()

    return strawberry.Schema(Query)
