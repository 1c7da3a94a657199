"""The portal's own keys: one file that only its owner may read, made once and never written over (T81)."""

import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey

from portal.conditions.values import parse_instant, render_instant
from portal.errors import BadInput, ConfigurationError, Text
from portal.identity.segments import decode_segment, encode_segment
from portal.json_text import JsonValue, parse_json

SECRET_BYTES = 32
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FORMER_COUNTS = timedelta(days=1)
"""So long a token that a former key signed may live, and so long its cursors are opened."""

_FORMAT, _ROTATED_FORMAT = "portal-keys-1", "portal-keys-2"
_NAMES = ("signing", "audit", "mask_secret", "cursor_secret", "digest_secret", "audit_secret")
_MAX_FILE_BYTES = 1 << 16
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class RotatedKey(StrEnum):
    """What can be rotated, by the name that a person writes."""

    TOKENS = "tokens"
    CURSORS = "cursors"
    MASKS = "masks"
    AUDIT = "audit"

    @property
    def member(self) -> str:
        """The name in the key file."""
        return {"tokens": "signing", "cursors": "cursor_secret", "masks": "mask_secret", "audit": "audit"}[self.value]


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key or secret that was rotated away; `octets` are its 32 bytes."""

    name: str
    octets: bytes = field(repr=False)
    retired_at: datetime

    @property
    def verifying_key(self) -> Ed25519PublicKey:
        """The public half of a key that signed."""
        return self.private_key.public_key()

    @property
    def private_key(self) -> Ed25519PrivateKey:
        """A key that signed."""
        return Ed25519PrivateKey.from_private_bytes(self.octets)

    @property
    def counts_until(self) -> datetime:
        """When tokens that it signed, and cursors that it sealed, are refused."""
        return self.retired_at + FORMER_COUNTS


@dataclass(frozen=True, slots=True)
class PortalKeys:
    """The portal's private keys and secrets; none of them shows when printed.

    `signing` signs tokens, `audit` the audit's checkpoints (both Ed25519). The secrets have 32 bytes: `mask_secret`
    for hash masks, `cursor_secret` for cursors, `digest_secret` for the store's digest, `audit_secret` for the values
    in audit records.
    """

    signing: Ed25519PrivateKey = field(repr=False)
    audit: Ed25519PrivateKey = field(repr=False)
    mask_secret: bytes = field(repr=False)
    cursor_secret: bytes = field(repr=False)
    digest_secret: bytes = field(repr=False)
    audit_secret: bytes = field(repr=False)
    former: tuple["FormerKey", ...] = field(default=(), repr=False)

    @property
    def fingerprint(self) -> str:
        """What tells these keys from those before and after a rotation, and tells nothing of them."""
        secrets_in_use = b"".join(_octets_of(self)[name] for name in _NAMES)
        return hmac.digest(self.digest_secret, b"portal key set:" + secrets_in_use, "sha256").hex()

    def former_of(self, name: str) -> tuple["FormerKey", ...]:
        """Return the former keys of that name."""
        return tuple(each for each in self.former if each.name == name)

    @property
    def signing_key_id(self) -> str:
        """The id of the key that signs tokens."""
        return key_id(self.signing.public_key())

    @property
    def audit_key_id(self) -> str:
        """The id of the key that signs checkpoints."""
        return key_id(self.audit.public_key())

    @property
    def audit_keys(self) -> tuple[Ed25519PrivateKey, ...]:
        """The keys that signed checkpoints, oldest first, and the one that is to sign."""
        return (*(each.private_key for each in self.former_of("audit")), self.audit)

    def audit_public_pem(self) -> bytes:
        """Return the keys that verify checkpoints, oldest first, as PEMs one behind the other."""
        encoding = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        return b"".join(key.public_key().public_bytes(*encoding) for key in self.audit_keys)

    def audit_public_jwk(self) -> dict[str, str]:
        """Return the key that verifies checkpoints, as a JWK with its id."""
        octets = self.audit.public_key().public_bytes_raw()
        return {"crv": "Ed25519", "kid": self.audit_key_id, "kty": "OKP", "x": encode_segment(octets)}


def key_id(key: Ed25519PublicKey) -> str:
    """Return the RFC 7638 thumbprint of a public key: base64url of 32 bytes."""
    return OKPKey.import_key(key).thumbprint()


def generate_keys() -> PortalKeys:
    """Return new keys that no file holds."""
    return _keys_of(_draw())


def create_keys(path: Path) -> PortalKeys:
    """Return new keys, written to a new file of mode 0600; its folder is made where it is missing.

    Raises: ConfigurationError where there is a file already, or none can be written.
    """
    drawn = _draw()
    keys = _keys_of(drawn)
    store_key_file(path, render_keys(keys))
    return keys


def render_keys(keys: PortalKeys) -> bytes:
    """Return what a key file with these keys holds."""
    members: dict[str, JsonValue] = {
        "format": _ROTATED_FORMAT if keys.former else _FORMAT,
        **{name: encode_segment(octets) for name, octets in _octets_of(keys).items()},
    }
    if keys.former:
        members["former"] = [
            {"name": each.name, "key": encode_segment(each.octets), "retired_at": render_instant(each.retired_at)}
            for each in keys.former
        ]
    return json.dumps(members, indent=2).encode() + b"\n"


def rotate_key(keys: PortalKeys, name: str, now: datetime, *, at_once: bool = False) -> PortalKeys:
    """Return the keys with a new one of that name; the one before is a former key from now on.

    `at_once`: it counts no more, as one that was stolen mustn't. Those of the audit stay: they verify what they signed,
    and the last one signs the handover to the next, after which nothing that it signs counts.
    """
    octets = _octets_of(keys)
    kept = [each for each in keys.former if each.name == "audit" or now < each.counts_until]
    # To the second, as the file has it.
    retired = FormerKey(name, octets[name], now.replace(microsecond=0))
    if at_once and name != "audit":
        kept, retired = [each for each in kept if each.name != name], FormerKey(name, octets[name], _LONG_AGO)
    return replace(_keys_of({**octets, name: secrets.token_bytes(SECRET_BYTES)}), former=(*kept, retired))


def store_key_file(path: Path, content: bytes) -> None:
    """Write a new file of mode 0600 with private keys; its folder is made where it is missing.

    Raises: ConfigurationError where there is a file already, or none can be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, content)
    except FileExistsError:
        raise _KeyFileExists(
            Text(
                en=f"there is a key file `{path}` already; it is never written over",
                zh=f"密钥文件 `{path}` 已存在，不会被覆盖",
            )
        ) from None
    except OSError as fault:
        raise _unusable(path, f"can't be written: {fault.strerror}", f"无法写入：{fault.strerror}") from None


