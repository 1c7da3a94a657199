"""Tokens for applications: the OAuth 2.0 server's part, client credentials with a signed assertion, by Authlib.

Pure: a request comes as a value, and what it proves and gets goes as one; who calls it speaks HTTP, takes each proof
and assertion once before the token leaves, and makes a revocation durable before it is answered (RFC 6749 §4.4,
RFC 7009, RFC 7523, RFC 7662, RFC 8705, RFC 9449, RFC 9068).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, assert_never, cast

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, OAuth2Error
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from cryptography import x509

from portal.certificates.certificates import thumbprint
from portal.errors import Text, Unauthenticated
from portal.identity.assertions import Surroundings
from portal.identity.claims import MAX_AUTH_LEVEL, Binding, Confirmation, SubjectKind
from portal.identity.proofs import NonceNeeded, ProvenRequest, verify_proof
from portal.identity.registry import Application
from portal.identity.token_endpoints import Introspection, Revocation
from portal.identity.token_requests import (
    AuthMethod,
    Endpoint,
    NamedToken,
    ReceivedRequest,
    TokenReply,
    TokenRequest,
    TokenTerms,
    by_assertion,
    by_certificate,
    plain,
)
from portal.identity.tokens import Scheme, TokenGrant, issue_token, new_token_id

TOKEN_SECONDS = 300
"""So long a token of this server lives."""
CERTIFICATE_LEVEL = 2
"""The level of who shows a certificate (enforcement.md §1); an application that is registered with less has less."""
NONCE_ERROR = "use_dpop_nonce"


class InvalidProof(OAuth2Error):  # type: ignore[misc]  # the library has no types
    """The proof of the key that the token is to be bound to doesn't hold (RFC 9449 §5)."""

    error = "invalid_dpop_proof"


class NonceRequired(OAuth2Error):  # type: ignore[misc]
    """The proof holds, but for a nonce of this server (RFC 9449 §8)."""

    error = NONCE_ERROR


def answer_request(endpoint: Endpoint, request: TokenRequest, around: Surroundings, terms: TokenTerms) -> TokenReply:
    """Return what the endpoint gives to the request, or why it gives nothing."""
    received = ReceivedRequest(request, around, terms)
    match endpoint:
        case Endpoint.TOKEN:
            reply: TokenReply = _SERVER.create_token_response(received)
        case Endpoint.INTROSPECTION | Endpoint.REVOCATION:
            reply = _SERVER.create_endpoint_response(endpoint, received)
        case _:
            assert_never(endpoint)
    return replace(
        reply,
        once=received.once,
        refused=received.refused,
        client=received.application,
        issued=received.issued,
        revoked=received.revoked,
    )


def refuse_repeated() -> TokenReply:
    """Return the answer to what was shown before."""
    text = Text(
        en="the assertion or DPoP proof was used before; make new ones, with another `jti`, for each request",
        zh="该断言或 DPoP 证明已被使用；请为每次请求重新生成并使用不同的 `jti`",
    )
    return replace(_refusal(InvalidClientError(description=plain(text.en))), refused=text)


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server, on values instead of a web framework's requests."""

    def query_client(self, client_id: str) -> None:
        """Return nothing: a client is known by its assertion alone."""

    def create_oauth2_request(self, request: ReceivedRequest) -> ReceivedRequest:
        return request

    def save_token(self, token: Mapping[str, object], request: ReceivedRequest) -> None:
        """Keep nothing: tokens say all that they say themselves."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def handle_response(self, status: int, body: Mapping[str, object], headers: object) -> TokenReply:
        return TokenReply(status, body)

    def handle_error_response(self, request: ReceivedRequest, error: OAuth2Error) -> TokenReply:
        return _refusal(error)


def _refusal(error: OAuth2Error) -> TokenReply:
    status, body, _ = error()
    # RFC 6749 §5.2: who couldn't be authenticated is told so by the status too.
    status = 401 if isinstance(error, InvalidClientError) else status
    return TokenReply(status, dict(body))


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials, with a token that is bound to the key of the proof or to the connection's certificate."""

    TOKEN_ENDPOINT_AUTH_METHODS = tuple(AuthMethod)
    request: ReceivedRequest

    def validate_token_request(self) -> None:
        """Authenticate the client, and hold the proof, if one came, to this endpoint."""
        super().validate_token_request()
        proofs = self.request.received.proofs
        if not proofs and self.request.received.certificate is not None:
            return
        try:
            self._check_proof()
        except NonceNeeded as refused:
            self.request.refused = refused.text
            raise NonceRequired(description=plain(refused.text.en)) from None
        except Unauthenticated as refused:
            self.request.refused = refused.text
            raise InvalidProof(description=plain(refused.text.en)) from None

    def _check_proof(self) -> None:
        received = self.request.received
        # INVARIANT: no token leaves that anybody could use who copies it.
        if not received.proofs:
            raise Unauthenticated(
                Text(
                    en="send a header `DPoP` with a proof: tokens are bound to the key that it is made with",
                    zh="请在 `DPoP` 头中附上证明：令牌与其密钥绑定",
                )
            )
        if len(received.proofs) > 1:
            raise Unauthenticated(
                Text(en="there is more than one `DPoP` header; send one", zh="`DPoP` 头重复；请只发送一个")
            )
        expected = ProvenRequest("POST", received.url, seal=self.request.terms.seal)
        self.request.proof = verify_proof(received.proofs[0], expected, self.request.around.now)

    def create_token_response(self) -> tuple[int, dict[str, object], object]:
        """Return the token; `handle_response` adds nothing to it."""
        confirmation, now = self._confirmation(), self.request.around.now
        application = cast("Application", self.request.application)
        grant = TokenGrant(
            SubjectKind.APPLICATION,
            application.id,
            TOKEN_SECONDS,
            min(CERTIFICATE_LEVEL, MAX_AUTH_LEVEL if application.auth_level is None else application.auth_level),
            application.network_zone,
            confirmation,
            new_token_id(),
        )
        scheme = Scheme.DPOP if self.request.proof else Scheme.BEARER
        token = issue_token(grant, self.request.terms.authority, now)
        expires_at = now.replace(microsecond=0) + timedelta(seconds=TOKEN_SECONDS)
        self.request.issued = NamedToken(cast("str", grant.token_id), expires_at, confirmation.binding)
        return 200, {"access_token": token, "token_type": scheme.value, "expires_in": TOKEN_SECONDS}, ()

    def _confirmation(self) -> Confirmation:
        if self.request.proof is not None:
            return Confirmation(Binding.KEY, self.request.proof.thumbprint)
        certificate = cast("x509.Certificate", self.request.received.certificate)
        return Confirmation(Binding.CERTIFICATE, thumbprint(certificate))


def _make_server() -> Any:  # noqa: ANN401  the library has no types
    server = _Server()
    server.register_client_auth_method(AuthMethod.ASSERTION, by_assertion)
    server.register_client_auth_method(AuthMethod.CERTIFICATE, by_certificate)
    server.register_grant(_Grant)
    server.register_endpoint(Introspection)
    server.register_endpoint(Revocation)
    return server


_SERVER = _make_server()
