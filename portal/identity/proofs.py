"""Proofs that who sends a token holds its key (DPoP, RFC 9449): each for one request, taken once.

Pure: what is expected and the time are arguments. That a proof comes a second time is for who keeps their digests.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NoReturn
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.errors import BadInput, Text, Unauthenticated
from portal.identity.nonces import NonceSeal
from portal.identity.segments import decode_segment, encode_segment, parse_segment
from portal.json_text import JsonValue

PROOF_TYPE = "dpop+jwt"
MAX_PROOF_CHARACTERS = 4 << 10
MAX_AGE = timedelta(seconds=60)
"""A proof is taken so long after it was made, by the portal's clock."""
MAX_AHEAD = timedelta(seconds=2)
"""A client's clock may be so far ahead."""
ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "Ed25519": ("OKP", "Ed25519"),
    # The same by its former name (RFC 9864), which most libraries still write.
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "PS256": ("RSA", None),
}
"""Signatures that are taken, with the type and curve of their keys."""
_KEYS: Mapping[str, type[OKPKey] | type[ECKey] | type[RSAKey]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}
_MEMBERS = {"OKP": {"kty", "crv", "x"}, "EC": {"kty", "crv", "x", "y"}, "RSA": {"kty", "n", "e"}}
_BESIDE = {"kid", "use", "alg", "key_ops"}
"""Members of a key that say nothing of it; a private one's are refused."""
_MIN_RSA_BITS = 2048
_CLAIMS = {"jti", "htm", "htu", "iat", "ath", "nonce"}
_JTI = re.compile(r"[\x21-\x7e]{8,256}")


class _Registry(jws.JWSRegistry):
    """The library's, with room for the header of an RSA key."""

    max_header_length = MAX_PROOF_CHARACTERS


