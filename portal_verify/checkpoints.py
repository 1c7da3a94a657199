"""Checking checkpoints: signatures in any order and process, what they say of the chains in theirs."""

import hashlib
import json
from bisect import insort
from collections.abc import Iterable, Mapping
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from portal_verify.faults import FaultKind, Found, LogLoss
from portal_verify.reading import Reader, State, open_reader

CHECKPOINTS_AT_ONCE = 2000
UNSIGNED = 255
"""Stands for a key where none fits."""
_CHECKPOINTS = "SELECT number, body, signature FROM audit_checkpoints WHERE number BETWEEN ? AND ? ORDER BY number"
_HASH = "SELECT hash FROM audit_records WHERE writer = ? AND sequence = ?"
_NAMING_KEYS = 'SELECT body FROM audit_checkpoints WHERE number <= ? AND body LIKE \'%"key":"%\' ORDER BY number'
_STATING_LOSSES = (
    "SELECT number, (SELECT max(number) FROM audit_checkpoints AS before WHERE before.number < stating.number) "
    "FROM audit_checkpoints AS stating WHERE number <= ? AND body LIKE '%\"loss\":{%' ORDER BY number"
)
_BLOCK = 256


def portal_name(key: bytes) -> bytes:
    """Return the name of a log under this raw public key."""
    return hashlib.sha256(key).hexdigest().encode()


def keys_named(reader: Reader, last: int) -> list[bytes]:
    """Return the raw public keys that checkpoints up to `last` name, whether these are sound or not."""
    found: list[bytes] = []
    for (body,) in reader.rows(_NAMING_KEYS, (last,)):
        try:
            key = bytes.fromhex(json.loads(body)["key"])
            Ed25519PublicKey.from_public_bytes(key)
        except (ValueError, TypeError, LookupError):
            continue
        found.append(key)
    return found


def cut_spans(reader: Reader, last: int, count: int) -> list[tuple[int, int]]:
    """Return spans of checkpoints up to `last`, both ends in each; numbers that were jumped over lie in none.

    Whether a jump is rightly there is for the walk to say. Where there are more numbers than the `count` of
    checkpoints, those behind lie behind a gap, which is found before them.
    """
    spans: list[tuple[int, int]] = []
    first, left = 1, count
    for number, before in [*reader.rows(_STATING_LOSSES, (last,)), (last + 1, last)]:
        end = min(before or 0, first + left - 1)
        spans += [(one, min(end, one + CHECKPOINTS_AT_ONCE - 1)) for one in range(first, end + 1, CHECKPOINTS_AT_ONCE)]
        left -= max(0, end - first + 1)
        first = max(first, number)
    return spans


def signers(state: State, keys: tuple[bytes, ...], span: tuple[int, int]) -> bytes:
    """Return for each checkpoint of the span, both ends in it, the place of the key that signed it, or `UNSIGNED`."""
    verifiers = [Ed25519PublicKey.from_public_bytes(key) for key in keys]
    found = bytearray()
    likely = 0
    with open_reader(state) as reader:
        for _, body, signature in reader.rows(_CHECKPOINTS, span):
            signer = _signer(verifiers, likely, body, signature)
            likely = likely if signer == UNSIGNED else signer
            found.append(signer)
    return bytes(found)


def _signer(keys: list[Ed25519PublicKey], likely: int, body: bytes, signature: bytes) -> int:
    for place, key in [(likely, keys[likely]), *enumerate(keys)]:
        try:
            key.verify(signature, body)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return place
    return UNSIGNED


