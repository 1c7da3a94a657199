"""The keys that sign checkpoints, and the handover from one to the next.

After a rotation the key before it signs one checkpoint more, which names the new one: from there on nothing counts that
it signs. So the log says itself whose signature is to be found where, and who verifies it needs the first key alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from portal.audit.checkpoints import Checkpoint, is_signed, key_named
from portal.errors import AuditUnavailable, Text


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs the next checkpoint, and the one that it names as the next to sign; None: no other."""

    key: Ed25519PrivateKey
    successor: Ed25519PrivateKey | None = None

    @property
    def public_key(self) -> Ed25519PublicKey:
        """What verifies the next checkpoint."""
        return self.key.public_key()


def _none_elsewhere() -> Iterator[Ed25519PrivateKey]:
    return iter(())


class SigningKeys:
    """The audit keys in use, oldest first; the last one is to sign. A rotation brings others into use.

    `elsewhere` yields keys that lie ready on this machine and aren't in use yet: other workers may sign with them.
    """

    def __init__(
        self,
        keys: Sequence[Ed25519PrivateKey],
        elsewhere: Callable[[], Iterable[Ed25519PrivateKey]] = _none_elsewhere,
    ) -> None:
        self._keys = tuple(keys)
        self._elsewhere = elsewhere

    def use(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        """Take these, oldest first, in place of those in use."""
        self._keys = tuple(keys)

    @property
    def public_keys(self) -> tuple[Ed25519PublicKey, ...]:
        """What verifies checkpoints, oldest first."""
        return tuple(key.public_key() for key in self._keys)

    def signer_after(self, last: Checkpoint) -> Signer:
        """Return who signs the checkpoint after `last`. Raises: AuditUnavailable where that key isn't held."""
        *former, current = self._keys
        if not last.number or may_follow(last, current.public_key()):
            return Signer(current)
        for key in reversed(former):
            if may_follow(last, key.public_key()):
                return Signer(key, current)
        for key in self._elsewhere():
            if may_follow(last, key.public_key()):
                return Signer(key)
        raise AuditUnavailable(_FOREIGN_LOG)


def may_follow(last: Checkpoint, key: Ed25519PublicKey) -> bool:
    """Return whether the key is the one that signs after `last`: which that names, or by which it was signed."""
    named = key_named(last)
    return is_signed(last, key) if named is None else named == key.public_bytes_raw()


_FOREIGN_LOG = Text(
    en="the audit log was signed with another key; put the key file back with which this database was used",
    zh="审计日志是用另一把密钥签名的；请放回与此数据库配套的密钥文件",
)
