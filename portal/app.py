"""The application: the only place where the parts are put together."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.access.bounds import Bounds
from portal.access.executing import SqliteSource
from portal.access.pipeline import Asker, Road
from portal.access.snapshots import snapshot_keeper
from portal.audit.recorder import Recorder
from portal.errors import ErrorCode, Language, Text, Unauthenticated, report_failure
from portal.identity.keys import PortalKeys, load_keys
from portal.identity.tokens import TokenAuthority, TokenVerifier, read_authorization
from portal.resolvers.operation import Endpoint, Outcome, answer_operation, refuse_request
from portal.resolvers.over_http import (
    JSON_TYPE,
    NotAnOperation,
    client_address,
    read_operation,
    render_response,
    wanted_language,
    wanted_type,
)
from portal.serving import listen, serve_workers
from portal.serving import serve as serve_one
from portal.settings import Settings, load_settings, process_environment
from portal.storage.database import upgrade_database

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Portal:
    """An open portal."""

    settings: Settings
    keys: PortalKeys
    endpoint: Endpoint
    tokens: TokenVerifier

    @property
    def road(self) -> Road:
        """The road to shared data."""
        return self.endpoint.road


def token_authority(settings: Settings, keys: PortalKeys) -> TokenAuthority:
    """Return who issues tokens here, and for whom."""
    return TokenAuthority(settings.issuer, settings.audience, keys.signing)


@asynccontextmanager
async def open_portal(settings: Settings) -> AsyncIterator[Portal]:
    """Open a portal on its databases, and close it so that its log ends with a checkpoint.

    Raises: ConfigurationError, AuditUnavailable.
    """
    keys = load_keys(settings.key_file)
    await asyncio.to_thread(upgrade_database, settings.database_url)
    recorder = await asyncio.to_thread(Recorder.start, settings.database_url, keys.audit, settings.witness_file)
    source = SqliteSource(settings.data_url, settings.read_connections, settings.statement_timeout_seconds)
    road = Road(snapshot_keeper(settings.database_url, keys.digest_secret), source, recorder, keys)
    bounds = Bounds(settings.max_tokens, settings.max_depth, settings.max_selections)
    tokens = TokenVerifier(token_authority(settings, keys))
    try:
        yield Portal(settings, keys, Endpoint(road, bounds), tokens)
    finally:
        await asyncio.to_thread(source.close)
        await asyncio.to_thread(recorder.close)
        await road.keeper.close()


def create_app(settings: Settings) -> Starlette:
    """Return the ASGI application of a portal."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_portal(settings) as portal:
            app.state.portal = portal
            yield

    routes = [
        Route("/graphql", _graphql, methods=["GET", "POST"]),
        Route("/healthz", _healthz, methods=["GET"]),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse_route, Exception: _fail},
    )


async def _refuse_route(request: Request, failure: Exception) -> Response:
    """Answer for an address or method that isn't there."""
    status = failure.status_code if isinstance(failure, HTTPException) else 404
    text = Text(
        en="nothing is here; POST GraphQL to `/graphql`", zh="此处没有内容；请向 `/graphql` 以 POST 发送 GraphQL"
    )
    headers = dict(getattr(failure, "headers", None) or {})
    language = wanted_language(request.headers.get("accept-language"))
    return render_response(NotAnOperation(status, text).outcome(language), JSON_TYPE, headers)


async def _fail(request: Request, failure: Exception) -> Response:
    """Answer for a bug: nothing but a number to report, under which the log has the trace."""
    language = wanted_language(request.headers.get("accept-language"))
    return render_response(
        NotAnOperation(500, report_failure(failure), ErrorCode.INTERNAL).outcome(language), JSON_TYPE, {}
    )


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def _graphql(request: Request) -> Response:
    portal: Portal = request.app.state.portal
    language = wanted_language(request.headers.get("accept-language"))
    request_id = _request_id(request.headers.get("x-request-id"))
    media_type = wanted_type(request.headers.get("accept"))
    headers = {"X-Request-Id": request_id, "Content-Language": language.value}
    if media_type is None:
        return render_response(_not_acceptable(language), JSON_TYPE, headers)
    outcome = await _answer(portal, request, request_id, language)
    if outcome.status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return render_response(outcome, media_type, headers)


def _request_id(header: str | None) -> str:
    return header if header and _REQUEST_ID.fullmatch(header) else uuid4().hex


def _not_acceptable(language: Language) -> Outcome:
    text = Text(
        en="accept `application/json` or `application/graphql-response+json`",
        zh="请接受 `application/json` 或 `application/graphql-response+json`",
    )
    return NotAnOperation(406, text).outcome(language)


async def _answer(portal: Portal, request: Request, request_id: str, language: Language) -> Outcome:
    address = client_address(request, portal.settings.trusted_proxies)
    try:
        token = read_authorization(request.headers.getlist("authorization"))
        claims = None if token is None else portal.tokens.claims_of(token, portal.road.now())
        operation = await read_operation(request, portal.settings.max_body_bytes)
    except Unauthenticated as failure:
        portal.road.recorder.count_refused_token(str(address))
        return refuse_request(failure, language)
    except NotAnOperation as failure:
        return failure.outcome(language)
    outcome = await answer_operation(portal.endpoint, Asker(claims, address, request_id), operation, language)
    if outcome.status == 401:
        portal.road.recorder.count_refused_token(str(address))
    return outcome


def application_from_environment() -> Starlette:
    """Return the application as the environment and `.env` set it up: what each of several workers runs."""
    return create_app(load_settings(process_environment()))


def serve(settings: Settings, host: str, port: int, workers: int, greet: Callable[[str], None]) -> int:
    """Serve until asked to stop; `greet` is told the address once requests are answered. Returns the exit code.

    Raises: ConfigurationError for a key file, database or port that can't be used.
    """
    load_keys(settings.key_file)
    upgrade_database(settings.database_url)
    with listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/graphql"
        if workers == 1:
            return serve_one(create_app(settings), listening, lambda: greet(address))
        greet(address)
        return serve_workers("portal.app:application_from_environment", listening, workers)
