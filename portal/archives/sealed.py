"""Sealed files: encrypted to a public key, in chunks, so that any amount is read and written in constant memory.

    header = "portal-backup-1\\n" + id of the recipient's key (16 bytes) + ephemeral public X25519 key (32 bytes)
    key    = HKDF-SHA256(X25519(ephemeral, recipient), salt = header, info = "portal backup")
    chunk  = AES-256-GCM(key, nonce = number of the chunk (11 bytes) + 1 for the last one, else 0; header as extra)

Every chunk but the last holds 1 MiB. So nothing can be changed, cut, swapped or appended unseen (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár). Whoever has the public key can make such a file: whose it is
is for what lies inside to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.archives.keys import backup_key_id
from portal.errors import BadInput, Text

CHUNK = 1 << 20
_MAGIC = b"portal-backup-1\n"
_ID_BYTES = 16
_HEADER_BYTES = len(_MAGIC) + _ID_BYTES + 32
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Seal:
    """The header of one sealed file and its key; the key opens this file alone."""

    header: bytes
    cipher: AESGCM

    def nonce(self, number: int, *, is_last: bool) -> bytes:
        """Return the nonce of a chunk; no two chunks of a key have the same."""
        return number.to_bytes(11, "big") + bytes([is_last])


def new_seal(recipient: X25519PublicKey) -> Seal:
    """Return the seal of a new file, for the holder of the recipient's private key."""
    ephemeral = X25519PrivateKey.generate()
    header = _MAGIC + bytes.fromhex(backup_key_id(recipient)) + ephemeral.public_key().public_bytes_raw()
    return _seal(header, ephemeral.exchange(recipient))


def open_seal(file: BinaryIO, name: str, key: X25519PrivateKey) -> Seal:
    """Return the seal of a file, read up to its first chunk. Raises: BadInput if it isn't one, or for another key."""
    header = file.read(_HEADER_BYTES)
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        raise BadInput(
            Text(
                en=f"`{name}` is no backup that this version of the portal knows",
                zh=f"`{name}` 不是本版本门户所认识的备份",
            )
        )
    meant, given = header[len(_MAGIC) :][:_ID_BYTES].hex(), backup_key_id(key.public_key())
    if meant != given:
        raise BadInput(
            Text(
                en=f"`{name}` was sealed for the key `{meant}`, and this is `{given}`; name the other private key file",
                zh=f"`{name}` 是用密钥 `{meant}` 加密的，而此密钥为 `{given}`；请指定另一个私钥文件",
            )
        )
    try:
        return _seal(header, key.exchange(X25519PublicKey.from_public_bytes(header[-32:])))
    except ValueError:
        raise damaged(name) from None


def damaged(name: str) -> BadInput:
    """Return the refusal of a file that isn't whole."""
    return BadInput(
        Text(
            en=f"`{name}` is damaged, cut or changed; nothing was restored from it; take another copy of the backup",
            zh=f"`{name}` 已损坏、被截断或被改动；未从中恢复任何内容；请换用该备份的其他副本",
        )
    )


def _seal(header: bytes, shared: bytes) -> Seal:
    return Seal(header, AESGCM(HKDF(SHA256(), 32, header, b"portal backup").derive(shared)))


class SealingWriter:
    """Writes what it is given into a file, sealed; `close` writes the last chunk, without which nothing is whole."""

    def __init__(self, file: BinaryIO, seal: Seal) -> None:
        self._file = file
        self._seal = seal
        self._waiting = bytearray()
        self._number = 0
        file.write(seal.header)

    def write(self, content: bytes) -> None:
        """Write some more."""
        self._waiting += content
        # The last chunk is known only at the end, so one is always kept back.
        while len(self._waiting) > CHUNK:
            self._write_chunk(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        """Write the last chunk."""
        self._write_chunk(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _write_chunk(self, content: bytes, *, is_last: bool) -> None:
        nonce = self._seal.nonce(self._number, is_last=is_last)
        self._file.write(self._seal.cipher.encrypt(nonce, content, self._seal.header))
        self._number += 1


def read_sealed(file: BinaryIO, name: str, seal: Seal) -> Iterator[bytes]:
    """Yield what the chunks hold, each once it is known to be right; the file has been read up to the first.

    Raises: BadInput at the first that isn't, and where the last is missing.
    """
    number, chunk = 0, file.read(CHUNK + _TAG_BYTES)
    while True:
        following = file.read(CHUNK + _TAG_BYTES)
        try:
            yield seal.cipher.decrypt(seal.nonce(number, is_last=not following), chunk, seal.header)
        except InvalidTag:
            raise damaged(name) from None
        if not following:
            return
        number, chunk = number + 1, following