@dataclass(frozen=True, slots=True)
class ProvenRequest:
    """What a proof has to be for: the method, the URL as clients see it, and the token where one is sent.

    `seal` is of the nonces of which the proof has to hold one; None where none is asked for.
    """

    method: str
    url: str
    token: str | None = None
    seal: NonceSeal | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds: the thumbprint of its key (RFC 7638, base64url), and what tells it from others.

    `digest` covers key and `jti`; it is to be refused again until `expires_at` (UTC).
    """

    thumbprint: str
    digest: bytes
    expires_at: datetime


class NonceNeeded(Unauthenticated):
    """A proof that is right, but for a nonce of this server (RFC 9449 §8 and §9)."""


def verify_proof(proof: str, request: ProvenRequest, now: datetime) -> Proof:
    """Return what the proof proves. Raises: Unauthenticated, with what is wrong with it; NonceNeeded."""
    if len(proof) > MAX_PROOF_CHARACTERS:
        _refuse("is longer than 4 KiB", "超过 4 KiB")
    try:
        protected, payload, signature = proof.split(".")
        header, claims = parse_segment(protected), parse_segment(payload)
        decode_segment(signature)
    except (ValueError, BadInput):
        _refuse("isn't a JSON web token in compact form", "不是紧凑形式的 JSON Web 令牌")
    key, algorithm = _key_of(header)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            jws.deserialize_compact(proof, key, registry=_Registry(algorithms=[algorithm]))
    except (JoseError, ValueError):
        _refuse("doesn't bear the signature of the key in it", "未带有其所含密钥的有效签名")
    issued_at = _check_claims(claims, request, now)
    _check_nonce(claims.get("nonce"), request.seal, now)
    thumbprint = key.thumbprint()
    digest = sha256(f"{thumbprint}:{claims['jti']}".encode()).digest()
    return Proof(thumbprint, digest, issued_at + MAX_AGE)


def token_digest(token: str) -> str:
    """Return what a proof says of the token that it goes with: base64url of its SHA-256 (`ath`)."""
    return encode_segment(sha256(token.encode("ascii", "backslashreplace")).digest())


def _key_of(header: Mapping[str, JsonValue]) -> tuple[OKPKey | ECKey | RSAKey, str]:
    """Return the key that the header holds, and its algorithm; nothing else may stand in it."""
    if header.keys() != {"typ", "alg", "jwk"} or header["typ"] != PROOF_TYPE:
        _refuse(
            f'needs the header `typ`, `alg` and `jwk` alone, with `typ` "{PROOF_TYPE}"', "的头部应仅含 typ、alg 和 jwk"
        )
    algorithm, members = header["alg"], header["jwk"]
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        _refuse(f"isn't signed with one of {', '.join(ALGORITHMS)}", f"的签名算法不在 {'、'.join(ALGORITHMS)} 之列")
    kind, curve = ALGORITHMS[algorithm]
    if not isinstance(members, dict) or members.get("kty") != kind or members.get("crv") != curve:
        _refuse("has a key of another kind than its algorithm", "的密钥与算法不符")
    if members.keys() - _BESIDE != _MEMBERS[kind]:
        _refuse("holds more of its key than the public half, or less", "所含密钥应恰为公钥部分")
    texts = {name: value for name, value in members.items() if name in _MEMBERS[kind] and isinstance(value, str)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key = _KEYS[kind].import_key({**texts})
    except (JoseError, ValueError, TypeError, KeyError):
        _refuse("holds a key that can't be read", "所含密钥无法读取")
    if isinstance(key, RSAKey) and key.public_key.key_size < _MIN_RSA_BITS:
        _refuse(f"has an RSA key under {_MIN_RSA_BITS} bits", f"的 RSA 密钥短于 {_MIN_RSA_BITS} 位")
    return key, algorithm


def _check_claims(claims: Mapping[str, JsonValue], request: ProvenRequest, now: datetime) -> datetime:
    """Refuse a proof that isn't for the request, or not of now; return when it was made."""
    if not claims.keys() <= _CLAIMS:
        _refuse("holds a claim that isn't known", "含有未知声明")
    jti = claims.get("jti")
    if not isinstance(jti, str) or _JTI.fullmatch(jti) is None:
        _refuse(
            "has no usable `jti`: 8 to 256 printable ASCII characters, new each time",
            "没有可用的 jti：8 至 256 个可见 ASCII 字符，每次不同",
        )
    if claims.get("htm") != request.method:
        _refuse(f"isn't for the method `{request.method}`", f"不是针对方法 `{request.method}` 的")
    url = claims.get("htu")
    if not isinstance(url, str) or _canonical(url) is None or _canonical(url) != _canonical(request.url):
        _refuse(
            f"isn't for the address `{request.url}` (`htu`, without query)",
            f"不是针对地址 `{request.url}` 的（htu，不含查询部分）",
        )
    if claims.get("ath") != (None if request.token is None else token_digest(request.token)):
        _refuse("isn't for the token that it goes with (`ath`)", "不是针对所附令牌的（ath）")
    return _check_age(claims.get("iat"), now)


def _check_nonce(nonce: JsonValue, seal: NonceSeal | None, now: datetime) -> None:
    if seal is not None and not (isinstance(nonce, str) and seal.holds(nonce, now)):
        raise NonceNeeded(
            Text(
                en="the DPoP proof needs the nonce of this answer's header `DPoP-Nonce`; make a new one with it",
                zh="DPoP 证明须含本应答 `DPoP-Nonce` 头中的随机数；请据此重新生成",
            )
        )


def _check_age(issued_at: JsonValue, now: datetime) -> datetime:
    if isinstance(issued_at, bool) or not isinstance(issued_at, int) or not 0 < issued_at < 1 << 40:
        _refuse("has no usable `iat`", "没有可用的 iat")
    made = datetime.fromtimestamp(issued_at, UTC)
    if now >= made + MAX_AGE:
        _refuse(
            "is older than 60 seconds; make one for each request, by a clock that is right",
            "已超过 60 秒；请为每次请求生成，并校准时钟",
        )
    if made > now + MAX_AHEAD:
        _refuse("is from the future; set the clock", "的时间晚于当前时间；请校准时钟")
    return made


def _canonical(url: str) -> tuple[str, str, int, str] | None:
    """Return scheme, host, port and path of an absolute address, None for what isn't one or says more."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        return None
    if parts.username is not None or parts.password is not None or not url.isascii():
        return None
    scheme = parts.scheme.lower()
    return scheme, parts.hostname.lower(), port or {"http": 80, "https": 443}[scheme], parts.path or "/"


def _refuse(en: str, zh: str) -> NoReturn:
    raise Unauthenticated(Text(en=f"the DPoP proof {en}", zh=f"DPoP 证明{zh}"))
