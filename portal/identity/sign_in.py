"""Signing in at the identity provider: authorization code with PKCE, by Authlib's parts (RFC 9700, OpenID Connect).

What one sign-in is bound to lies with the portal, in a row that the browser's cookie finds; nothing of it is in the
browser but two values drawn at random.
"""

import secrets
import warnings
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from urllib.parse import parse_qsl, quote, urlencode

from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from portal.errors import BadInput
from portal.identity.client_settings import ClientSettings
from portal.identity.directory import Directory
from portal.identity.fetching import Fetcher
from portal.identity.id_tokens import ExpectedToken, Identity, UnknownKey, verify_id_token
from portal.identity.keys import key_id
from portal.identity.provider import ProviderMetadata
from portal.identity.pushed_requests import parse_reference, pushed_endpoint
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from portal.json_text import decode_text, parse_json

SIGN_IN_LIFE = timedelta(minutes=10)
"""So long a person may take at the provider."""
MAX_CODE_CHARACTERS = 2048
_VERIFIER_CHARACTERS = 64
_ASSERTION_SECONDS = 60
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that the provider was asked for: what its answer has to fit."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back with the browser, each parameter once. `error` is the provider's word for a refusal."""

    state: str = field(repr=False)
    code: str | None = field(repr=False)
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the token that says so, for signing out."""

    identity: Identity
    id_token: str = field(repr=False)


def draw_sign_in(return_to: str, now: datetime) -> PendingSignIn:
    """Return a new sign-in, its secrets drawn."""
    state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    return PendingSignIn(state, nonce, generate_token(_VERIFIER_CHARACTERS), return_to, now + SIGN_IN_LIFE)


def parse_callback(query_string: bytes) -> Callback:
    """Return what came back. Raises: SignInRefused for a parameter that is there twice, or no state."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise SignInRefused(SignInReason.STATE) from None
    members = dict(pairs)
    if len(members) < len(pairs) or not members.get("state"):
        raise SignInRefused(SignInReason.STATE)
    return Callback(members["state"], members.get("code"), members.get("iss"), members.get("error"))


def check_callback(callback: Callback, metadata: ProviderMetadata) -> str:
    """Return the code, if the answer is the provider's that was asked (RFC 9207).

    Raises: SignInRefused.
    """
    expected = metadata.issuer
    if (callback.issuer is None and metadata.tells_issuer) or callback.issuer not in (None, expected):
        raise SignInRefused(SignInReason.ISSUER)
    if callback.error is not None or not callback.code:
        raise SignInRefused(SignInReason.REFUSED_BY_PROVIDER)
    if len(callback.code) > MAX_CODE_CHARACTERS:
        raise SignInRefused(SignInReason.STATE)
    return callback.code