class CheckpointWalk:
    """Follows the checkpoints from the first one on: their chain, the heads that they name, epochs, and keys.

    `keys` are raw public keys, of which the first `anchors` are trusted to have signed the first checkpoint; `claims`
    are the checkpoints, as (number, hex hash), that the log must hold.
    """

    def __init__(
        self, reader: Reader, keys: tuple[bytes, ...], anchors: int, claims: Iterable[tuple[int, str]]
    ) -> None:
        self._reader = reader
        self._keys = keys
        self._anchors = anchors
        self._claims = set(claims)
        self._signer: int | None = None
        self._previous = bytes(32)
        self._epoch = 0
        self._heads = _Heads()
        self.checkpoints = self.last = 0
        """How many were sound, and the number of the last of them."""
        self.witnessed: int | None = None
        """How many records the last checkpoint that a witness names covers."""
        self.losses: list[LogLoss] = []

    @property
    def covered(self) -> int:
        """How many records the last checkpoint covers."""
        return self._heads.records

    def check(self, last: int, signed_by: bytes, writers: Mapping[int, tuple[bytes, bytes]]) -> None:
        """Check the next checkpoints up to number `last`; `writers` are (portal, genesis) by writer. Raises: Found."""
        rows = self._reader.rows(_CHECKPOINTS, (self.last + 1, last))
        for at, (number, body, signature) in enumerate(rows):
            place = f"checkpoint {self.last + 1}"
            signer = signed_by[at] if at < len(signed_by) else UNSIGNED
            if not self._may_sign(signer):
                raise Found(place, FaultKind.SIGNATURE)
            self._signer = signer
            members = json.loads(body)
            if number != self._take_loss(number, members) + 1:
                raise Found(place, FaultKind.CHECKPOINT_GAP)
            self._check_body(place, members, writers)
            self._previous = hashlib.sha256(body + signature).digest()
            self.checkpoints += 1
            self.last = number
            self._hold_claims(number)

    def _take_loss(self, number: int, members: dict[str, Any]) -> int:
        """Return the number before this checkpoint: the last one's, or the last lost one's where it states a loss.

        What witnesses say of lost ones is settled with that, but for another one of the number that it names.
        """
        loss = members.get("loss")
        if loss is None:
            return self.last
        since, until, people = loss["since"], loss["number"], tuple(loss["accepted_by"])
        self.losses.append(LogLoss(number, since, until, people, loss["reason"]))
        self._claims -= {one for one in self._claims if since < one[0] < until or one == (until, loss["hash"])}
        return max(self.last, cast("int", until))

    def _may_sign(self, signer: int) -> bool:
        if self._signer is None:
            return signer < self._anchors
        return signer == self._signer

    def _hold_claims(self, number: int) -> None:
        if (claim := (number, self._previous.hex())) in self._claims:
            self._claims.discard(claim)
            self.witnessed = self._heads.records

    def finish(self, writers: Iterable[int]) -> None:
        """Raise unless every claim was met and every writer seen."""
        if self._claims:
            raise Found("witness", FaultKind.WITNESS)
        for writer in sorted(set(writers) - self._heads.writers):
            raise Found(f"writer {writer}", FaultKind.WRITER)

    def _check_body(self, place: str, body: dict[str, Any], writers: Mapping[int, tuple[bytes, bytes]]) -> None:
        if body["previous"] != self._previous.hex():
            raise Found(place, FaultKind.CHECKPOINT_GAP)
        for writer, sequence, hash_text in body["heads"]:
            self._check_head(place, (writer, sequence, bytes.fromhex(hash_text)), writers)
        if body["digest"] != self._heads.digest():
            raise Found(place, FaultKind.DIGEST)
        # Older checkpoints name no epoch; and one that named none later would hide a rewind.
        epoch = body.get("epoch", 0)
        if epoch < self._epoch:
            raise Found(place, FaultKind.EPOCH)
        self._epoch = epoch
        if "key" in body:
            self._signer = self._keys.index(bytes.fromhex(body["key"]))

    def _check_head(self, place: str, head: tuple[int, int, bytes], writers: Mapping[int, tuple[bytes, bytes]]) -> None:
        writer, sequence, hash_before = head
        known = writers.get(writer)
        if writer not in self._heads.writers and (sequence != 0 or not self._began_now(known)):
            raise Found(f"writer {writer}", FaultKind.WRITER)
        if sequence == 0:
            stored = None if known is None else known[1]
        else:
            stored = next((cast("bytes", row[0]) for row in self._reader.rows(_HASH, (writer, sequence))), None)
        if hash_before != stored:
            raise Found(f"{place}, record {writer}-{sequence}", FaultKind.HEAD)
        self._heads.set(writer, sequence, hash_before)

    def _began_now(self, known: tuple[bytes, bytes] | None) -> bool:
        """Tell whether the chain is of the key that signs at this time; a chain that isn't there is another fault."""
        return known is None or known[0] == portal_name(self._keys[self._signer or 0])


class _Heads:
    """The heads so far and their digest, which is kept up to the first chain that moved: old chains cost nothing."""

    def __init__(self) -> None:
        self.writers: set[int] = set()
        self.records = 0
        self._order: list[int] = []
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._states = [hashlib.sha256()]
        """Before each block of chains that hasn't changed since."""

    def set(self, writer: int, sequence: int, head: bytes) -> None:
        """Put a chain's head in the place of the one before."""
        if writer not in self.writers:
            self.writers.add(writer)
            insort(self._order, writer)
            self._heads[writer] = (0, b"")
        self.records += sequence - self._heads[writer][0]
        self._heads[writer] = (sequence, b"%d:%d:%b\n" % (writer, sequence, head.hex().encode()))
        place = self._order.index(writer) if writer < self._order[-1] else len(self._order) - 1
        del self._states[place // _BLOCK + 1 :]

    def digest(self) -> str:
        """Return the hex digest over all heads, by writer."""
        while (len(self._states)) * _BLOCK <= len(self._order):
            self._states.append(self._after(len(self._states) - 1))
        return self._after(len(self._states) - 1).hexdigest()

    def _after(self, block: int) -> "hashlib._Hash":
        state = self._states[block].copy()
        lines = (self._heads[writer][1] for writer in self._order[block * _BLOCK : (block + 1) * _BLOCK])
        state.update(b"".join(lines))
        return state
