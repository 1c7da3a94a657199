"""The demonstration's identity provider as it is met: a page that lists the accounts to choose from, and its answers.

Nobody asks it over the network but the browser: the portal redeems codes in its own process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portal.audit.ledger import ShownProof
from portal.audit.recorder import Recorder
from portal.errors import Text
from portal.identity.demonstration_provider import (
    PUSHED_ADDRESS,
    SIGN_IN_PATH,
    TOKEN_ADDRESS,
    DemonstrationProvider,
    Redeemed,
)
from portal.identity.fetching import Fetched
from portal.identity.registry import Registry
from portal.resolvers.hosts import check_host, site_of
from portal.resolvers.negotiation import wanted_language
from portal.resolvers.over_http import NotAnOperation, read_body
from portal.resolvers.pages import paragraph, render_page
from portal.resolvers.session_reader import SessionReader
from portal.resolvers.sign_in_desk import CALLBACK_PATH

_TITLE = Text(en="Demonstration: who signs in?", zh="演示：以谁的身份登录？")
_NOTE = Text(
    en="This page stands in for the government's identity provider. Its accounts are synthetic and have no password.",
    zh="本页面代替政府身份提供方。账户均为虚构，无需密码。",
)
_REFUSED = Text(
    en="This isn't a sign-in of the portal's; begin at /sign-in.", zh="这不是门户发起的登录；请从 /sign-in 开始。"
)
_MAX_BODY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class DemonstrationFetcher:
    """Asks the demonstration's provider, in this process."""

    provider: DemonstrationProvider
    recorder: Recorder

    async def get(self, address: str) -> Fetched:
        """Return what the provider publishes at the address."""
        body = self.provider.published(address)
        return Fetched(404, b"") if body is None else Fetched(200, body)

    async def post(self, address: str, form: Mapping[str, str], _headers: Mapping[str, str]) -> Fetched:
        """Return the tokens for a code, once on any worker, or the reference to a request that is pushed.

        Raises: AuditUnavailable.
        """
        if address == TOKEN_ADDRESS:
            return await self._redeem(form)
        return _render(self.provider.push(form)) if address == PUSHED_ADDRESS else Fetched(404, b"")

    async def _redeem(self, form: Mapping[str, str]) -> Fetched:
        redeemed = self.provider.redeem(form)
        digest, expires_at = redeemed.code_digest, redeemed.expires_at
        if digest is None or expires_at is None:
            return _render(redeemed)
        if not await self.recorder.use_proof(ShownProof(digest, expires_at)):
            return _render(Redeemed(400, {"error": "invalid_grant"}))
        return _render(redeemed)

    async def close(self) -> None:
        """Do nothing: there are no connections."""


def _render(redeemed: Redeemed) -> Fetched:
    return Fetched(redeemed.status, orjson.dumps(redeemed.body), "application/json")


@dataclass(frozen=True, slots=True)
class DemonstrationDesk:
    """Shows the accounts, and sends the browser back with who was chosen."""

    reader: SessionReader
    fetcher: DemonstrationFetcher

    async def answer(self, request: Request) -> Response:
        """Answer a browser that the portal sent to sign in."""
        language = wanted_language(request.headers.getlist("accept-language"))
        try:
            check_host(request.headers.getlist("host"), self.reader.settings.allowed_hosts)
            chosen = await self._chosen(request) if request.method == "POST" else None
        except NotAnOperation as failure:
            return render_page(_TITLE, paragraph(failure.text, language), language, failure.status)
        registry = (await self.reader.staff.road.keeper.current()).snapshot.registry
        known = {str(user.id) for user in registry.users.values()}
        query = dict(parse_qsl(request.scope["query_string"].decode("ascii", "replace"), keep_blank_values=True))
        redirect_uri = f"{site_of(request, self.reader.settings)}{CALLBACK_PATH}"
        redirected = self.fetcher.provider.authorize(query, redirect_uri, chosen if chosen in known else None)
        if redirected.error is not None or (chosen is not None and chosen not in known):
            return render_page(_TITLE, paragraph(_REFUSED, language), language, 400)
        if redirected.location is not None:
            return Response(status_code=303, headers={"Location": redirected.location, "Cache-Control": "no-store"})
        return render_page(
            _TITLE, paragraph(_NOTE, language) + _forms(registry, query, self.fetcher.provider.hint(query)), language
        )

    async def _chosen(self, request: Request) -> str:
        body = await read_body(request, _MAX_BODY_BYTES)
        return dict(parse_qsl(body.decode("ascii", "replace"))).get("user", "")


def _forms(registry: Registry, query: Mapping[str, str], hint: str | None) -> str:
    """Return a button for each account, the hinted one first; it is sent to the very address that was asked for."""
    address = escape(f"{SIGN_IN_PATH}?{urlencode(query)}")
    rows = (
        f'<li><form method="post" action="{address}"><button name="user" value="{escape(user.id)}">'
        f"{escape(user.name)} ({escape(user.id)})</button> {escape(', '.join(user.roles))}</form></li>"
        for user in sorted(registry.users.values(), key=lambda user: (user.id != hint, user.id))
    )
    return f"<ul>{''.join(rows)}</ul>"
