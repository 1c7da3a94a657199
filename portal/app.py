"""The application: the only place where the parts are put together."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.access.bounds import Bounds
from portal.access.case_reference import CASE, OPERATOR
from portal.access.pipeline import Road
from portal.access.snapshots import snapshot_keeper
from portal.access.sources import open_source
from portal.administration.activation import keep_activating
from portal.audit.log_readings import LogReadings
from portal.audit.recorder import Recorder
from portal.audit.starting import start_recorder
from portal.demonstration.provider import DemonstrationDesk, DemonstrationFetcher
from portal.errors import PortalError
from portal.exchange.slots import Slots
from portal.identity.client_settings import ClientSettings, load_client_settings
from portal.identity.demonstration_provider import SIGN_IN_PATH as PROVIDER_PATH
from portal.identity.demonstration_provider import DemonstrationProvider
from portal.identity.directory import Directory
from portal.identity.fetching import Fetcher, HttpFetcher
from portal.identity.keyring import KeyRing, load_key_ring
from portal.identity.keys import PortalKeys, load_keys
from portal.identity.nonces import NONCE_HEADER
from portal.identity.second_factors import FactorRows, factor_seal
from portal.identity.sessions import Sessions, SignIns
from portal.identity.sign_in import SignInClient
from portal.identity.tokens import TokenAuthority, TokenVerifier
from portal.logs import logger_of, logging_to
from portal.opening_office import open_office
from portal.resolvers.admission import FairGate
from portal.resolvers.audit_keys import AUDIT_KEYS_PATH, answer_audit_keys
from portal.resolvers.buckets import Buckets
from portal.resolvers.desk import Desk
from portal.resolvers.documents import load_documents
from portal.resolvers.endpoint import Endpoint
from portal.resolvers.exchange_desk import MANIFEST_PATH, PATH, ExchangeDesk
from portal.resolvers.figures import Figures, may_read_figures
from portal.resolvers.health import answer_alive, answer_ready
from portal.resolvers.observing import Observation, Observing
from portal.resolvers.open_data_desk import OpenDataDesk
from portal.resolvers.open_data_routes import open_data_routes
from portal.resolvers.page_desk import PageDesk, page_routes
from portal.resolvers.proxies import load_proxy
from portal.resolvers.request_log import log_request
from portal.resolvers.routing import READ_METHODS, refuse_route, route
from portal.resolvers.second_factors import SecondFactors
from portal.resolvers.session_reader import SessionReader
from portal.resolvers.shelves import keep_indexed
from portal.resolvers.sign_in_desk import (
    CALLBACK_PATH,
    REQUESTS_PER_SECOND,
    SESSION_PATH,
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
    SignInDesk,
)
from portal.resolvers.site import Site
from portal.resolvers.staff import Staff
from portal.resolvers.token_desk import (
    INTROSPECTION_PATH,
    KEYS_PATH,
    METADATA_PATH,
    REVOCATION_PATH,
    TOKEN_PATH,
    TokenDesk,
)
from portal.resources import frontend_folder
from portal.serving import listen, service_of
from portal.serving import serve as serve_one
from portal.settings import Settings
from portal.storage.addresses import parse_address
from portal.storage.database import open_sync_database
from portal.storage.migrating import upgrade_database
from portal.supervising import supervise
from portal.tickets.contacts import contact_seal
from portal.tickets.counter import TicketCounter
from portal.tickets.erasing import keep_erasing


@dataclass(frozen=True, slots=True)
class Portal:
    """An open portal."""

    settings: Settings
    keys: PortalKeys
    desk: Desk
    token_desk: TokenDesk
    exchange_desk: ExchangeDesk
    open_data_desk: OpenDataDesk
    sign_in_desk: SignInDesk
    page_desk: PageDesk

    @property
    def endpoint(self) -> Endpoint:
        """What GraphQL operations are answered with."""
        return self.desk.endpoint

    @property
    def road(self) -> Road:
        """The road to shared data."""
        return self.endpoint.road


def token_authority(settings: Settings, keys: PortalKeys) -> TokenAuthority:
    """Return who issues tokens here, and for whom."""
    former = tuple((each.verifying_key, each.counts_until) for each in keys.former_of("signing"))
    return TokenAuthority(settings.issuer, settings.audience, keys.signing, former)


@asynccontextmanager
async def open_portal(settings: Settings) -> AsyncIterator[Portal]:
    """Open a portal on its databases, and close it so that its log ends with a checkpoint.

    Raises: ConfigurationError, AuditUnavailable.
    """
    ring = load_key_ring(settings.key_file)
    keys = ring.keys
    documents, proxy = load_documents(settings.documents), load_proxy(settings)
    client_settings = load_client_settings(settings)
    await asyncio.to_thread(upgrade_database, settings.owner_database_url)
    recorder = await asyncio.to_thread(start_recorder, settings, ring)
    source = open_source(settings.data_url, settings.read_connections, settings.statement_timeout_seconds)
    road = Road(snapshot_keeper(settings.database_url, ring), source, recorder)
    tokens = TokenVerifier(token_authority(settings, keys))
    ring.subscribe(lambda rotated: tokens.use(token_authority(settings, rotated)))
    road.keeper.start()
    client = _sign_in_client(client_settings, settings, ring, recorder)
    engine = open_sync_database(settings.database_url)
    readings = LogReadings(settings.database_url, settings.statement_timeout_seconds)
    try:
        gate, buckets = FairGate(settings.concurrent_requests), Buckets(settings.public_requests_per_second)
        factors = SecondFactors(road, FactorRows(engine, factor_seal(keys.digest_secret)))
        context = None if client is None else client.settings.certificate_context
        staff = Staff(road, SignIns(engine), Sessions(engine), factors, context)
        reader = SessionReader(settings, staff, proxy)
        counter = TicketCounter(
            engine, road.keeper, recorder, contact_seal(keys.digest_secret), settings.tickets_an_hour
        )
        endpoint = Endpoint(road, _bounds(settings), open_office(settings, staff, readings, counter))
        desk = Desk(settings, endpoint, tokens, gate, buckets, proxy, reader, documents)
        open_data_desk = OpenDataDesk(desk)
        names_accounts = client is not None and client.settings.is_demonstration
        yield Portal(
            settings,
            keys,
            desk,
            TokenDesk(settings, road, tokens, buckets, proxy),
            ExchangeDesk(desk, Slots(settings.concurrent_transfers), readings),
            open_data_desk,
            SignInDesk(reader, client, Buckets(REQUESTS_PER_SECOND)),
            PageDesk(road.keeper, open_data_desk, names_accounts),
        )
    finally:
        if client is not None:
            await client.fetcher.close()
        await asyncio.to_thread(engine.dispose)
        await asyncio.to_thread(readings.close)
        await asyncio.to_thread(source.close)
        await asyncio.to_thread(recorder.close)
        await road.keeper.close()


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        settings.max_tokens,
        settings.max_depth,
        settings.max_selections,
        settings.max_root_fields,
        settings.max_introspection,
        settings.max_cells,
        settings.max_catalog_cells,
    )


def _sign_in_client(
    client: ClientSettings | None, settings: Settings, ring: KeyRing, recorder: Recorder
) -> SignInClient | None:
    """Return what speaks with the identity provider, None where nobody signs in."""
    if client is None:
        return None
    fetcher: Fetcher = HttpFetcher(settings.oidc_ca_file)
    if client.is_demonstration:
        provider = DemonstrationProvider(ring.keys.digest_secret, lambda: ring.keys.signing)
        fetcher = DemonstrationFetcher(provider, recorder)
    return SignInClient(client, Directory(client.issuer, fetcher), fetcher, lambda: ring.keys.signing)


def create_app(settings: Settings) -> Starlette:
    """Return the ASGI application of a portal."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            _opened(settings) as portal,
            _in_background(keep_activating(portal.endpoint.office.changes)),
            _in_background(keep_erasing(portal.endpoint.office.tickets.desk)),
            _in_background(keep_indexed(portal.road.keeper, portal.endpoint.shelves)),
        ):
            app.state.portal = portal
            yield

    def conclude(observation: Observation) -> None:
        figures.count(observation)
        log_request(observation)

    figures = Figures()
    app = Starlette(
        routes=[
            route(
                "/graphql",
                (*READ_METHODS, "POST"),
                lambda request: _portal_of(request).desk.answer(request),
                tuple(_cross_origin(settings)),
            ),
            route(PATH, ("GET", "POST"), lambda request: _portal_of(request).exchange_desk.answer(request)),
            route(
                MANIFEST_PATH,
                READ_METHODS,
                lambda request: _portal_of(request).exchange_desk.answer_manifest(request),
            ),
            *open_data_routes(lambda request: _portal_of(request).open_data_desk),
            *_page_routes(settings),
            *_token_routes(),
            *_sign_in_routes(),
            route("/healthz", READ_METHODS, answer_alive),
            route("/readyz", READ_METHODS, lambda request: answer_ready(request, _portal_of(request).road)),
            route(AUDIT_KEYS_PATH, READ_METHODS, lambda request: answer_audit_keys(request, _portal_of(request).road)),
            route("/metrics", READ_METHODS, lambda request: _answer_figures(request, figures)),
            *(_provider_routes() if settings.demonstration else ()),
        ],
        lifespan=lifespan,
        middleware=[Middleware(Observing, conclude=conclude)],
        exception_handlers={HTTPException: refuse_route},
    )
    # A redirect would be written with the Host that the client names.
    app.router.redirect_slashes = False
    return app


