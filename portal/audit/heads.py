"""The heads of all chains, as their checkpoints tell them: what a signer knows without reading every chain.

Over years every restart leaves a chain behind; reading the end of each for every checkpoint would take ever longer. So
a signer keeps what it knows and reads three sorts of chains: those that began since, those that moved lately, and a few
of the quiet ones, in turn. A quiet chain may move again, when its process was stopped for hours and goes on: then that
process signs its own records within a second, as every writer does, and the others learn the head from its checkpoint,
because each signer reads the checkpoints of others before it signs its own, under the lock that orders them. Only if it
also dies within that second are its last records found by turn, or when the next writer begins and reads all chains.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from portal.audit.chain import Head, Writer
from portal.audit.checkpoints import Checkpoint, digest_of, heads_of
from portal.audit.statements import LogStatements

LIVELY_LOOKS = 120
"""A chain that didn't move for so many looks, a minute of them, is read in turn with other quiet ones."""
QUIET_CHAINS = 20
"""Quiet chains that a look reads."""
_BLOCK = 256
_MANY = 1 << 30
_FEW = 64

Read = Callable[[str, Sequence[str | int | bytes | None]], Iterable[Any]]
"""Runs a statement in the transaction that appends the checkpoint, and returns its rows."""


class KnownHeads:
    """Heads up to a checkpoint, and those that moved since. For one signer; not to be used after a failure."""

    def __init__(self, read: Read, statements: LogStatements) -> None:
        self._read = read
        self._statements = statements
        self._heads: dict[int, Head] = {}
        self._order: list[int] = []
        self._states = [hashlib.sha256()]
        """The digest's state before each block of chains, as far as none of them has moved since."""
        self._lively: dict[int, int] = {}
        self._turn = 0
        self._number = 0

    def covered(self, writer: int) -> int:
        """Return up to which record of the chain a checkpoint is known."""
        known = self._heads.get(writer)
        return 0 if known is None else known.sequence

    def all(self) -> list[Head]:
        """Return every head that is known, by writer."""
        return [self._heads[writer] for writer in self._order]

    def begin(self, last: Checkpoint) -> list[Head]:
        """Read all chains, and return those to name after `last`: it covers the others as they are."""
        writers = [self._head_of(row) for row in self._read(self._statements.read_writers, ())]
        covered: dict[int, Head] = {}
        below, step, is_known = last.number, _FEW, False
        while below and not is_known:
            since = max(0, below - step)
            batch: dict[int, Head] = {}
            for row in self._read(self._statements.read_checkpoints_between, (since + 1, below)):
                batch |= {head.writer: head for head in heads_of(Checkpoint(*row))}
            # What a later checkpoint says of a chain holds.
            covered = batch | covered
            below, step = since, step * 4
            # If all chains that these don't name stand as they stood, then the digest says so.
            self._assume([covered.get(one.writer, one) for one in writers] if below else covered.values())
            is_known = self.digest() == digest_of(last)
        self._number = last.number
        moved = [head for head in writers if self._heads.get(head.writer) != head]
        self._lively = dict.fromkeys(list(covered)[-_FEW:], LIVELY_LOOKS)
        self.add(moved)
        return moved

    def _assume(self, heads: Iterable[Head]) -> None:
        self._heads = {head.writer: head for head in heads}
        self._order = sorted(self._heads)
        self._states = [hashlib.sha256()]

    def follow(self) -> None:
        """Learn what checkpoints of others say."""
        for row in self._read(self._statements.read_checkpoints_between, (self._number + 1, _MANY)):
            checkpoint = Checkpoint(*row)
            self.add(heads_of(checkpoint))
            self._number = checkpoint.number

    def look(self, own: int) -> list[Head]:
        """Return the chains that moved since the last checkpoint, by writer; `follow` goes before it."""
        spans = [(writer, writer) for writer in {own, *self._lively}]
        if self._order:
            quiet = self._order[self._turn : self._turn + QUIET_CHAINS]
            self._turn = self._turn + QUIET_CHAINS if quiet else 0
            spans += [(quiet[0], quiet[-1])] if quiet else []
        spans.append(((self._order or [0])[-1] + 1, _MANY))
        found: dict[int, Head] = {}
        for span in spans:
            for row in self._read(self._statements.read_writers_between, span):
                found[row[0]] = self._head_of(row)
        moved = [head for _, head in sorted(found.items()) if self._heads.get(head.writer) != head]
        self._lively = {writer: looks - 1 for writer, looks in self._lively.items() if looks > 1}
        self.add(moved)
        return moved

    def signed(self, checkpoint: Checkpoint) -> None:
        """Take notice of the signer's own checkpoint, which named what `look` returned."""
        self._number = checkpoint.number

    def digest(self) -> str:
        """Return the hex digest over all heads, by writer."""
        while len(self._states) * _BLOCK <= len(self._order):
            self._states.append(self._state_after(len(self._states) - 1))
        return self._state_after(len(self._states) - 1).hexdigest()

    def _state_after(self, block: int) -> "hashlib._Hash":
        state = self._states[block].copy()
        for writer in self._order[block * _BLOCK : (block + 1) * _BLOCK]:
            head = self._heads[writer]
            state.update(f"{writer}:{head.sequence}:{head.hash.hex()}\n".encode())
        return state

    def _head_of(self, row: Sequence[Any]) -> Head:
        *columns, sequence = row
        known = self._heads.get(columns[0])
        if sequence is None:
            return Writer(*columns).genesis
        if known is not None and known.sequence == sequence:
            return known
        [(stored,)] = self._read(self._statements.read_hash, (columns[0], sequence))
        return Head(columns[0], sequence, bytes(stored))

    def add(self, heads: Iterable[Head]) -> None:
        """Put the heads in the place of those known."""
        for head in heads:
            place = bisect_left(self._order, head.writer)
            if place == len(self._order) or self._order[place] != head.writer:
                self._order.insert(place, head.writer)
            self._heads[head.writer] = head
            self._lively[head.writer] = LIVELY_LOOKS
            del self._states[place // _BLOCK + 1 :]
