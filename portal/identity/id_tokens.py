"""Identity tokens of the provider (OpenID Connect Core §3.1.3.7): a fixed list of algorithms, its keys, every claim.

Pure: keys, the time and what was asked for are arguments.
"""

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Any

from authlib.oidc.core.claims import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from portal.errors import BadInput
from portal.identity.claims import is_subject_id
from portal.identity.provider import IdTokenAlgorithm, KeySet
from portal.identity.segments import decode_segment, encode_segment, parse_segment
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from portal.json_text import JsonValue

MAX_CHARACTERS = 16 << 10
SKEW_SECONDS = 5
"""The provider's clock may be so far off the database's."""
MAX_AGE_SECONDS = 300
"""A token is fetched the moment it is issued: an older one was kept by somebody."""


@dataclass(frozen=True, slots=True)
class ExpectedToken:
    """What was asked for: of whom, for whom, in which sign-in; and the access token that came beside it."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    user_claim: str = "sub"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as the provider names it, and how (`acr`), None where it doesn't say."""

    name: str
    context: str | None


class UnknownKey(SignInRefused):
    """No key that is known verifies the token; the provider may have a new one."""


def verify_id_token(token: str, keys: KeySet, expected: ExpectedToken, now: datetime) -> Identity:
    """Return who signed in, if the provider says so now, to this client, in this sign-in.

    Raises: UnknownKey; SignInRefused.
    """
    if len(token) > MAX_CHARACTERS:
        raise _refused("too long")
    try:
        protected, payload, signature = token.split(".")
        header, claims = parse_segment(protected), parse_segment(payload)
        decode_segment(signature)
    except (ValueError, BadInput):
        raise _refused("no JSON web token in compact form") from None
    algorithm = _algorithm(header)
    _verify_signature(token, header, algorithm, keys)
    _check_claims(claims, header, expected, now)
    _check_access_token(claims, algorithm, expected)
    name, context = claims.get(expected.user_claim), claims.get("acr")
    if not isinstance(name, str) or not is_subject_id(name):
        raise _refused("no usable claim that names the user")
    return Identity(name, context if isinstance(context, str) else None)


def _algorithm(header: Mapping[str, JsonValue]) -> IdTokenAlgorithm:
    # INVARIANT: nothing in the header chooses a key but its id among the provider's own, nor what `crit` would mean.
    if header.get("alg") not in tuple(IdTokenAlgorithm) or "crit" in header:
        raise _refused("an algorithm that isn't taken, or a critical header")
    if header.get("typ", "JWT") != "JWT":
        raise _refused("another type than JWT")
    return IdTokenAlgorithm(str(header["alg"]))


def _verify_signature(token: str, header: Mapping[str, JsonValue], algorithm: IdTokenAlgorithm, keys: KeySet) -> None:
    key_id = header.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise _refused("a key id that is no text")
    key = keys.find(algorithm, key_id)
    if key is None:
        raise UnknownKey(SignInReason.ID_TOKEN, "no key of the provider has that id and algorithm")
    try:
        with warnings.catch_warnings():
            # The library warns of `EdDSA`, the former name of Ed25519 that providers still write.
            warnings.simplefilter("ignore", SecurityWarning)
            jws.deserialize_compact(token, key, algorithms=[algorithm.value])
    except (JoseError, ValueError):
        raise _refused("the signature doesn't hold") from None


def _check_claims(
    claims: Mapping[str, JsonValue], header: Mapping[str, JsonValue], expected: ExpectedToken, now: datetime
) -> None:
    seconds = int(now.timestamp())
    issued_at, expires_at = (_seconds(claims, name) for name in ("iat", "exp"))
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    params = {"nonce": expected.nonce, "client_id": expected.client_id}
    try:
        CodeIDToken(dict(claims), dict(header), options, params).validate(seconds, SKEW_SECONDS)
    except (JoseError, ValueError, TypeError):
        raise _refused("a claim doesn't hold") from None
    # The library takes a token that is for others too, and one of any age; and it compares as text whatever is there.
    if claims.get("iss") != expected.issuer or claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise _refused("another issuer, or for others too")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        raise _refused("another nonce")
    if expires_at <= seconds or not expires_at - issued_at >= 0:
        raise _refused("expired")
    if not -SKEW_SECONDS <= seconds - issued_at <= MAX_AGE_SECONDS:
        raise _refused("issued long ago, or not yet")


def _check_access_token(claims: Mapping[str, JsonValue], algorithm: IdTokenAlgorithm, expected: ExpectedToken) -> None:
    if "at_hash" not in claims:
        return
    # OpenID Connect Core §3.1.3.6: the left half of the hash that the algorithm is made with.
    is_edwards = algorithm in (IdTokenAlgorithm.ED25519, IdTokenAlgorithm.EDDSA)
    digest = hashlib.new("sha512" if is_edwards else "sha256", expected.access_token.encode()).digest()
    stated = claims["at_hash"]
    if not isinstance(stated, str) or not compare_digest(
        stated.encode(), encode_segment(digest[: len(digest) // 2]).encode()
    ):
        raise _refused("of another access token")


def _seconds(claims: Mapping[str, JsonValue], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused(f"`{name}` is no whole number")
    return value


def _refused(detail: str) -> SignInRefused:
    return SignInRefused(SignInReason.ID_TOKEN, detail)
