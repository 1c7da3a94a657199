"""Where applications get tokens, ask after them and revoke them; the metadata and keys of it (RFC 6749, 8414, 7517)."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from portal.access.pipeline import Road
from portal.audit.ledger import ShownProof
from portal.certificates.trust import TrustStore, load_trust_store
from portal.errors import PortalError, Text, Unauthenticated
from portal.identity.assertions import ALGORITHMS as ASSERTION_ALGORITHMS
from portal.identity.assertions import Client, Surroundings
from portal.identity.authorization import answer_request, refuse_repeated
from portal.identity.nonces import NONCE_HEADER, nonce_seal
from portal.identity.proofs import ALGORITHMS as PROOF_ALGORITHMS
from portal.identity.registry import is_admitted
from portal.identity.token_requests import GRANT_TYPE, AuthMethod, Endpoint, TokenReply, TokenRequest, TokenTerms
from portal.identity.tokens import TokenVerifier
from portal.policies.information_point import PortalContent
from portal.resolvers.buckets import Buckets
from portal.resolvers.hosts import check_host, site_of
from portal.resolvers.negotiation import wanted_language
from portal.resolvers.observing import observation_of
from portal.resolvers.over_http import Address, NotAnOperation, client_address, read_body, render_json_response
from portal.resolvers.proxies import Proxy
from portal.resolvers.token_acts import Occasion, act_of, revoked_by
from portal.settings import Settings
from portal.vocabulary import ApplicationId

TOKEN_PATH = "/token"  # noqa: S105  # an address
INTROSPECTION_PATH = "/introspect"
REVOCATION_PATH = "/revoke"
KEYS_PATH = "/jwks"
METADATA_PATH = "/.well-known/oauth-authorization-server"
_PATHS: Mapping[Endpoint, str] = {
    Endpoint.TOKEN: TOKEN_PATH,
    Endpoint.INTROSPECTION: INTROSPECTION_PATH,
    Endpoint.REVOCATION: REVOCATION_PATH,
}
_FORM_TYPE = "application/x-www-form-urlencoded"
_ERRORS: Mapping[int, str] = {429: "slow_down", 503: "temporarily_unavailable"}


@dataclass(slots=True)
class _Trust:
    """Whom the portal trusts by the content of an epoch, read again when the content is another."""

    kept: tuple[int, TrustStore] = (-1, TrustStore())


@dataclass(frozen=True, slots=True)
class TokenDesk:
    """What answers applications that ask for tokens, and about them; made once a process."""

    settings: Settings
    road: Road
    tokens: TokenVerifier
    buckets: Buckets
    proxy: Proxy
    _trust: _Trust = field(default_factory=_Trust)

    async def answer(self, request: Request) -> Response:
        """Return a token, or why there is none."""
        return await self._answer(Endpoint.TOKEN, request)

    async def answer_introspection(self, request: Request) -> Response:
        """Return whether a token of the application that asks would be taken now, and what it says."""
        return await self._answer(Endpoint.INTROSPECTION, request)

    async def answer_revocation(self, request: Request) -> Response:
        """Let a token of the application that asks count no more, on any worker, before it is answered."""
        return await self._answer(Endpoint.REVOCATION, request)

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        address = client_address(request, self.settings.trusted_proxies)
        try:
            reply = await self._reply(endpoint, request, address)
        except NotAnOperation as failure:
            reply = _refusal(failure.status, "invalid_request", failure.text)
        except Unauthenticated as failure:
            reply = _refusal(401, "invalid_client", failure.text)
        except PortalError as failure:
            reply = _refusal(503, _ERRORS[503], failure.text)
        if reply.status == 401:
            self.road.recorder.count_refused_token(str(address))
        observation_of(request).application = None if reply.client is None else reply.client.id
        return _render(reply, request, self._nonce_for(request))

    async def _reply(self, endpoint: Endpoint, request: Request, address: Address | None) -> TokenReply:
        check_host(request.headers.getlist("host"), self.settings.allowed_hosts)
        if self.buckets.take(address, monotonic()):
            most = self.settings.public_requests_per_second
            return _refusal(
                429,
                _ERRORS[429],
                Text(
                    en=f"more than {most} requests a second from one address; ask again in a second",
                    zh=f"单个地址每秒请求超过 {most} 次；请稍后重试",
                ),
            )
        form = _parse_form(request, await read_body(request, self.settings.max_body_bytes))
        content = (await self.road.keeper.current()).snapshot.content
        around = await self._surroundings(endpoint, request, content)
        url = f"{site_of(request, self.settings)}{_PATHS[endpoint]}"
        certificate = self.proxy.certificate_of(request)
        received = TokenRequest(url, form, request.headers.getlist("dpop"), certificate)
        reply = await self._used_once(answer_request(endpoint, received, around, self._terms(around.now)))
        shown_address = None if address is None else str(address)
        act = act_of(endpoint, reply, Occasion(around.now, shown_address, observation_of(request).request_id))
        if act is not None:
            # INVARIANT: no token leaves, and no revocation is answered, before its record is durable.
            await self.road.recorder.record_act(act, revoked_by(reply))
        return reply

    async def _surroundings(self, endpoint: Endpoint, request: Request, content: PortalContent) -> Surroundings:
        site = site_of(request, self.settings)
        return Surroundings(
            {f"{site}{TOKEN_PATH}", f"{site}{_PATHS[endpoint]}", issuer_of(site, self.settings)},
            lambda name: _find_client(name, content),
            await asyncio.to_thread(self._trust_of, content),
            self.road.now(),
            timedelta(seconds=self.settings.revocation_list_grace_seconds),
        )

    def _terms(self, now: datetime) -> TokenTerms:
        seal = nonce_seal(self.road.keys, now) if self.settings.dpop_nonces else None
        return TokenTerms(self.tokens.authority, self.road.keeper.revocations, self.settings.bearer_tokens, seal)

    async def _used_once(self, reply: TokenReply) -> TokenReply:
        """Return the reply, or the refusal of one that was shown what had been shown before."""
        # Whatever was shown is used up, also where something else is wrong with the request.
        for shown in reply.once:
            if not await self.road.recorder.use_proof(ShownProof(shown.digest, shown.expires_at)):
                return replace(refuse_repeated(), client=reply.client)
        return reply

    def _nonce_for(self, request: Request) -> str | None:
        """Return the nonce for the next proof of who sent one, where proofs have to hold one."""
        if not self.settings.dpop_nonces or "dpop" not in request.headers:
            return None
        now = self.road.now()
        return nonce_seal(self.road.keys, now).make(now)

    def _trust_of(self, content: PortalContent) -> TrustStore:
        """Return whom the portal trusts; lists of many revoked certificates take a while to read."""
        epoch, store = self._trust.kept
        if epoch != content.epoch:
            # The load has refused what is wrong in these files.
            store, _, _ = load_trust_store(content.key_files, self.road.now())
            self._trust.kept = content.epoch, store
        return store

    async def answer_keys(self, _request: Request) -> Response:
        """Return the public keys of tokens that are good now."""
        return render_json_response(self.tokens.authority.key_set(self.road.now()), 200)

    def _methods(self) -> Iterator[str]:
        yield AuthMethod.ASSERTION
        if self.settings.client_certificate_header is not None:
            yield AuthMethod.CERTIFICATE

    async def answer_metadata(self, request: Request) -> Response:
        """Return what a client has to know of the server (RFC 8414)."""
        try:
            check_host(request.headers.getlist("host"), self.settings.allowed_hosts)
        except NotAnOperation as failure:
            return _render(_refusal(failure.status, "invalid_request", failure.text), request)
        site = site_of(request, self.settings)
        return render_json_response(
            {
                "issuer": issuer_of(site, self.settings),
                **self._endpoints(site),
                "jwks_uri": f"{site}{KEYS_PATH}",
                "response_types_supported": [],
                "grant_types_supported": [GRANT_TYPE],
                "tls_client_certificate_bound_access_tokens": self.settings.client_certificate_header is not None,
                "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
            },
            200,
        )

    def _endpoints(self, site: str) -> Mapping[str, object]:
        """Return where each endpoint is, and how an application says there who it is."""
        members: dict[str, object] = {}
        for endpoint, path in _PATHS.items():
            members |= {
                f"{endpoint}_endpoint": f"{site}{path}",
                f"{endpoint}_endpoint_auth_methods_supported": [*self._methods()],
                f"{endpoint}_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
            }
        return members


def issuer_of(site: str, settings: Settings) -> str:
    """Return the issuer in the metadata: that of the tokens where it is an address, as RFC 8414 has it."""
    return settings.issuer if settings.issuer.startswith("https://") else site


def _find_client(name: str, content: PortalContent) -> Client | None:
    application = content.registry.applications.get(ApplicationId(name))
    # Who may not ask gets no token either, and isn't told from who isn't registered.
    if application is None or application.public_key is None or not is_admitted(application, content.registry):
        return None
    key = content.key_files.get(application.public_key)
    return None if key is None else Client(application, key)


def _parse_form(request: Request, body: bytes) -> dict[str, str]:
    """Return the fields of a form. Raises: NotAnOperation."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != _FORM_TYPE:
        raise NotAnOperation(415, Text(en=f"send `Content-Type: {_FORM_TYPE}`", zh=f"请以 `{_FORM_TYPE}` 发送"))
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20
        )
    except ValueError:
        raise NotAnOperation(400, Text(en="the form can't be read", zh="表单无法读取")) from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise NotAnOperation(400, Text(en="a field is there twice", zh="字段重复"))
    return form


def _refusal(status: int, error: str, text: Text) -> TokenReply:
    return TokenReply(status, {"error": error, "error_description": text.en}, refused=text)


def _render(reply: TokenReply, request: Request, nonce: str | None = None) -> Response:
    """Return the reply, its sentence also in the language that the client prefers, with the next proof's nonce."""
    body = dict(reply.body)
    if reply.refused is not None:
        body["message"] = reply.refused.render(wanted_language(request.headers.getlist("accept-language")))
    response = render_json_response(body, reply.status)
    response.headers["Pragma"] = "no-cache"
    if nonce is not None:
        response.headers[NONCE_HEADER] = nonce
    if reply.status == 429:
        response.headers["Retry-After"] = "1"
    return response