def load_keys(path: Path) -> PortalKeys:
    """Return the keys in the file.

    Raises: ConfigurationError where it is missing, can be read by others than its owner, or isn't whole.
    """
    content = load_key_file(path)
    try:
        return parse_keys(content)
    except BadInput:
        # What was wrong stays unsaid: it could be a part of a key.
        raise _unusable(path, "isn't whole; restore it from a backup", "不完整；请从备份恢复") from None


def parse_keys(content: bytes) -> PortalKeys:
    """Return the keys of a key file's content. Raises: BadInput if it isn't whole."""
    drawn, former = _parse_file(content)
    return replace(_keys_of(drawn), former=former)


def load_key_file(path: Path) -> bytes:
    """Return what a file with private keys holds.

    Raises: ConfigurationError where it is missing, or can be read by others than its owner.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_MAX_FILE_BYTES)
    except OSError as fault:
        raise _unusable(path, f"can't be read: {fault.strerror}", f"无法读取：{fault.strerror}") from None
    if mode & _READABLE_BY_OTHERS:
        raise _unusable(
            path,
            f"has mode {mode:04o}, so others may use it; run `chmod 600 {path}`",
            f"的权限为 {mode:04o}，他人也可使用；请运行 `chmod 600 {path}`",
        )
    return content


def load_or_create_keys(path: Path) -> PortalKeys:
    """Return the keys in the file, or new ones in a new file where there is none.

    Raises: ConfigurationError.
    """
    if not path.exists():
        try:
            return create_keys(path)
        except _KeyFileExists:
            return load_keys(path)  # another process was faster
    return load_keys(path)


class _KeyFileExists(ConfigurationError):
    """There is a key file where one was to be made."""


def _unusable(path: Path, en: str, zh: str) -> ConfigurationError:
    return ConfigurationError(Text(en=f"the key file `{path}` {en}", zh=f"密钥文件 `{path}` {zh}"))


def _draw() -> dict[str, bytes]:
    return {name: secrets.token_bytes(SECRET_BYTES) for name in _NAMES}


def _write_new(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: half of one, left by a crash, would be of no use and in the way."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        path.hardlink_to(draft)  # unlike a rename, fails where there is a file
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _parse_file(content: bytes) -> tuple[dict[str, bytes], tuple[FormerKey, ...]]:
    members = parse_json(content)
    if not isinstance(members, dict) or not isinstance(former := members.pop("former", []), list):
        raise _not_whole()
    expected = _ROTATED_FORMAT if former else _FORMAT
    if set(members) != {"format", *_NAMES} or members["format"] != expected:
        raise _not_whole()
    parsed = {
        name: decode_segment(value) for name, value in members.items() if name in _NAMES and isinstance(value, str)
    }
    retired = tuple(map(_parse_former, former))
    # One secret for two purposes, or one that nobody drew, is as good as none.
    every = [*parsed.values(), *(each.octets for each in retired)]
    if len(parsed) < len(_NAMES) or len(set(every)) < len(every) or not all(map(_is_drawn, every)):
        raise _not_whole()
    return parsed, retired


def _parse_former(value: JsonValue) -> FormerKey:
    match value:
        case {"name": str(name), "key": str(key), "retired_at": str(retired_at), **others} if (
            name in _NAMES and not others
        ):
            try:
                return FormerKey(name, decode_segment(key), parse_instant(retired_at))
            except ValueError:
                raise _not_whole() from None
        case _:
            raise _not_whole()


def _is_drawn(secret: bytes) -> bool:
    return len(secret) == SECRET_BYTES and len(set(secret)) >= SECRET_BYTES // 4


def _not_whole() -> BadInput:
    return BadInput(Text(en="not the keys of a portal", zh="不是门户的密钥"))


def _keys_of(drawn: Mapping[str, bytes]) -> PortalKeys:
    return PortalKeys(
        signing=Ed25519PrivateKey.from_private_bytes(drawn["signing"]),
        audit=Ed25519PrivateKey.from_private_bytes(drawn["audit"]),
        mask_secret=drawn["mask_secret"],
        cursor_secret=drawn["cursor_secret"],
        digest_secret=drawn["digest_secret"],
        audit_secret=drawn["audit_secret"],
    )


def _octets_of(keys: PortalKeys) -> dict[str, bytes]:
    return {
        "signing": keys.signing.private_bytes_raw(),
        "audit": keys.audit.private_bytes_raw(),
        "mask_secret": keys.mask_secret,
        "cursor_secret": keys.cursor_secret,
        "digest_secret": keys.digest_secret,
        "audit_secret": keys.audit_secret,
    }
