"""The demonstration's own identity provider, by Authlib's server parts: code, PKCE and OpenID, and no password.

It signs in whoever is chosen, so it stands nowhere but in a demonstration. It keeps nothing: a code is sealed and says
itself what it was given for, and who calls `redeem` takes each code once. Its keys come of the portal's secret, so that
all workers have the same.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import orjson
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDCode
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from portal.errors import BadInput
from portal.identity.client_settings import DEMONSTRATION_CLIENT, DEMONSTRATION_ISSUER
from portal.identity.demonstration_requests import PushedAway
from portal.identity.directory import WELL_KNOWN
from portal.identity.segments import decode_segment, encode_segment

SIGN_IN_PATH = "/demonstration/sign-in"
"""Where the browser is sent, on the portal's own site."""
TOKEN_ADDRESS = f"{DEMONSTRATION_ISSUER}/token"
PUSHED_ADDRESS = f"{DEMONSTRATION_ISSUER}/par"
_KEYS_ADDRESS = f"{DEMONSTRATION_ISSUER}/jwks"
_KEY_ID = "demonstration"
_CODE_LIFE = timedelta(minutes=1)
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Redirected:
    """Where the browser goes with its code, or why it doesn't."""

    location: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """An answer to the portal; of a code it may leave only if the code of this digest was never taken before."""

    status: int
    body: Mapping[str, object] = field(repr=False)
    code_digest: bytes | None = None
    expires_at: datetime | None = None


class DemonstrationProvider:
    """Signs in whoever is chosen; `portal_key` gives the key by which the portal says who it is."""

    def __init__(self, digest_secret: bytes, portal_key: Callable[[], Ed25519PrivateKey]) -> None:
        drawn = _derive(digest_secret, b"demonstration provider signing")
        # A private key of P-256 lies between 1 and its order; the shift keeps any 256 bits below it.
        self._signing = ECKey.import_key(ec.derive_private_key((int.from_bytes(drawn) >> 1) + 1, ec.SECP256R1()))
        self._seal = AESGCM(_derive(digest_secret, b"demonstration provider codes"))
        self._pushed = PushedAway(AESGCM(_derive(digest_secret, b"demonstration provider pushed requests")))
        self._server = _make_server(self)
        self.portal_key = portal_key

    @property
    def signing(self) -> ECKey:
        """The key that signs identity tokens."""
        return self._signing

    def published(self, address: str) -> bytes | None:
        """Return what the provider publishes at the address, None where that is nothing."""
        match address.removeprefix(DEMONSTRATION_ISSUER):
            case "/.well-known/openid-configuration" as path if path == WELL_KNOWN:
                return orjson.dumps(_METADATA)
            case "/jwks":
                public = self._signing.as_dict(private=False)
                return orjson.dumps({"keys": [{**public, "kid": _KEY_ID, "alg": "ES256", "use": "sig"}]})
            case _:
                return None

    def authorize(self, query: Mapping[str, str], redirect_uri: str, user: str | None) -> Redirected:
        """Return where the browser goes; `user` is who was chosen, None to look only at what is asked.

        `redirect_uri` is the only one that the portal has. What was pushed counts instead of what the browser carries.
        """
        asked = self._asked(query)
        if asked is None:
            return Redirected(None, "invalid_request_uri")
        request = _Request("GET", f"{DEMONSTRATION_ISSUER}{SIGN_IN_PATH}", dict(asked), redirect_uri)
        try:
            grant = self._server.get_consent_grant(request, user)
        except OAuth2Error as error:
            return Redirected(None, str(error.error))
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return Redirected(None, "invalid_request")
        if user is None:
            return Redirected(None)
        answered: Redirected = self._server.create_authorization_response(request, grant_user=user, grant=grant)
        return answered

    def hint(self, query: Mapping[str, str]) -> str | None:
        """Return who probably signs in, where the portal said so."""
        asked = self._asked(query)
        return None if asked is None else asked.get("login_hint")

    def _asked(self, query: Mapping[str, str]) -> Mapping[str, str] | None:
        return self._pushed.open(query) if "request_uri" in query else query

    def push(self, form: Mapping[str, str]) -> Redeemed:
        """Return a reference to what is asked for, if the portal asks and it may be asked (RFC 9126)."""
        request = _Request("POST", PUSHED_ADDRESS, dict(form), "")
        if _by_assertion(self, request, DEMONSTRATION_ISSUER) is None:
            return Redeemed(401, {"error": "invalid_client"})
        asked = {name: value for name, value in form.items() if not name.startswith("client_assertion")}
        error = self.authorize(asked, asked.get("redirect_uri", ""), None).error
        # A reference to a reference would be none (RFC 9126 §2.1).
        if error is not None or "request_uri" in asked:
            return Redeemed(400, {"error": error or "invalid_request"})
        return Redeemed(201, self._pushed.seal(asked))

    def redeem(self, form: Mapping[str, str]) -> Redeemed:
        """Return the tokens for a code."""
        request = _Request("POST", TOKEN_ADDRESS, dict(form), form.get("redirect_uri", ""))
        status, body = self._server.create_token_response(request)
        code = cast("_Code | None", request.authorization_code)
        if status != 200 or code is None:
            return Redeemed(status, body)
        return Redeemed(status, body, sha256(form["code"].encode()).digest(), code.expires_at)

    def seal_code(self, code: "_Code") -> str:
        """Return the code as it goes through the browser."""
        nonce = os.urandom(_NONCE_BYTES)
        members = [code.user, code.redirect_uri, code.nonce, code.challenge, code.expires_at.timestamp()]
        return encode_segment(nonce + self._seal.encrypt(nonce, orjson.dumps(members), _CODE_BOUND))

    def open_code(self, text: str) -> "_Code | None":
        """Return what a code was given for, None for one that isn't the provider's or has expired."""
        try:
            sealed = decode_segment(text)
            content = self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _CODE_BOUND)
        except (BadInput, InvalidTag, ValueError):
            return None
        user, redirect_uri, nonce, challenge, expires_at = orjson.loads(content)
        code = _Code(user, redirect_uri, nonce, challenge, datetime.fromtimestamp(expires_at, UTC))
        return code if datetime.now(UTC) < code.expires_at else None


