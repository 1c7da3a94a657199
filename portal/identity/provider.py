"""What an identity provider says of itself: its metadata and its keys, read strictly (OpenID Connect Discovery).

Pure: what was fetched is an argument. Whatever is off refuses all of it (T48, T49).
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.errors import BadInput
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from portal.json_text import JsonValue, decode_text, parse_json
from portal.setting_values import is_protected

MAX_KEYS = 32
MAX_ADDRESS_CHARACTERS = 512
MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192
"""A longer key would take a second to verify with."""

ProviderKey = RSAKey | ECKey | OKPKey


class IdTokenAlgorithm(StrEnum):
    """Algorithms of identity tokens that are taken, whatever the provider offers."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    ED25519 = "Ed25519"
    EDDSA = "EdDSA"
    """The former name of Ed25519 (RFC 9864)."""


_KEY_TYPES: Mapping[IdTokenAlgorithm, tuple[str, str | None]] = {
    IdTokenAlgorithm.RS256: ("RSA", None),
    IdTokenAlgorithm.PS256: ("RSA", None),
    IdTokenAlgorithm.ES256: ("EC", "P-256"),
    IdTokenAlgorithm.ED25519: ("OKP", "Ed25519"),
    IdTokenAlgorithm.EDDSA: ("OKP", "Ed25519"),
}
_PUSHED = "pushed_authorization_request_endpoint"
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """Where an identity provider answers. `tells_issuer`: its answers in the browser name it (RFC 9207).

    `assertion_algorithms` are those in which it takes assertions of who its clients are; `pushed_endpoint` is where it
    takes requests to sign in from them (RFC 9126).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    tells_issuer: bool = False
    assertion_algorithms: tuple[str, ...] = ()
    pushed_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a provider that can verify identity tokens, with their members as they were published."""

    keys: tuple[tuple[Mapping[str, JsonValue], ProviderKey], ...] = field(repr=False)

    def find(self, algorithm: IdTokenAlgorithm, key_id: str | None) -> ProviderKey | None:
        """Return the one key for the algorithm with that id; without an id the only one that fits; None otherwise."""
        fitting = [key for members, key in self.keys if _fits(members, algorithm, key_id)]
        return fitting[0] if len(fitting) == 1 else None


def parse_metadata(content: bytes, issuer: str) -> ProviderMetadata:
    """Return what the metadata say, if they are that issuer's.

    Raises: SignInRefused.
    """
    members = _parse_object(content)
    # INVARIANT: the issuer is the one that is set; metadata of another one are never used (mix-up).
    if members.get("issuer") != issuer:
        raise _unusable("the metadata name another issuer")
    if "S256" not in _texts(members, "code_challenge_methods_supported", ("S256",)):
        raise _unusable("the provider takes no PKCE with S256")
    if members.get("require_pushed_authorization_requests") is True and members.get(_PUSHED) is None:
        raise _unusable("the provider requires pushed requests, and says nowhere where they go")
    return ProviderMetadata(
        issuer,
        _address(members, "authorization_endpoint"),
        _address(members, "token_endpoint"),
        _address(members, "jwks_uri"),
        _optional_address(members, "end_session_endpoint"),
        members.get("authorization_response_iss_parameter_supported") is True,
        _texts(members, "token_endpoint_auth_signing_alg_values_supported", ()),
        _optional_address(members, _PUSHED),
    )


def parse_key_set(content: bytes) -> KeySet:
    """Return the keys of a JWK set that can verify identity tokens, at least one (RFC 7517).

    Raises: SignInRefused for a set that shows a secret, has too many keys, one id twice, or none that can be used.
    """
    listed = _parse_object(content).get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS or not all(isinstance(one, dict) for one in listed):
        raise _unusable(f"the key set is no list of up to {MAX_KEYS} keys")
    keys = cast("list[dict[str, JsonValue]]", listed)
    # Who publishes a secret has lost it: nothing that it signs says anything.
    if any(_PRIVATE_MEMBERS & set(members) for members in keys):
        raise _unusable("the key set shows a secret")
    ids = [members["kid"] for members in keys if "kid" in members]
    if len({str(one) for one in ids}) < len(ids):
        raise _unusable("the key set has one id twice")
    usable = tuple((members, key) for members in keys if (key := _import(members)) is not None)
    if not usable:
        raise _unusable("the key set has no key that can be used")
    return KeySet(usable)


def _import(members: dict[str, JsonValue]) -> ProviderKey | None:
    kinds: dict[JsonValue, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = members.get("kty")
    if not isinstance(kind, str) or kind not in kinds or members.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings():
            # The library warns of short keys, which are passed over here.
            warnings.simplefilter("ignore", SecurityWarning)
            key = kinds[kind].import_key(members)  # type: ignore[arg-type]  # the library checks the members itself
            public = key.public_key
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(public, RSAPublicKey) and not MIN_RSA_BITS <= public.key_size <= _MAX_RSA_BITS:
        return None
    return key


def _fits(members: Mapping[str, JsonValue], algorithm: IdTokenAlgorithm, key_id: str | None) -> bool:
    kind, curve = _KEY_TYPES[algorithm]
    is_kind = members["kty"] == kind and (curve is None or members.get("crv") == curve)
    return is_kind and members.get("alg", algorithm) == algorithm and (key_id is None or members.get("kid") == key_id)


def _parse_object(content: bytes) -> dict[str, JsonValue]:
    try:
        members = parse_json(decode_text(content))
    except BadInput:
        members = None
    if not isinstance(members, dict):
        raise _unusable("what the provider published is no JSON object")
    return members


def _address(members: Mapping[str, JsonValue], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or len(value) > MAX_ADDRESS_CHARACTERS or not is_protected(value):
        raise _unusable(f"`{name}` of the metadata is no https address")
    if not value.isascii() or not value.isprintable() or " " in value or "#" in value or "@" in value:
        raise _unusable(f"`{name}` of the metadata is no plain address")
    return value


def _optional_address(members: Mapping[str, JsonValue], name: str) -> str | None:
    return None if members.get(name) is None else _address(members, name)


def _texts(members: Mapping[str, JsonValue], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = members.get(name)
    if value is None:
        return default
    if not isinstance(value, list):
        raise _unusable(f"`{name}` of the metadata is no list")
    return tuple(one for one in value if isinstance(one, str))


def _unusable(detail: str) -> SignInRefused:
    return SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, detail)
