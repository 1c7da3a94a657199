"""Forged tokens, made by hand: none is taken, whatever its header says (T6)."""

import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.errors import ErrorCode, Unauthenticated
from portal.identity.keys import key_id
from portal.identity.tokens import MAX_TOKEN_CHARACTERS, verify_token
from tests.fixtures.authority import segment
from tests.fixtures.tokens import AUTHORITY, FORGE, KEY, LEFT_OUT, NOW, OTHER_KEY, Forge, good_claims, good_header

PUBLIC = KEY.public_key()
PUBLIC_PEM = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_DER = PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_RAW = PUBLIC.public_bytes_raw()
PUBLIC_JWK = {"kty": "OKP", "crv": "Ed25519", "x": segment(PUBLIC_RAW)}
OTHER_JWK = {"kty": "OKP", "crv": "Ed25519", "x": segment(OTHER_KEY.public_key().public_bytes_raw())}
EC_KEY = ec.derive_private_key(809, ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
GOOD = FORGE.token()
PROTECTED, PAYLOAD, SIGNATURE = GOOD.split(".")

HOSTILE: dict[str, str] = {}


def add(name: str, token: str) -> None:
    assert name not in HOSTILE
    HOSTILE[name] = token


def to_be_signed(**header_changes: object) -> str:
    parts = (good_header(**header_changes), good_claims())
    return ".".join(segment(json.dumps(part).encode()) for part in parts)


def with_hmac(algorithm: str, secret: bytes) -> str:
    signed = to_be_signed(alg=algorithm)
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{signed}.{segment(hmac.new(secret, signed.encode(), digest).digest())}"


def with_ecdsa() -> str:
    signed = to_be_signed(alg="ES256")
    return f"{signed}.{segment(EC_KEY.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))}"


def with_rsa(algorithm: str) -> str:
    signed = to_be_signed(alg=algorithm)
    scheme = padding.PKCS1v15() if algorithm == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return f"{signed}.{segment(RSA_KEY.sign(signed.encode(), scheme, hashes.SHA256()))}"


def signature() -> bytes:
    return KEY.sign(f"{PROTECTED}.{PAYLOAD}".encode())


def flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def malleated(octets: bytes) -> bytes:
    order = 2**252 + 27742317777372353535851937790883648493
    return octets[:32] + (int.from_bytes(octets[32:], "little") + order).to_bytes(32, "little")


def loose(part: str) -> str:
    """Return the segment with a bit set that decoding drops, or, where it has none, one octet more in padding."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + alphabet[alphabet.index(part[-1]) + 1] if len(part) % 4 else part + "===="


def shown(value: object) -> str:
    return "left out" if value is LEFT_OUT else repr(value)


# Algorithms: none, and those of other keys.
for algorithm in ("none", "None", "NONE", "nOnE", "none ", "", "null"):
    add(f"alg {algorithm!r} without signature", to_be_signed(alg=algorithm) + ".")
    add(f"alg {algorithm!r} with signature", FORGE.sign(to_be_signed(alg=algorithm)))
SECRETS = {"PEM": PUBLIC_PEM, "stripped PEM": PUBLIC_PEM.strip(), "DER": PUBLIC_DER, "raw": PUBLIC_RAW, "empty": b""}
SECRETS |= {"x": segment(PUBLIC_RAW).encode(), "JWK": json.dumps(PUBLIC_JWK).encode(), "kid": AUTHORITY.key_id.encode()}
for algorithm in ("HS256", "HS384", "HS512"):
    for name, secret in SECRETS.items():
        add(f"{algorithm} with {name}", with_hmac(algorithm, secret))
add("ES256", with_ecdsa())
add("RS256", with_rsa("RS256"))
add("PS256", with_rsa("PS256"))
ALGORITHMS = ("EdDSA", "ed25519", "ED25519", "Ed448", "Ed25519 ", "ES256", "ES512", "RS256", "PS256", "ECDH-ES", "dir")
WRONG: dict[str, tuple[object, ...]] = {
    "alg": (*ALGORITHMS, None, True, 1, ["Ed25519"], {"name": "Ed25519"}, LEFT_OUT),
    "kid": (
        *("", " ", "1", "../../keys.json", "/dev/null", "file:///etc/hosts", "' OR 1=1 --", "\0", "$(id)"),
        *(AUTHORITY.key_id + " ", AUTHORITY.key_id[:-1], AUTHORITY.key_id.lower(), key_id(OTHER_KEY.public_key())),
        *(None, 0, True, [AUTHORITY.key_id], {"kid": AUTHORITY.key_id}, LEFT_OUT),
    ),
    "typ": (
        *("JWT", "jwt", "AT+JWT", "at+JWT", "application/at+jwt", "at+jwt ", "id+jwt", "logout+jwt", "dpop+jwt", ""),
        *(None, 1, ["at+jwt"], LEFT_OUT),
    ),
}
for name, values in WRONG.items():
    for value in values:
        add(f"{name} {shown(value)}", FORGE.token(good_header(**{name: value})))

# Keys that the token brings along, or points to.
EXTRA_MEMBERS: dict[str, object] = {
    "jwk": OTHER_JWK,
    "jku": "https://attacker.example/keys.json",
    "x5u": "https://attacker.example/chain.pem",
    "x5c": [segment(PUBLIC_DER)],
    "x5t": segment(bytes(20)),
    "x5t#S256": segment(bytes(32)),
    "crit": ["exp"],
    "b64": False,
    "zip": "DEF",
    "cty": "JWT",
    "enc": "A128GCM",
    "epk": OTHER_JWK,
    "iss": AUTHORITY.issuer,
    "unknown": "1",
}
for name, value in EXTRA_MEMBERS.items():
    add(f"{name} in the header", FORGE.token(good_header(**{name: value})))
    add(f"{name} in the header, null", FORGE.token(good_header(**{name: None})))
    add(f"{name} in the header, by a foreign key", Forge(OTHER_KEY).token(good_header(**{name: value})))
add("own jwk in the header", FORGE.token(good_header(jwk=PUBLIC_JWK)))
add("unencoded payload", FORGE.token(good_header(b64=False, crit=["b64"])))
add("foreign key under the portal's kid", Forge(OTHER_KEY).token())

# The form: segments, base64url, JSON.
add("nested token", FORGE.token(good_header(cty="JWT"), GOOD.encode()))
add("token as payload", FORGE.token(None, GOOD.encode()))
add("signature left out", f"{PROTECTED}.{PAYLOAD}.")
add(
    "signature of another token",
    f"{PROTECTED}.{PAYLOAD}.{FORGE.token(None, good_claims(jti='2')).split('.')[2]}",
)
add(
    "payload of another token",
    f"{PROTECTED}.{FORGE.token(None, good_claims(jti='2')).split('.')[1]}.{SIGNATURE}",
)
add("two segments", f"{PROTECTED}.{PAYLOAD}")
add("one segment", PROTECTED)
add("four segments", GOOD + "." + SIGNATURE)
add("five segments", f"{PROTECTED}....{SIGNATURE}")
add("nothing", "")
add("dots", "..")
add("payload left out", f"{PROTECTED}..{SIGNATURE}")
add("payload left out and signed", FORGE.sign(f"{PROTECTED}."))
add("JSON serialisation", json.dumps({"protected": PROTECTED, "payload": PAYLOAD, "signature": SIGNATURE}))
for length in (1, 2, 32, 63):
    add(f"signature cut to {length}", f"{PROTECTED}.{PAYLOAD}.{segment(signature()[:length])}")
add("signature with an octet more", f"{PROTECTED}.{PAYLOAD}.{segment(signature() + bytes(1))}")
add("signature of zeros", f"{PROTECTED}.{PAYLOAD}.{segment(bytes(64))}")
for bit in (0, 255, 256, 511):
    add(
        f"signature with bit {bit} changed",
        f"{PROTECTED}.{PAYLOAD}.{segment(flipped(signature(), bit))}",
    )
add("signature plus the order of the curve", f"{PROTECTED}.{PAYLOAD}.{segment(malleated(signature()))}")


SPOILS: dict[str, Callable[[str], str]] = {
    "padded": lambda part: part + "=" * (-len(part) % 4 or 4),
    "with a space": lambda part: part[:4] + " " + part[4:],
    "with a line end": lambda part: part + "\n",
    "with a tab": lambda part: "\t" + part,
    "with +": lambda part: "+" + part[1:],
    "with /": lambda part: "/" + part[1:],
    "with %2E": lambda part: part + "%2E",
    "with NUL": lambda part: part + "\0",
    "not ASCII": lambda part: "\u0435" + part[1:],
    "with half of a pair": lambda part: part + "\ud800",
    "with loose bits": loose,
    "one character short": lambda part: part[:-1],
    "one character long": lambda part: part + "A",
}
for spoil, change in SPOILS.items():
    add(f"header {spoil}", f"{change(PROTECTED)}.{PAYLOAD}.{SIGNATURE}")
    add(f"payload {spoil}", f"{PROTECTED}.{change(PAYLOAD)}.{SIGNATURE}")
    add(f"signature {spoil}", f"{PROTECTED}.{PAYLOAD}.{change(SIGNATURE)}")

HEADER_TEXT, CLAIMS_TEXT = json.dumps(good_header()), json.dumps(good_claims())
TEXTS: dict[str, tuple[bytes, bytes]] = {
    "header names alg twice": (HEADER_TEXT.replace('"alg"', '"alg": "none", "alg"').encode(), CLAIMS_TEXT.encode()),
    "header names alg twice by an escape": (
        HEADER_TEXT.replace('"typ"', '"\\u0061lg": "none", "typ"').encode(),
        CLAIMS_TEXT.encode(),
    ),
    "header names kid twice, the same": (
        HEADER_TEXT.replace('"kid"', f'"kid": "{AUTHORITY.key_id}", "kid"').encode(),
        CLAIMS_TEXT.encode(),
    ),
    "header is a list": (b"[]", CLAIMS_TEXT.encode()),
    "header is null": (b"null", CLAIMS_TEXT.encode()),
    "header is a string": (b'"Ed25519"', CLAIMS_TEXT.encode()),
    "header is no JSON": (b"{alg: Ed25519}", CLAIMS_TEXT.encode()),
    "header is cut": (HEADER_TEXT.encode()[:-1], CLAIMS_TEXT.encode()),
    "header has a byte order mark": (b"\xef\xbb\xbf" + HEADER_TEXT.encode(), CLAIMS_TEXT.encode()),
    "header is UTF-16": (HEADER_TEXT.encode("utf-16"), CLAIMS_TEXT.encode()),
    "header is Latin-1": (b'{"alg": "\xe9"}', CLAIMS_TEXT.encode()),
    "claims name exp twice": (HEADER_TEXT.encode(), CLAIMS_TEXT.replace('"exp"', '"exp": 9999999999, "exp"').encode()),
    "claims name sub twice": (
        HEADER_TEXT.encode(),
        CLAIMS_TEXT.replace('"sub"', '"sub": "user:head", "sub"').encode(),
    ),
    "claims name sub twice by an escape": (
        HEADER_TEXT.encode(),
        CLAIMS_TEXT.replace('"sub"', '"su\\u0062": "user:head", "sub"').encode(),
    ),
    "claims are a list": (HEADER_TEXT.encode(), b"[]"),
    "claims are null": (HEADER_TEXT.encode(), b"null"),
    "claims are empty": (HEADER_TEXT.encode(), b"{}"),
    "claims have a byte order mark": (HEADER_TEXT.encode(), b"\xef\xbb\xbf" + CLAIMS_TEXT.encode()),
    "claims are UTF-16": (HEADER_TEXT.encode(), CLAIMS_TEXT.encode("utf-16")),
    "claims hold NaN": (HEADER_TEXT.encode(), CLAIMS_TEXT.replace("}", ', "auth_level": NaN}').encode()),
    "claims hold Infinity": (HEADER_TEXT.encode(), CLAIMS_TEXT.replace(": 1", ": Infinity, ", 1).encode()),
    "claims hold NUL": (HEADER_TEXT.encode(), CLAIMS_TEXT.replace("synthetic", "\\u0000").encode()),
    "claims hold half of a pair": (HEADER_TEXT.encode(), CLAIMS_TEXT.replace("synthetic", "\\ud800").encode()),
    "claims are followed by more": (HEADER_TEXT.encode(), CLAIMS_TEXT.encode() + b"{}"),
    "claims are deep": (HEADER_TEXT.encode(), b'{"exp":' * 700 + b"1" + b"}" * 700),
    "claims are a deep list": (HEADER_TEXT.encode(), b"[" * 5000),
    "claims hold a huge integer": (HEADER_TEXT.encode(), b'{"exp": ' + b"9" * 5000 + b"}"),
    "claims hold a huge exponent": (
        HEADER_TEXT.encode(),
        CLAIMS_TEXT.replace("}", ', "auth_level": 1e999999999}').encode(),
    ),
}
for name, (header_text, claims_text) in TEXTS.items():
    add(name, FORGE.token(header_text, claims_text))
add("a character beyond the size", GOOD + "A" * (MAX_TOKEN_CHARACTERS + 1 - len(GOOD)))
add("large claims, well signed", FORGE.token(None, good_claims(jti="j" * MAX_TOKEN_CHARACTERS)))
add("a million dots", "." * 1_000_000)
add("a million characters", "A" * 1_000_000)
add("white space before", " " + GOOD)
add("line end behind", GOOD + "\n")


@pytest.mark.clause("T6")
@pytest.mark.parametrize("name", HOSTILE)
def test_token_is_refused_when_forged(name: str) -> None:
    token = HOSTILE[name]
    assert token != GOOD
    with pytest.raises(Unauthenticated) as refused:
        verify_token(token, AUTHORITY, NOW)
    assert refused.value.code is ErrorCode.UNAUTHENTICATED
    # Every sentence is the portal's own: nothing of the token, its key or a library's message is in it.
    assert refused.value.text.en.startswith("the token ")
    assert refused.value.text.zh.startswith("令牌")
    assert AUTHORITY.key_id not in refused.value.text.en
    assert "example" not in refused.value.text.en


def test_forge_makes_tokens_that_are_taken_when_nothing_is_wrong() -> None:
    assert len(HOSTILE) >= 120
    assert verify_token(GOOD, AUTHORITY, NOW).id == "app-1"


def test_token_is_taken_when_it_is_as_long_as_one_may_be() -> None:
    room = MAX_TOKEN_CHARACTERS - len(GOOD)
    token = FORGE.token(None, good_claims(jti="j" * (len("synthetic-1") + room * 3 // 4)))
    # 8 KiB; one length in four is that of no base64url.
    assert len(token) in (8192, 8191)
    assert verify_token(token, AUTHORITY, NOW).id == "app-1"