@dataclass(frozen=True, slots=True)
class SignInClient:
    """Speaks with the identity provider; made once a process. `signing` gives the portal's key as it is now."""

    settings: ClientSettings
    directory: Directory
    fetcher: Fetcher
    signing: Callable[[], Ed25519PrivateKey]

    async def address_for(
        self, pending: PendingSignIn, redirect_uri: str, now: datetime, hint: str | None = None
    ) -> str:
        """Return where the browser is sent; what is asked was pushed before where the provider takes that.

        `hint` is who probably signs in (OpenID Connect Core §3.1.2.1, `login_hint`); it grants nothing.
        Raises: SignInRefused.
        """
        metadata = await self.directory.metadata()
        asked = {**self._request(pending, redirect_uri), **({} if hint is None else {"login_hint": hint})}
        endpoint = pushed_endpoint(metadata, self.settings.pushed_requests)
        if endpoint is not None:
            # RFC 9126 §2: an assertion for this endpoint names the issuer.
            proof, headers = self._authentication(metadata, metadata.issuer, now)
            fetched = await self.fetcher.post(endpoint, {**asked, **proof}, headers)
            asked = {"client_id": self.settings.client_id, "request_uri": parse_reference(fetched)}
        address: str = add_params_to_uri(metadata.authorization_endpoint, list(asked.items()))
        return address

    def _request(self, pending: PendingSignIn, redirect_uri: str) -> Mapping[str, str]:
        """Return what the provider is asked for."""
        return {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }

    async def complete(self, callback: Callback, pending: PendingSignIn, redirect_uri: str, now: datetime) -> SignedIn:
        """Return who signed in. Raises: SignInRefused."""
        if not compare_digest(callback.state.encode(), pending.state.encode()) or now >= pending.expires_at:
            raise SignInRefused(SignInReason.STATE)
        metadata = await self.directory.metadata()
        code = check_callback(callback, metadata)
        access_token, id_token = await self._redeem(code, pending, redirect_uri, metadata, now)
        expected = ExpectedToken(
            metadata.issuer, self.settings.client_id, pending.nonce, access_token, self.settings.user_claim
        )
        try:
            identity = verify_id_token(id_token, await self.directory.keys(), expected, now)
        except UnknownKey:
            # The provider may have rotated its keys. They are fetched anew now and then, never for each token.
            identity = verify_id_token(id_token, await self.directory.keys(renew=True), expected, now)
        return SignedIn(identity, id_token)

    async def logout_address(self, id_token: str | None, return_to: str) -> str | None:
        """Return where the browser signs out at the provider, None where it offers that nowhere or can't be asked."""
        try:
            metadata = await self.directory.metadata()
        except SignInRefused:
            return None
        if metadata.end_session_endpoint is None:
            return None
        hint = {} if id_token is None else {"id_token_hint": id_token}
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": return_to, **hint})
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{joint}{query}"

    async def _redeem(
        self, code: str, pending: PendingSignIn, redirect_uri: str, metadata: ProviderMetadata, now: datetime
    ) -> tuple[str, str]:
        """Return access token and identity token for the code. Raises: SignInRefused."""
        proof, headers = self._authentication(metadata, metadata.token_endpoint, now)
        body: str = prepare_token_request(
            "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=pending.verifier, **proof
        )
        fetched = await self.fetcher.post(metadata.token_endpoint, dict(parse_qsl(body)), headers)
        if fetched.status >= 500:
            raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, "the token endpoint failed")
        if fetched.status != 200:
            raise SignInRefused(SignInReason.REFUSED_BY_PROVIDER, "the token endpoint refused the code")
        return _parse_tokens(fetched.body)

    def _authentication(
        self, metadata: ProviderMetadata, audience: str, now: datetime
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the fields and headers by which the provider knows the portal. Raises: SignInRefused."""
        client_id, secret = self.settings.client_id, self.settings.secret
        if secret is not None:
            # RFC 6749 §2.3.1: each part is encoded as in forms before it is joined.
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            return {}, {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        offered = metadata.assertion_algorithms
        algorithm = next((name for name in ("Ed25519", "EdDSA") if name in offered), None)
        if algorithm is None:
            raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, "the provider takes no assertion by Ed25519")
        assertion = self._assertion(audience, algorithm, now)
        fields = {"client_id": client_id, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}
        return fields, {}

    def _assertion(self, audience: str, algorithm: str, now: datetime) -> str:
        key, issued_at = self.signing(), int(now.timestamp())
        claims: dict[str, str | int] = {
            "iss": self.settings.client_id,
            "sub": self.settings.client_id,
            "aud": audience,
            "iat": issued_at,
            "exp": issued_at + _ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        # Never the type of the portal's own tokens, which the same key signs.
        header = {"alg": algorithm, "typ": "client-authentication+jwt", "kid": key_id(key.public_key())}
        with warnings.catch_warnings():
            # The library warns of `EdDSA`, the former name of Ed25519 that providers still ask for.
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(header, claims, OKPKey.import_key(key), algorithms=[algorithm])


def _parse_tokens(body: bytes) -> tuple[str, str]:
    try:
        members = parse_json(decode_text(body))
    except BadInput:
        members = None
    match members:
        case {"access_token": str(access_token), "id_token": str(id_token), "token_type": str(kind)} if (
            kind.lower() == "bearer"
        ):
            return access_token, id_token
        case _:
            raise SignInRefused(SignInReason.ID_TOKEN, "the token endpoint's answer holds no tokens")
