"""The pair of keys of backups: the machine that makes them has the public one alone, and so can't read old ones."""

from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from portal.errors import ConfigurationError, Text
from portal.identity.keys import load_key_file, store_key_file

_MAX_BYTES = 1 << 16


def create_backup_keys(path: Path) -> Path:
    """Write a new private key to the file, the public one beside it, and return where that is.

    Raises: ConfigurationError where one of the files is there already, or can't be written.
    """
    private, public = X25519PrivateKey.generate(), path.with_name(f"{path.name}.pub")
    if public.exists():
        raise ConfigurationError(
            Text(
                en=f"there is a file `{public}` already, where the public key is to lie; name another private key file",
                zh=f"公钥文件 `{public}` 已存在；请为私钥指定其他文件名",
            )
        )
    store_key_file(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    store_key_file(public, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return public


def load_backup_key(path: Path) -> X25519PublicKey:
    """Return the public key of the file. Raises: ConfigurationError."""
    try:
        with path.open("rb") as file:
            key = load_pem_public_key(file.read(_MAX_BYTES))
    except OSError as fault:
        raise _unusable(path, f"can't be read: {fault.strerror}", f"无法读取：{fault.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _not_public(path) from None
    if not isinstance(key, X25519PublicKey):
        raise _not_public(path)
    return key


def load_restore_key(path: Path) -> X25519PrivateKey:
    """Return the private key of the file. Raises: ConfigurationError."""
    try:
        key = load_pem_private_key(load_key_file(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _not_private(path) from None
    if not isinstance(key, X25519PrivateKey):
        raise _not_private(path)
    return key


def backup_key_id(key: X25519PublicKey) -> str:
    """Return the 32 hex digits that tell this key from another."""
    return sha256(key.public_bytes_raw()).hexdigest()[:32]


def _not_public(path: Path) -> ConfigurationError:
    return _unusable(
        path,
        "holds no public X25519 key as PEM; `portal backup --new-key FILE` makes one",
        "中没有 PEM 格式的 X25519 公钥；可用 `portal backup --new-key 文件` 生成",
    )


def _not_private(path: Path) -> ConfigurationError:
    return _unusable(
        path,
        "holds no private X25519 key as PEM; name the file that `portal backup --new-key` wrote",
        "中没有 PEM 格式的 X25519 私钥；请指定 `portal backup --new-key` 写入的文件",
    )


def _unusable(path: Path, en: str, zh: str) -> ConfigurationError:
    return ConfigurationError(Text(en=f"the backup key `{path}` {en}", zh=f"备份密钥 `{path}` {zh}"))
