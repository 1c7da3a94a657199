"""Requests to the authorization server as Authlib takes them, and what they prove of who sends them.

Pure: a request comes as a value, and what it proves is kept on it; who calls speaks HTTP.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from cryptography import x509

from portal.errors import Text, Unauthenticated
from portal.identity.assertions import (
    ASSERTION_TYPE,
    Assertion,
    Surroundings,
    verify_assertion,
    verify_client_certificate,
)
from portal.identity.claims import Binding
from portal.identity.nonces import NonceSeal
from portal.identity.proofs import Proof
from portal.identity.registry import Application
from portal.identity.tokens import TokenAuthority

GRANT_TYPE = "client_credentials"


class AuthMethod(StrEnum):
    """How an application says who it is."""

    ASSERTION = "private_key_jwt"
    CERTIFICATE = "tls_client_auth"
    """By the certificate of its connection alone (RFC 8705 §2.1)."""


class Endpoint(StrEnum):
    """What an application may ask of the server, by the names that the metadata and Authlib have for it."""

    TOKEN = "token"  # noqa: S105  the name of an endpoint
    INTROSPECTION = "introspection"
    REVOCATION = "revocation"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What came to an endpoint: its address as clients write it, the form, `DPoP` headers, the certificate.

    `certificate` is that of the connection, as a proxy that is trusted says.
    """

    url: str
    form: Mapping[str, str]
    proofs: Sequence[str] = ()
    certificate: x509.Certificate | None = None


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What tokens count by: whose keys, which ids were revoked, and whether those bound to nothing are taken.

    `seal` is of the nonces of which a proof has to hold one; None where none is asked for.
    """

    authority: TokenAuthority
    revoked: Container[str] = frozenset()
    takes_bearer: bool = True
    seal: NonceSeal | None = None


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """What must be taken only once: its digest, and when it is refused for its age anyway (UTC)."""

    digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NamedToken:
    """A token by what may be written down of it: its id, its end (UTC), and to what it is bound."""

    id: str
    expires_at: datetime
    binding: Binding | None


@dataclass(frozen=True, slots=True)
class TokenReply:
    """The answer: status and JSON body; it may leave only when each of `once` was taken for the first time.

    `refused` says in both languages what was wrong; `client` is who asked, where that is proven. `issued` is the token
    in the body, `revoked` one that is to count no more before the answer leaves.
    """

    status: int
    body: Mapping[str, object]
    once: tuple[ShownOnce, ...] = ()
    refused: Text | None = None
    client: Application | None = None
    issued: NamedToken | None = None
    revoked: NamedToken | None = None

    @property
    def error(self) -> str | None:
        """The error's name in the standard, None where it is none."""
        error = self.body.get("error")
        return error if isinstance(error, str) else None


class ReceivedRequest(OAuth2Request):  # type: ignore[misc]  # the library has no types
    """A request as the library has it, with what it is held against and what it has proven so far."""

    def __init__(self, request: TokenRequest, around: Surroundings, terms: TokenTerms) -> None:
        # Whether the transport is secure is the proxy's matter: the portal listens behind it.
        super().__init__("POST", "https://portal.invalid/token")
        self.payload = BasicOAuth2Payload(dict(request.form))
        self.received, self.around, self.terms = request, around, terms
        self.assertion: Assertion | None = None
        self.application: Application | None = None
        self.proof: Proof | None = None
        self.refused: Text | None = None
        self.issued: NamedToken | None = None
        self.revoked: NamedToken | None = None

    @property
    def form(self) -> dict[str, str]:
        """The form's fields."""
        return cast("dict[str, str]", self.payload.data)

    @property
    def args(self) -> dict[str, str]:
        """Nothing: what stands in an address is written down by proxies."""
        return {}

    @property
    def once(self) -> tuple[ShownOnce, ...]:
        """What it showed that counts once, whatever else is wrong with it."""
        shown = [one for one in (self.assertion, self.proof) if one is not None]
        return tuple(ShownOnce(one.digest, one.expires_at) for one in shown)

    @contextmanager
    def refusing(self, error: type[OAuth2Error]) -> Iterator[None]:
        """Turn a refusal into an error of the library, and keep its words."""
        try:
            yield
        except Unauthenticated as refused:
            self.refused = refused.text
            raise error(description=plain(refused.text.en)) from None


@dataclass(frozen=True, slots=True)
class RegisteredClient(ClientMixin):  # type: ignore[misc]
    """A registered application as the library asks for it."""

    application: Application

    def get_client_id(self) -> str:
        """Return its id."""
        return str(self.application.id)

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether it is the one grant that there is."""
        return grant_type == GRANT_TYPE

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether it may say so who it is; every endpoint takes the same ways."""
        return endpoint in tuple(Endpoint) and method in tuple(AuthMethod)

    def get_allowed_scope(self, _scope: str | None) -> str:
        """Return no scope: what an application may read is decided at each request."""
        return ""


def by_assertion(_query_client: object, request: ReceivedRequest) -> RegisteredClient | None:
    """Return the client whose assertion the form holds, None where it holds none and a certificate may do.

    Raises: InvalidClientError.
    """
    form = request.form
    if "client_assertion" not in form and "client_assertion_type" not in form and request.received.certificate:
        return None
    with request.refusing(InvalidClientError):
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
    return RegisteredClient(assertion.application)


def by_certificate(_query_client: object, request: ReceivedRequest) -> RegisteredClient:
    """Return the client whose registered certificate the connection showed. Raises: InvalidClientError."""
    certificate = request.received.certificate
    with request.refusing(InvalidClientError):
        if certificate is None:
            raise Unauthenticated(
                Text(en="the connection shows no certificate, and no assertion came", zh="连接未出示证书，也未附断言")
            )
        request.application = verify_client_certificate(certificate, request.form.get("client_id", ""), request.around)
    return RegisteredClient(request.application)


def plain(text: str) -> str:
    """Return a sentence as `error_description` may hold it (RFC 6749 §5.2)."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in text)