def _token_routes() -> Iterator[Route]:
    """Yield the routes of the authorization server."""
    answers: dict[str, tuple[tuple[str, ...], Callable[[TokenDesk, Request], Awaitable[Response]]]] = {
        TOKEN_PATH: (("POST",), TokenDesk.answer),
        INTROSPECTION_PATH: (("POST",), TokenDesk.answer_introspection),
        REVOCATION_PATH: (("POST",), TokenDesk.answer_revocation),
        KEYS_PATH: (READ_METHODS, TokenDesk.answer_keys),
        METADATA_PATH: (READ_METHODS, TokenDesk.answer_metadata),
    }
    for path, (methods, answer) in answers.items():
        yield route(path, methods, partial(_at_token_desk, answer))


def _at_token_desk(
    answer: Callable[[TokenDesk, Request], Awaitable[Response]], request: Request
) -> Awaitable[Response]:
    return answer(_portal_of(request).token_desk, request)


def _sign_in_routes() -> Iterator[Route]:
    yield route(SIGN_IN_PATH, ("GET",), lambda request: _portal_of(request).sign_in_desk.answer_sign_in(request))
    yield route(CALLBACK_PATH, ("GET",), lambda request: _portal_of(request).sign_in_desk.answer_callback(request))
    yield route(SIGN_OUT_PATH, ("POST",), lambda request: _portal_of(request).sign_in_desk.answer_sign_out(request))
    yield route(SESSION_PATH, ("GET",), lambda request: _portal_of(request).sign_in_desk.answer_session(request))


