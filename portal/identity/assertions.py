"""Client assertions (RFC 7523): an application says who it is by the key of its certificate (`private_key_jwt`).

Pure: what is registered, whom the portal trusts and the time are arguments. That one comes a second time is for who
keeps their digests.
"""

import re
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NoReturn

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from portal.certificates.certificates import parse_pem_certificates
from portal.certificates.chains import Chain, check_chain, check_lists, department_of
from portal.certificates.jose import Algorithm, fitting_key, parse_chain
from portal.certificates.trust import TrustStore
from portal.errors import BadInput, Text, Unauthenticated
from portal.identity.registry import Application
from portal.identity.segments import decode_segment, parse_segment
from portal.json_text import JsonValue

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_CHARACTERS = 32 << 10
"""Room for the certificates that it may carry."""
MAX_LIFE = timedelta(hours=1)
"""As long as client libraries let one live by themselves."""
MAX_AHEAD = timedelta(seconds=2)
"""A client's clock may be so far ahead."""
_TYPES = (None, "JWT", "client-authentication+jwt")
_HEADER = frozenset({"alg", "typ", "kid", "x5c", "x5t#S256"})
_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti"})
_JTI = re.compile(r"[\x21-\x7e]{8,256}")
ALGORITHMS: Mapping[str, Algorithm] = {"EdDSA": Algorithm.ED25519, **{each.value: each for each in Algorithm}}
"""By name, the former one of Ed25519 too (RFC 9864)."""


class _Registry(jws.JWSRegistry):
    """The library's, with room for certificates."""

    max_header_length = MAX_ASSERTION_CHARACTERS


@dataclass(frozen=True, slots=True)
class Client:
    """An application as it is registered; `key` is its file in keys/: a certificate or a public key, as PEM."""

    application: Application
    key: bytes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an assertion is held against: names of this server in `aud`, who is registered, whom the portal trusts.

    `list_grace`: so long a revocation list is relied on after it was to be renewed.
    """

    audiences: Collection[str]
    find_client: Callable[[str], Client | None]
    trust: TrustStore
    now: datetime
    list_grace: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that holds: whose it is, by which certificate, and what tells it from others.

    `digest` covers application and `jti`; it is to be refused again until `expires_at` (UTC).
    """

    application: Application
    certificate: x509.Certificate
    digest: bytes
    expires_at: datetime


