"""A portal in this process, asked through its ASGI application: for many worlds, where processes take too long."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from portal.app import create_app, token_authority
from portal.bundles.loading import LoadOrder, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.identity.claims import SubjectKind
from portal.identity.keys import PortalKeys, load_or_create_keys
from portal.identity.tokens import TokenGrant, issue_token
from portal.settings import Settings, load_settings
from portal.storage.migrating import upgrade_database
from portal.vocabulary import NetworkZone
from tests.oracle.document import Document, render_body
from tests.oracle.expectation import Reply
from tests.oracle.world import Caller


def load_portal(bundle: Path, home: Path, *, derive: bool, **environment: str) -> Settings:
    """A new portal under `home` with the bundle's content; its settings, those that `environment` names among them."""
    home.mkdir(parents=True, exist_ok=True)
    settings = load_settings({"PORTAL_HOME": str(home), **environment}, None)
    keys = load_or_create_keys(settings.key_file)
    now = datetime.now(UTC)
    read = read_bundle(bundle, now)
    assert read.bundle is not None, [str(fault) for fault in read.faults[:10]]
    upgrade_database(settings.owner_database_url)
    store = PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret)
    load_bundle(read.bundle, store, LoadOrder(now, derive=derive))
    return settings


@dataclass(slots=True)
class PortalInProcess:
    """A portal that is open for as long as the block."""

    settings: Settings
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    tokens: dict[Caller, str | None] = field(default_factory=dict)
    client: httpx2.AsyncClient | None = None

    def __enter__(self) -> "PortalInProcess":
        self.runner.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    async def _open(self) -> None:
        app = create_app(self.settings)
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx2.ASGITransport(app, client=("127.0.0.1", 40000))
        self.client = await self.stack.enter_async_context(
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        )

    def send(self, caller: Caller, document: Document) -> Reply:
        """The reply to a request."""
        return self.ask(caller, render_body(document))

    def ask(self, caller: Caller, body: bytes) -> Reply:
        """The reply to a JSON body sent to `/graphql`."""
        return self.runner.run(self._ask(caller, body))

    async def _ask(self, caller: Caller, body: bytes) -> Reply:
        assert self.client is not None
        if caller not in self.tokens:
            self.tokens[caller] = _token(caller, self.settings, load_or_create_keys(self.settings.key_file))
        token = self.tokens[caller]
        headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        response = await self.client.post("/graphql", content=body, headers=headers)
        return Reply(response.status_code, dict(response.headers), response.content)


def _token(caller: Caller, settings: Settings, keys: PortalKeys) -> str | None:
    if caller.application is None and caller.user is None:
        return None
    kind = SubjectKind.USER if caller.application is None else SubjectKind.APPLICATION
    zone = None if caller.claimed_zone is None else NetworkZone(caller.claimed_zone)
    identifier = caller.application or caller.user or ""
    grant = TokenGrant(kind, identifier, auth_level=caller.claimed_level, network_zone=zone)
    return issue_token(grant, token_authority(settings, keys), datetime.now(UTC))
