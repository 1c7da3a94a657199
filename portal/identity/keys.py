"""The portal's own keys: one file that only its owner may read, made once and never written over (T81)."""

import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey

from portal.errors import BadInput, ConfigurationError, Text
from portal.identity.segments import decode_segment, encode_segment
from portal.json_text import parse_json

SECRET_BYTES = 32

_FORMAT = "portal-keys-1"
_NAMES = ("signing", "audit", "mask_secret", "cursor_secret", "digest_secret", "audit_secret")
_MAX_FILE_BYTES = 1 << 16
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


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

    @property
    def signing_key_id(self) -> str:
        """The id of the key that signs tokens."""
        return key_id(self.signing.public_key())

    @property
    def audit_key_id(self) -> str:
        """The id of the key that signs checkpoints."""
        return key_id(self.audit.public_key())

    def audit_public_pem(self) -> bytes:
        """Return the key that verifies checkpoints, as PEM."""
        return self.audit.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

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
    members = {"format": _FORMAT, **{name: encode_segment(octets) for name, octets in drawn.items()}}
    store_key_file(path, json.dumps(members, indent=2).encode() + b"\n")
    return _keys_of(drawn)


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
    return _keys_of(_parse_file(content))


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


def _parse_file(content: bytes) -> dict[str, bytes]:
    members = parse_json(content)
    if not isinstance(members, dict) or set(members) != {"format", *_NAMES} or members["format"] != _FORMAT:
        raise _not_whole()
    parsed = {
        name: decode_segment(value) for name, value in members.items() if name in _NAMES and isinstance(value, str)
    }
    # One secret for two purposes, or one that nobody drew, is as good as none.
    if len(set(parsed.values())) < len(_NAMES) or not all(map(_is_drawn, parsed.values())):
        raise _not_whole()
    return parsed


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