def verify_assertion(assertion: str, around: Surroundings) -> Assertion:
    """Return whose assertion it is. Raises: Unauthenticated, with what is wrong with it."""
    if len(assertion) > MAX_ASSERTION_CHARACTERS:
        _refuse("is longer than 32 KiB", "超过 32 KiB")
    try:
        protected, payload, signature = assertion.split(".")
        header, claims = parse_segment(protected), parse_segment(payload)
        decode_segment(signature)
    except (ValueError, BadInput):
        _refuse("isn't a JSON web token in compact form", "不是紧凑形式的 JSON Web 令牌")
    algorithm = _algorithm_of(header)
    client = _client_of(claims, around)
    try:
        chain = _chain_of(header, client)
        _check_certificate(chain, client, around)
        key = fitting_key(algorithm, chain[0])
    except BadInput as refused:
        _refuse(f"can't be taken: {refused.text.en}", f"无法接受：{refused.text.zh}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            jws.deserialize_compact(assertion, key, registry=_Registry(algorithms=[str(header["alg"])]))
    except (JoseError, ValueError):
        _refuse("doesn't bear the signature of its certificate's key", "未带有其证书密钥的有效签名")
    expires_at = _check_claims(claims, around)
    digest = sha256(f"assertion {client.application.id} {claims['jti']}".encode()).digest()
    return Assertion(client.application, chain[0], digest, expires_at)


def verify_client_certificate(certificate: x509.Certificate, name: str, around: Surroundings) -> Application:
    """Return the application of that id, whose registered certificate the connection showed (RFC 8705 §2.1).

    The authorities above it are those that are registered with it, and those in keys/ca/. Raises: Unauthenticated.
    """
    client = around.find_client(name)
    if client is None:
        raise Unauthenticated(
            Text(
                en="`client_id` names no application that is registered with a key; ask the portal's administrator",
                zh="`client_id` 所列应用未登记或未登记密钥；请联系门户管理员",
            )
        )
    try:
        chain = (certificate, *_registered_chain(client)[1:])
        _check_certificate(chain, client, around)
    except BadInput as refused:
        raise Unauthenticated(
            Text(
                en=f"the connection's certificate can't be taken: {refused.text.en}",
                zh=f"无法接受连接的证书：{refused.text.zh}",
            )
        ) from None
    return client.application


def _registered_chain(client: Client) -> Chain:
    """Return the certificates that are registered, none where a key is. Raises: BadInput."""
    try:
        load_pem_public_key(client.key)
    except (ValueError, UnsupportedAlgorithm):
        return tuple(parse_pem_certificates(client.key))
    return ()


def _check_certificate(chain: Chain, client: Client, around: Surroundings) -> None:
    """Refuse a chain that isn't of the registered key, its department, or doesn't hold now. Raises: BadInput."""
    _check_key(chain[0], client)
    anchored = check_chain(chain, around.trust, around.now)
    check_lists(anchored, around.trust, around.now - around.list_grace)
    if department_of(chain[0]) != client.application.department:
        raise BadInput(
            Text(
                en="its certificate is of another department than the application's",
                zh="其证书不属于该应用所在部门",
            )
        )


def _algorithm_of(header: Mapping[str, JsonValue]) -> Algorithm:
    # INVARIANT: nothing in the header but certificates says which key is to be used, and those are held to the
    # registered one.
    if not header.keys() <= _HEADER or header.get("typ") not in _TYPES:
        _refuse("has a header with more than `alg`, `typ`, `kid` and `x5c`", "的头部含有 alg、typ、kid、x5c 以外的内容")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        _refuse(f"isn't signed with one of {', '.join(ALGORITHMS)}", f"的签名算法不在 {'、'.join(ALGORITHMS)} 之列")
    return ALGORITHMS[algorithm]


def _client_of(claims: Mapping[str, JsonValue], around: Surroundings) -> Client:
    if not claims.keys() <= _CLAIMS:
        _refuse("holds a claim that isn't known", "含有未知声明")
    subject = claims.get("sub")
    if not isinstance(subject, str) or claims.get("iss") != subject:
        _refuse("doesn't name the application in `iss` and `sub` alike", "的 iss 与 sub 未一致列明应用")
    client = around.find_client(subject)
    if client is None:
        _refuse(
            "names an application that isn't registered with a key; ask the portal's administrator",
            "所列应用未登记或未登记密钥；请联系门户管理员",
        )
    return client


def _chain_of(header: Mapping[str, JsonValue], client: Client) -> Chain:
    """Return the certificates that the header holds, or else those that are registered. Raises: BadInput."""
    if "x5c" in header:
        return parse_chain(header["x5c"])
    registered = _registered_chain(client)
    if not registered:
        raise BadInput(
            Text(
                en="it holds no certificates, and none is registered; send them as `x5c`",
                zh="其中没有证书，也未登记证书；请在 `x5c` 中附上",
            )
        )
    return registered


def _check_key(certificate: x509.Certificate, client: Client) -> None:
    """Refuse a certificate of another key than the registered one. Raises: BadInput."""
    encoding = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        shown = certificate.public_key().public_bytes(*encoding)
    except (ValueError, UnsupportedAlgorithm):
        shown = b""
    try:
        registered = load_pem_public_key(client.key).public_bytes(*encoding)
    except (ValueError, UnsupportedAlgorithm):
        registered = parse_pem_certificates(client.key)[0].public_key().public_bytes(*encoding)
    if shown != registered:
        raise BadInput(
            Text(
                en="its certificate's key isn't the one that is registered for the application",
                zh="其证书的密钥不是该应用登记的密钥",
            )
        )


def _check_claims(claims: Mapping[str, JsonValue], around: Surroundings) -> datetime:
    """Refuse an assertion that isn't for this server, or not of now; return when it ends."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or len(named) != 1 or named[0] not in around.audiences:
        listed = "`, `".join(sorted(around.audiences))
        _refuse(
            f"isn't for this server: let `aud` be one of `{listed}`", f"不是发给本服务器的：`aud` 应为 `{listed}` 之一"
        )
    jti = claims.get("jti")
    if not isinstance(jti, str) or _JTI.fullmatch(jti) is None:
        _refuse(
            "has no usable `jti`: 8 to 256 printable ASCII characters, new each time",
            "没有可用的 jti：8 至 256 个可见 ASCII 字符，每次不同",
        )
    for name in ("iat", "nbf"):
        if name in claims and _moment(claims, name) > around.now + MAX_AHEAD:
            _refuse(f"is from the future (`{name}`); set the clock", f"的时间晚于当前时间（`{name}`）；请校准时钟")
    expires_at = _moment(claims, "exp")
    if expires_at <= around.now:
        _refuse("has expired; make a new one for each request", "已过期；请为每次请求重新生成")
    if expires_at > around.now + MAX_LIFE + MAX_AHEAD:
        _refuse("lives longer than an hour", "的有效时间超过一小时")
    return expires_at


def _moment(claims: Mapping[str, JsonValue], name: str) -> datetime:
    seconds = claims.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 1 << 37:
        _refuse(f"has no usable `{name}`: whole seconds since 1970", f"没有可用的 `{name}`：自 1970 年起的整秒数")
    return datetime.fromtimestamp(seconds, UTC)


def _refuse(en: str, zh: str) -> NoReturn:
    raise Unauthenticated(Text(en=f"the client assertion {en}", zh=f"客户端断言{zh}"))