def _page_routes(settings: Settings) -> Iterator[Route]:
    site = Site(frontend_folder(), tuple(settings.allowed_hosts))
    return page_routes(site, lambda request: _portal_of(request).page_desk)


def _provider_routes() -> Iterator[Route]:
    yield route(PROVIDER_PATH, ("GET", "POST"), _answer_provider)


async def _answer_provider(request: Request) -> Response:
    """Answer for the demonstration's provider; with another provider set there is none."""
    desk = _portal_of(request).sign_in_desk
    fetcher = None if desk.client is None else desk.client.fetcher
    if not isinstance(fetcher, DemonstrationFetcher):
        raise HTTPException(404)
    return await DemonstrationDesk(desk.reader, fetcher).answer(request)


def _cross_origin(settings: Settings) -> Iterator[Middleware]:
    """Yield what lets pages of the origins that are set ask, by their token alone: never with cookies."""
    if settings.allowed_origins:
        yield Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("Authorization", "DPoP", "Content-Type", "X-Request-Id", CASE, OPERATOR),
            expose_headers=("X-Request-Id", "Retry-After", "WWW-Authenticate", NONCE_HEADER),
        )


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Portal]:
    """Open a portal for a server, which ends without a word of its own where that fails."""
    try:
        async with open_portal(settings) as portal:
            yield portal
    except PortalError as failure:
        logger_of("start").error("can't serve", code=failure.code.value, why=failure.text.en)
        raise


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _portal_of(request: Request) -> Portal:
    portal: Portal = request.app.state.portal
    return portal


async def _answer_figures(request: Request, figures: Figures) -> Response:
    portal = _portal_of(request)
    if not may_read_figures(request, portal.settings.metrics_from, portal.settings.trusted_proxies):
        raise HTTPException(404)
    return await figures.answer(request, portal.desk)


def serve(settings: Settings, host: str, port: int, workers: int, greet: Callable[[str], None]) -> int:
    """Serve until asked to stop; `greet` is told the address once requests are answered. Returns the exit code.

    Raises: ConfigurationError for a key file, database, address or port that can't be used.
    """
    load_keys(settings.key_file)
    load_documents(settings.documents)
    load_proxy(settings)
    load_client_settings(settings)
    parse_address(settings.data_url)
    upgrade_database(settings.owner_database_url)
    service = service_of(settings, log_requests=True)
    with listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/graphql"
        if workers == 1:
            return serve_one(create_app(settings), listening, lambda: greet(address), service)
        with logging_to(sys.stderr, requests=False):
            return supervise(listening, workers, lambda: greet(address))
