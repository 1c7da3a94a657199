"""One party's signature: a detached JWS over the canonical form of the agreement (RFC 7515; bundle.md; T6, T22)."""

from cryptography import x509
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.registry import HeaderParameter

from portal.agreements.agreement import Signature
from portal.agreements.wording import shown
from portal.certificates.chains import Chain, check_chain
from portal.certificates.jose import Algorithm, fitting_key, parse_chain
from portal.certificates.trust import TrustStore
from portal.conditions.values import parse_instant
from portal.errors import BadInput, Text
from portal.identity.segments import parse_segment
from portal.json_text import JsonValue

MAX_JWS_CHARACTERS = 1 << 16
_HEADER_MEMBERS = ("alg", "role", "signed_at", "x5c")


def check_signature(signature: Signature, signed_octets: bytes, trust: TrustStore) -> x509.Certificate:
    """Return the certificate of whoever made the signature over these octets, in its role and at its time.

    Whether that is the party is still to be asked.
    Raises: BadInput, saying what is wrong.
    """
    protected, value = _split(signature.jws)
    header = _parse_header(protected)
    _check_envelope(header, signature)
    algorithm = _parse_algorithm(header["alg"])
    chain = parse_chain(header["x5c"])
    check_chain(chain, trust, signature.signed_at)
    key = fitting_key(algorithm, chain[0])
    try:
        jws.deserialize_compact(f"{protected}..{value}", key, registry=jws_registry(algorithm), payload=signed_octets)
    except (JoseError, ValueError):
        raise BadInput(
            Text(
                en="it isn't of this text: the agreement, or the signature, was altered or is of another version",
                zh="签名与本文本不符：协议或签名被改动，或属于另一版本",
            )
        ) from None
    return chain[0]


def signing_chain(signature: Signature) -> Chain:
    """Return the certificates that the signature carries, the signer's first; nothing of them is checked.

    Raises: BadInput.
    """
    protected, _ = _split(signature.jws)
    return parse_chain(_parse_header(protected)["x5c"])


def jws_registry(algorithm: Algorithm) -> jws.JWSRegistry:
    """Return joserfc's rules for one algorithm alone, with a header of ours and room in it for certificates."""
    registry = jws.JWSRegistry(
        header_registry={
            "role": HeaderParameter("Role of the signer", "str"),
            "signed_at": HeaderParameter("Time of the signature", "str"),
        },
        algorithms=[algorithm],
    )
    registry.max_header_length = MAX_JWS_CHARACTERS
    return registry


def _split(compact: str) -> tuple[str, str]:
    segments = compact.split(".")
    if len(compact) > MAX_JWS_CHARACTERS or len(segments) != 3:
        raise BadInput(Text(en="`jws` is no PROTECTED..SIGNATURE", zh="`jws` 不是 PROTECTED..SIGNATURE 的形式"))
    protected, payload, value = segments
    if payload:
        raise BadInput(
            Text(en="`jws` carries a text of its own; leave the middle empty", zh="`jws` 自带文本；中间部分应为空")
        )
    return protected, value


def _parse_header(protected: str) -> dict[str, JsonValue]:
    header = parse_segment(protected)
    for name in header:
        if name not in _HEADER_MEMBERS:
            raise BadInput(Text(en=f"`{shown(name)}` has no place in the header", zh=f"签名头中不应有 `{shown(name)}`"))
    for name in _HEADER_MEMBERS:
        if name not in header:
            raise BadInput(Text(en=f"`{name}` is missing in the header", zh=f"签名头中缺少 `{name}`"))
    return header


def _check_envelope(header: dict[str, JsonValue], signature: Signature) -> None:
    if header["role"] != signature.role.value:
        role = shown(header["role"])
        raise BadInput(Text(en=f"it was made as `{role}`", zh=f"它是以 `{role}` 的角色所作"))
    if parse_instant(header["signed_at"]) != signature.signed_at:
        raise BadInput(
            Text(
                en=f"it was made at {header['signed_at']}, not at `signed_at`",
                zh=f"它作于 {header['signed_at']}，与 `signed_at` 不符",
            )
        )


def _parse_algorithm(raw: JsonValue) -> Algorithm:
    for algorithm in Algorithm:
        if raw == algorithm.value:
            return algorithm
    known = ", ".join(Algorithm)
    raise BadInput(
        Text(en=f"the algorithm `{shown(raw)}` isn't one of {known}", zh=f"算法 `{shown(raw)}` 不在 {known} 之列")
    )
