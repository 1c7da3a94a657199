"""Tokens for applications: the OAuth 2.0 server's part, client credentials with a signed assertion, by Authlib.

Pure: a request comes as a value, and what it proves and gets goes as one; who calls it speaks HTTP, and takes each
proof and assertion once before the token leaves (RFC 6749 §4.4, RFC 7523, RFC 8705, RFC 9449, RFC 9068).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, InvalidClientError, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from cryptography import x509

from portal.certificates.certificates import thumbprint
from portal.errors import Text, Unauthenticated
from portal.identity.assertions import (
    ASSERTION_TYPE,
    Assertion,
    Surroundings,
    verify_assertion,
    verify_client_certificate,
)
from portal.identity.claims import MAX_AUTH_LEVEL, Binding, Confirmation, SubjectKind
from portal.identity.proofs import Proof, ProvenRequest, verify_proof
from portal.identity.registry import Application
from portal.identity.tokens import Scheme, TokenAuthority, TokenGrant, issue_token

TOKEN_SECONDS = 300
"""So long a token of this server lives."""
CERTIFICATE_LEVEL = 2
"""The level of who shows a certificate (enforcement.md §1); an application that is registered with less has less."""
GRANT_TYPE = "client_credentials"


class AuthMethod(StrEnum):
    """How an application says who it is."""

    ASSERTION = "private_key_jwt"
    CERTIFICATE = "tls_client_auth"
    """By the certificate of its connection alone (RFC 8705 §2.1)."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What came to the token endpoint: its address as clients write it, the form, `DPoP` headers, the certificate.

    `certificate` is that of the connection, as a proxy that is trusted says.
    """

    url: str
    form: Mapping[str, str]
    proofs: Sequence[str] = ()
    certificate: x509.Certificate | None = None


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """What must be taken only once: its digest, and when it is refused for its age anyway (UTC)."""

    digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenReply:
    """The answer: status and JSON body; it may leave only when each of `once` was taken for the first time.

    `refused` says in both languages what was wrong; `application` is who asked, where that is known.
    """

    status: int
    body: Mapping[str, object]
    once: tuple[ShownOnce, ...] = ()
    refused: Text | None = None
    application: str | None = None


class InvalidProof(OAuth2Error):  # type: ignore[misc]  # the library has no types
    """The proof of the key that the token is to be bound to doesn't hold (RFC 9449 §5)."""

    error = "invalid_dpop_proof"


def answer_token_request(request: TokenRequest, around: Surroundings, authority: TokenAuthority) -> TokenReply:
    """Return the token that is asked for, or why there is none."""
    received = _Request(request, around, authority)
    reply: TokenReply = _SERVER.create_token_response(received)
    shown = [one for one in (received.assertion, received.proof) if one is not None]
    once = tuple(ShownOnce(one.digest, one.expires_at) for one in shown)
    application = received.application.id if received.application else None
    return replace(reply, once=once, refused=received.refused, application=application)


def refuse_repeated() -> TokenReply:
    """Return the answer to what was shown before."""
    text = Text(
        en="the assertion or DPoP proof was used before; make new ones, with another `jti`, for each request",
        zh="该断言或 DPoP 证明已被使用；请为每次请求重新生成并使用不同的 `jti`",
    )
    return replace(_refusal(InvalidClientError(description=_ascii(text.en))), refused=text)


class _Request(OAuth2Request):  # type: ignore[misc]
    """A request as the library has it, with what it is held against and what it has proven so far."""

    def __init__(self, request: TokenRequest, around: Surroundings, authority: TokenAuthority) -> None:
        # Whether the transport is secure is the proxy's matter: the portal listens behind it.
        super().__init__("POST", "https://portal.invalid/token")
        self.payload = BasicOAuth2Payload(dict(request.form))
        self.received, self.around, self.authority = request, around, authority
        self.assertion: Assertion | None = None
        self.application: Application | None = None
        self.proof: Proof | None = None
        self.refused: Text | None = None

    @property
    def form(self) -> dict[str, str]:
        """The form's fields."""
        return cast("dict[str, str]", self.payload.data)

    @property
    def args(self) -> dict[str, str]:
        """Nothing: what stands in an address is written down by proxies."""
        return {}


@dataclass(frozen=True, slots=True)
class _Client(ClientMixin):  # type: ignore[misc]
    """A registered application as the library asks for it."""

    application: Application

    def get_client_id(self) -> str:
        return str(self.application.id)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT_TYPE

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in tuple(AuthMethod)

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return no scope: what an application may read is decided at each request."""
        return ""


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server, on values instead of a web framework's requests."""

    def query_client(self, client_id: str) -> None:
        """Return nothing: a client is known by its assertion alone."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def save_token(self, token: Mapping[str, object], request: _Request) -> None:
        """Keep nothing: tokens say all that they say themselves."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def handle_response(self, status: int, body: Mapping[str, object], headers: object) -> TokenReply:
        return TokenReply(status, body)

    def handle_error_response(self, request: _Request, error: OAuth2Error) -> TokenReply:
        return _refusal(error)


