"""Where HTTP requests for `/graphql` are answered: negotiate, authenticate, read, admit, answer, render."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from time import monotonic

from starlette.requests import Request
from starlette.responses import Response

from portal.access.asker import Asker, identify
from portal.access.kept import Kept
from portal.audit.ledger import ShownProof
from portal.errors import Language, PolicyUnavailable, PortalError, RateLimited, Text, Unauthenticated
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.nonces import NONCE_HEADER, nonce_seal
from portal.identity.proofs import Proof
from portal.identity.senders import Sender, check_sender
from portal.identity.sessions import LONGEST
from portal.identity.tokens import TokenVerifier, read_authorization
from portal.resolvers.admission import FairGate
from portal.resolvers.browser import REQUEST_HEADER, is_own_page
from portal.resolvers.buckets import Buckets
from portal.resolvers.case_headers import read_case_headers
from portal.resolvers.documents import Documents
from portal.resolvers.endpoint import Endpoint
from portal.resolvers.hosts import check_host, site_of
from portal.resolvers.negotiation import JSON_TYPE, RESPONSE_TYPE, wanted_language, wanted_type
from portal.resolvers.observing import observation_of
from portal.resolvers.operation import Outcome, answer_operation, refuse_request
from portal.resolvers.over_http import Address, NotAnOperation, client_address, read_operation, render_response
from portal.resolvers.proxies import Proxy
from portal.resolvers.session_reader import SessionReader, Shown
from portal.settings import Settings

_PUBLIC_SHARE = "public"
_KEPT_DEPARTMENTS = 4096


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers HTTP requests; made once a process.

    `departments` keeps whose share a subject's requests count in. It may lag behind the register: nothing but turns
    depends on it.
    """

    settings: Settings
    endpoint: Endpoint
    tokens: TokenVerifier
    gate: FairGate
    buckets: Buckets
    proxy: Proxy
    sessions: SessionReader
    documents: Documents = field(default_factory=Documents)
    departments: Kept[str] = field(default_factory=lambda: Kept(_KEPT_DEPARTMENTS))

    async def answer(self, request: Request) -> Response:
        """Return the response to a GET, HEAD or POST request."""
        language = wanted_language(request.headers.getlist("accept-language"))
        media_type = wanted_type(request.headers.getlist("accept"))
        outcome = _not_acceptable(language) if media_type is None else await self._outcome(request, language)
        observation_of(request).code = outcome.code
        headers = {"Content-Language": language.value, **self.nonce_for(request)}
        return render_response(outcome, media_type or JSON_TYPE, headers)

    def nonce_for(self, request: Request) -> Mapping[str, str]:
        """Return the header with the nonce for the next proof of who sent one, where proofs have to hold one."""
        if not self.settings.dpop_nonces or "dpop" not in request.headers:
            return {}
        now = self.endpoint.road.now()
        return {NONCE_HEADER: nonce_seal(self.endpoint.road.keys, now).make(now)}

    async def _outcome(self, request: Request, language: Language) -> Outcome:
        address = client_address(request, self.settings.trusted_proxies)
        try:
            outcome = await self._answer(request, address, language)
        except NotAnOperation as failure:
            return failure.outcome(language)
        except PortalError as failure:
            outcome = refuse_request(failure, language)
        if outcome.status == HTTPStatus.UNAUTHORIZED:
            self.endpoint.road.recorder.count_refused_token(str(address))
        return outcome

    async def _answer(self, request: Request, address: Address | None, language: Language) -> Outcome:
        check_host(request.headers.getlist("host"), self.settings.allowed_hosts)
        keys = self.endpoint.road.keys
        shown = await self._shown(request, address)
        claims = await self.authenticate(request, address) if shown is None else shown.claims
        reference = read_case_headers(request.headers)
        sent = await read_operation(request, self.settings.max_body_bytes)
        operation = self.documents.complete(sent, None if claims is None else f"{claims.kind}:{claims.id}")
        asker = Asker(claims, address, observation_of(request).request_id, reference)
        # A header that few send: to look for the site costs nothing where it isn't there.
        if REQUEST_HEADER in request.headers:
            asker = replace(asker, is_own_page=is_own_page(request, site_of(request, self.settings)))
        if shown is not None:
            asker = replace(asker, has_second_factor=shown.has_second_factor, session=shown.session)
        async with self.gate.admit(await self.share_of(asker)):
            outcome = await answer_operation(self.endpoint, asker, operation, language)
        if shown is None and self.endpoint.road.keys is not keys:
            # INVARIANT: the keys in force when the request was decided have verified its token, not those before.
            self._claims_of(request)
        return self._with_cookie(request, outcome)

    def _with_cookie(self, request: Request, outcome: Outcome) -> Outcome:
        """Return the outcome with the cookie of the session, where what it may do has changed."""
        if outcome.session_secret is None:
            return outcome
        cookie = self.sessions.cookie_for(request).keep(outcome.session_secret, int(LONGEST.total_seconds()))
        return replace(outcome, headers={**outcome.headers, "Set-Cookie": cookie})

    async def _shown(self, request: Request, address: Address | None) -> Shown | None:
        """Return the session that counts, None for a request without. Raises: Unauthenticated, RateLimited."""
        try:
            return await self.sessions.asked_with(request)
        except Unauthenticated:
            # Guessing costs as much as asking in public.
            self._take(address)
            raise

    async def authenticate(self, request: Request, address: Address | None) -> TokenClaims | None:
        """Return what the token claims, None for the public. Raises: Unauthenticated, RateLimited."""
        keys = self.endpoint.road.keys
        try:
            claims, proof = self._claims_of(request)
        except Unauthenticated:
            # What doesn't verify costs more than what does: it counts as the public's.
            self._take(address)
            # It may be of a key that this worker has not heard of yet.
            with suppress(PolicyUnavailable):
                await self.endpoint.road.keeper.current()
            if self.endpoint.road.keys is keys:
                raise
            claims, proof = self._claims_of(request)
        if proof is not None:
            await self._use(proof, address)
        if claims is None:
            self._take(address)
        elif claims.kind is SubjectKind.APPLICATION:
            observation_of(request).application = claims.id
        return claims

    def _claims_of(self, request: Request) -> tuple[TokenClaims | None, Proof | None]:
        """Return what the token claims, None for the public, and the proof that it is its sender's, where one is due.

        Raises: Unauthenticated.
        """
        presented = read_authorization(request.headers.getlist("authorization"))
        if presented is None:
            return None, None
        now = self.endpoint.road.now()
        claims = self.tokens.claims_of(presented.token, now)
        return claims, check_sender(
            presented, claims, self._sender_of(request, now), now, takes_bearer=self.settings.bearer_tokens
        )

    def _sender_of(self, request: Request, now: datetime) -> Sender:
        proofs, shown = request.headers.getlist("dpop"), self.proxy.shown_by(request)
        # The address is what a proof names, and the nonce what it holds.
        url = f"{site_of(request, self.settings)}{request.url.path}" if proofs else ""
        seal = nonce_seal(self.endpoint.road.keys, now) if proofs and self.settings.dpop_nonces else None
        return Sender(request.method, url, proofs, None if shown is None else shown.thumbprint, seal)

    async def _use(self, proof: Proof, address: Address | None) -> None:
        """Let the proof count for this request alone. Raises: Unauthenticated, RateLimited, AuditUnavailable."""
        if await self.endpoint.road.recorder.use_proof(ShownProof(proof.digest, proof.expires_at)):
            return
        self._take(address)
        raise Unauthenticated(
            Text(
                en="the DPoP proof was used before; make a new one, with another `jti`, for each request",
                zh="该 DPoP 证明已被使用；请为每次请求生成新的证明并使用不同的 `jti`",
            )
        )

    def _take(self, address: Address | None) -> None:
        seconds = self.buckets.take(address, monotonic())
        if seconds:
            most = self.settings.public_requests_per_second
            text = Text(
                en=f"more than {most} requests a second from one address; ask again as `Retry-After` says",
                zh=f"单个地址每秒请求超过 {most} 次；请按 `Retry-After` 所示时间后重试",
            )
            raise RateLimited(text, seconds)

    async def share_of(self, asker: Asker) -> str:
        """Return in whose share the request counts. Raises: Unauthenticated, PolicyUnavailable."""
        if asker.claims is None:
            return _PUBLIC_SHARE
        key = (asker.claims.kind, asker.claims.id)
        known = self.departments.find(key)
        if known is None:
            subject, _ = identify(asker, (await self.endpoint.road.keeper.current()).snapshot.registry)
            known = self.departments.keep(key, str(subject.department))
        return known


def _not_acceptable(language: Language) -> Outcome:
    text = Text(en=f"accept `{JSON_TYPE}` or `{RESPONSE_TYPE}`", zh=f"请接受 `{JSON_TYPE}` 或 `{RESPONSE_TYPE}`")
    return NotAnOperation(406, text).outcome(language)