_CODE_BOUND = b"code of the demonstration's provider"
_METADATA: Mapping[str, object] = {
    "issuer": DEMONSTRATION_ISSUER,
    "authorization_endpoint": f"{DEMONSTRATION_ISSUER}{SIGN_IN_PATH}",
    "token_endpoint": TOKEN_ADDRESS,
    "jwks_uri": _KEYS_ADDRESS,
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["ES256"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["Ed25519"],
    "authorization_response_iss_parameter_supported": True,
    "pushed_authorization_request_endpoint": PUSHED_ADDRESS,
}


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(secret)


class _Request(OAuth2Request):  # type: ignore[misc]  # the library has no types
    """A request as the library has it; `own_redirect_uri` is the portal's."""

    def __init__(self, method: str, address: str, members: dict[str, str], own_redirect_uri: str) -> None:
        super().__init__(method, address)
        self.payload = BasicOAuth2Payload(members)
        self.own_redirect_uri = own_redirect_uri

    @property
    def form(self) -> dict[str, str]:
        return cast("dict[str, str]", self.payload.data)

    @property
    def args(self) -> dict[str, str]:
        return self.form


@dataclass(frozen=True, slots=True)
class _Client(ClientMixin):  # type: ignore[misc]
    """The portal, as the library asks for it."""

    id_token_signed_response_alg = "ES256"  # noqa: S105  the name of an algorithm

    def get_client_id(self) -> str:
        return DEMONSTRATION_CLIENT

    def get_default_redirect_uri(self) -> None:
        """Return none: it is always stated."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return "openid" if scope == "openid" else ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether it may be one; that it is the portal's own is checked with the request."""
        return bool(redirect_uri)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "private_key_jwt" and endpoint == "token"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass(frozen=True, slots=True)
class _Code:
    """A code, as the library asks for it."""

    user: str
    redirect_uri: str
    nonce: str | None
    challenge: str
    expires_at: datetime

    @property
    def code_challenge(self) -> str:
        return self.challenge

    @property
    def code_challenge_method(self) -> str:
        return "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return "openid"

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> None:
        """Return none: the library says now."""

    def get_acr(self) -> None:
        """Return none: nothing was proven."""

    def get_amr(self) -> None:
        """Return none: nothing was proven."""


class _Grant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes that are sealed instead of kept."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("private_key_jwt",)

    def save_authorization_code(self, code: str, request: _Request) -> None:
        """Keep nothing: the code says all itself."""

    def generate_authorization_code(self) -> str:
        asked = self.request.payload.data
        code = _Code(
            str(self.request.user),
            asked["redirect_uri"],
            asked.get("nonce"),
            asked["code_challenge"],
            datetime.now(UTC) + _CODE_LIFE,
        )
        return cast("str", self.server.provider.seal_code(code))

    def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
        return cast("_Code | None", self.server.provider.open_code(code))

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        """Remove nothing: who calls the provider takes each code once."""

    def authenticate_user(self, authorization_code: _Code) -> str:
        return authorization_code.user


class _OpenId(OpenIDCode):  # type: ignore[misc]
    """Identity tokens of the provider."""

    def __init__(self, provider: DemonstrationProvider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def resolve_client_private_key(self, client: _Client) -> ECKey:
        return self._provider.signing

    def get_encode_header(self, client: _Client) -> dict[str, str]:
        return {"alg": "ES256", "kid": _KEY_ID}

    def get_client_claims(self, client: _Client) -> dict[str, object]:
        return {"iss": DEMONSTRATION_ISSUER, "aud": [DEMONSTRATION_CLIENT]}

    def exists_nonce(self, nonce: str, request: _Request) -> bool:
        """Return no: the portal takes each nonce once itself."""
        return False

    def generate_user_info(self, user: str, scope: str) -> dict[str, str]:
        return {"sub": user}


class _Issuer(IssuerParameter):  # type: ignore[misc]
    """Names the provider beside each code (RFC 9207)."""

    def get_issuer(self) -> str:
        return DEMONSTRATION_ISSUER


@dataclass(slots=True)
class _Answer:
    """An answer in the browser, whose address the library's extensions add to."""

    location: str


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server, on values instead of a web framework's requests."""

    def __init__(self, provider: DemonstrationProvider) -> None:
        super().__init__(scopes_supported=["openid"])
        self.provider = provider

    def query_client(self, client_id: str) -> _Client | None:
        return _Client() if client_id == DEMONSTRATION_CLIENT else None

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def get_consent_grant(self, request: _Request, end_user: str | None) -> Any:  # noqa: ANN401
        """Return the grant that is asked for, if it is of the portal and comes back to it."""
        if request.payload.redirect_uri != request.own_redirect_uri:
            raise OAuth2Error(description="another redirect_uri")
        return super().get_consent_grant(request, end_user)

    def save_token(self, token: Mapping[str, object], request: _Request) -> None:
        """Keep nothing: the access token opens nothing."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def create_authorization_response(self, request: _Request, grant_user: str, grant: Any) -> Redirected:  # noqa: ANN401
        """Return where the browser goes."""
        answer = super().create_authorization_response(request, grant_user, grant)
        return answer if isinstance(answer, Redirected) else Redirected(answer.location)

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:  # noqa: ANN401
        """Return the answer as the desk takes it: of a browser its address, of the token endpoint status and body."""
        location = dict(headers).get("Location")
        return (status, body) if location is None else _Answer(location)


def _by_assertion(provider: DemonstrationProvider, request: _Request, audience: str) -> _Client | None:
    """Return the portal, if the assertion is signed with its key, and for this audience."""
    key = OKPKey.import_key(provider.portal_key().public_key())
    try:
        claims = jwt.decode(request.form.get("client_assertion", ""), key, algorithms=["Ed25519"]).claims
    except (JoseError, ValueError):
        return None
    now = datetime.now(UTC).timestamp()
    is_own = claims.get("iss") == claims.get("sub") == DEMONSTRATION_CLIENT
    is_here = claims.get("aud") == audience and claims.get("exp", 0) > now
    return _Client() if is_own and is_here else None


def _bearer_token(**_asked: object) -> dict[str, object]:
    return {"token_type": "Bearer", "access_token": generate_token(42), "expires_in": 60, "scope": "openid"}


def _make_server(provider: DemonstrationProvider) -> Any:  # noqa: ANN401  the library has no types
    server = _Server(provider)
    server.register_client_auth_method(
        "private_key_jwt", lambda _query, request: _by_assertion(provider, request, TOKEN_ADDRESS)
    )
    server.register_token_generator("default", _bearer_token)
    server.register_grant(_Grant, [CodeChallenge(required=True), _OpenId(provider)])
    server.register_extension(_Issuer())
    return server