def _refusal(error: OAuth2Error) -> TokenReply:
    status, body, _ = error()
    # RFC 6749 §5.2: who couldn't be authenticated is told so by the status too.
    status = 401 if isinstance(error, InvalidClientError) else status
    return TokenReply(status, dict(body))


def _by_assertion(_query_client: object, request: _Request) -> _Client | None:
    """Return the client whose assertion the form holds, None where it holds none and a certificate may do.

    Raises: InvalidClientError.
    """
    form = request.form
    if "client_assertion" not in form and "client_assertion_type" not in form and request.received.certificate:
        return None
    with _refusing(request):
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise Unauthenticated(
                Text(
                    en=f"send a signed `client_assertion`, and `client_assertion_type={ASSERTION_TYPE}`",
                    zh=f"请发送签名的 `client_assertion` 和 `client_assertion_type={ASSERTION_TYPE}`",
                )
            )
        assertion = verify_assertion(form["client_assertion"], request.around)
        if form.get("client_id", assertion.application.id) != assertion.application.id:
            raise Unauthenticated(
                Text(
                    en="`client_id` isn't the application that the assertion names", zh="`client_id` 与断言所列应用不符"
                )
            )
    request.assertion, request.application = assertion, assertion.application
    return _Client(assertion.application)


def _by_certificate(_query_client: object, request: _Request) -> _Client:
    """Return the client whose registered certificate the connection showed. Raises: InvalidClientError."""
    certificate = request.received.certificate
    with _refusing(request):
        if certificate is None:
            raise Unauthenticated(
                Text(en="the connection shows no certificate, and no assertion came", zh="连接未出示证书，也未附断言")
            )
        request.application = verify_client_certificate(certificate, request.form.get("client_id", ""), request.around)
    return _Client(request.application)


@contextmanager
def _refusing(request: _Request) -> Iterator[None]:
    """Turn a refusal into the library's, and keep its words."""
    try:
        yield
    except Unauthenticated as refused:
        request.refused = refused.text
        raise InvalidClientError(description=_ascii(refused.text.en)) from None


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials, with a token that is bound to the key of the proof or to the connection's certificate."""

    TOKEN_ENDPOINT_AUTH_METHODS = tuple(AuthMethod)
    request: _Request

    def validate_token_request(self) -> None:
        """Authenticate the client, and hold the proof, if one came, to this endpoint."""
        super().validate_token_request()
        proofs = self.request.received.proofs
        if not proofs and self.request.received.certificate is not None:
            return
        try:
            # INVARIANT: no token leaves that anybody could use who copies it.
            if not proofs:
                raise Unauthenticated(
                    Text(
                        en="send a header `DPoP` with a proof: tokens are bound to the key that it is made with",
                        zh="请在 `DPoP` 头中附上证明：令牌与其密钥绑定",
                    )
                )
            if len(proofs) > 1:
                raise Unauthenticated(
                    Text(en="there is more than one `DPoP` header; send one", zh="`DPoP` 头重复；请只发送一个")
                )
            expected = ProvenRequest("POST", self.request.received.url)
            self.request.proof = verify_proof(proofs[0], expected, self.request.around.now)
        except Unauthenticated as refused:
            self.request.refused = refused.text
            raise InvalidProof(description=_ascii(refused.text.en)) from None

    def create_token_response(self) -> tuple[int, dict[str, object], object]:
        """Return the token; `handle_response` adds nothing to it."""
        confirmation = self._confirmation()
        application = cast("Application", self.request.application)
        grant = TokenGrant(
            SubjectKind.APPLICATION,
            application.id,
            TOKEN_SECONDS,
            min(CERTIFICATE_LEVEL, MAX_AUTH_LEVEL if application.auth_level is None else application.auth_level),
            application.network_zone,
            confirmation,
        )
        scheme = Scheme.DPOP if self.request.proof else Scheme.BEARER
        token = issue_token(grant, self.request.authority, self.request.around.now)
        return 200, {"access_token": token, "token_type": scheme.value, "expires_in": TOKEN_SECONDS}, ()

    def _confirmation(self) -> Confirmation:
        if self.request.proof is not None:
            return Confirmation(Binding.KEY, self.request.proof.thumbprint)
        certificate = cast("x509.Certificate", self.request.received.certificate)
        return Confirmation(Binding.CERTIFICATE, thumbprint(certificate))


def _ascii(text: str) -> str:
    """Return a sentence as `error_description` may hold it (RFC 6749 §5.2)."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in text)


def _make_server() -> Any:  # noqa: ANN401  the library has no types
    server = _Server()
    server.register_client_auth_method(AuthMethod.ASSERTION, _by_assertion)
    server.register_client_auth_method(AuthMethod.CERTIFICATE, _by_certificate)
    server.register_grant(_Grant)
    return server


_SERVER = _make_server()
