"""Telling the witnesses: a thread for each reads checkpoints from the log and hands them on; no answer waits for it."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from portal.audit.checkpoints import LOSS_PATTERN, Checkpoint, find_settling, is_signed
from portal.audit.reading import READING_FAULTS, LogReader, open_log_reader
from portal.audit.signing import SigningKeys
from portal.audit.witness_stores import (
    WitnessRefusalError,
    WitnessStore,
    WitnessUnreachableError,
    lost_until,
    open_witness,
)
from portal.errors import AuditUnavailable, Text

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 10.0
"""So often a witness is asked for its newest checkpoint while there is nothing to tell it."""
_BATCH = 500

_log = logging.getLogger("portal")


class _WitnessThread:
    """Keeps one witness up with the log. What it holds is asked, what it lacks is read from the database.

    INVARIANT: in quarantine it is told nothing: it is what the restored log is held against (T31).
    """

    def __init__(self, place: str, number: int, database_url: str, keys: SigningKeys) -> None:
        self._place = place
        self._keys = keys
        # The place may hold a password.
        self.name = f"witness {number}"
        self._database_url = database_url
        self._reader: LogReader | None = None
        self._store: WitnessStore = open_witness(place)
        self._held: int | None = None
        self._stop = threading.Event()
        self._is_failing = False
        self.contradiction = False
        self.reached_at = self._asked_at = monotonic()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def check(self) -> None:
        """Hold the log against what the witness has. Raises: WitnessRefusalError, WitnessUnreachableError."""
        newest = self._store.newest()
        self._asked_at = self.reached_at = monotonic()
        if self._is_quarantined():
            self._held = None
            return
        if newest is None:
            if self._held:
                raise WitnessUnreachableError("it holds nothing any more")
            self._held = 0
            return
        found = self._read(newest.number - 1, 1)
        self._held = newest.number if found and found[0] == newest else self._settled(newest)

    def _settled(self, newest: Checkpoint) -> int:
        """Return the number up to which the witness need not be told, where it holds what was accepted as lost."""
        losses = self._checkpoints(self._open_reader().statements.read_losses, (newest.number, LOSS_PATTERN))
        settling = find_settling(losses, self._keys.public_keys, newest.number, newest.hash.hex())
        if settling is None:
            raise WitnessRefusalError(f"checkpoint {newest.number}")
        return settling.number - 1

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Tell what is left, for so long at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        if not self._thread.is_alive():
            self._drop_reader()
            self._store.close()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._try()
        self._try()

    def _try(self) -> None:
        try:
            self._catch_up()
        except WitnessUnreachableError as fault:
            self._fail("can't be reached", str(fault))
        except READING_FAULTS as fault:
            self._drop_reader()
            self._fail("can't be told: the log can't be read", type(fault).__name__)
        except WitnessRefusalError as refusal:
            if not self.contradiction:
                _log.error("%s holds another history than this log: %s", self.name, refusal)
            self.contradiction = True
        else:
            if self._is_failing:
                _log.warning("%s is reached again", self.name)
            self._is_failing = False

    def _fail(self, what: str, why: str) -> None:
        if not self._is_failing:
            _log.warning("%s %s: %s", self.name, what, why)
        self._is_failing = True
        # It may have been told by others, or restored, meanwhile.
        self._held = self._held or None

    def _catch_up(self) -> None:
        is_quarantined = self._is_quarantined()
        is_unknown = self._held is None and not is_quarantined
        if is_unknown or self._is_failing or monotonic() - self._asked_at >= HEARTBEAT_SECONDS:
            self.check()
        if is_quarantined or self._held is None:
            return
        while checkpoints := self._read(self._held, _BATCH):
            self._check_losses(checkpoints)
            self._store.store(checkpoints)
            self._held = checkpoints[-1].number
            self._asked_at = self.reached_at = monotonic()

    def _check_losses(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Refuse to tell of a loss that nobody signed: a witness that is a folder wouldn't notice."""
        for checkpoint in checkpoints:
            if lost_until(checkpoint) is not None and not is_signed(checkpoint, *self._keys.public_keys):
                raise WitnessRefusalError(f"checkpoint {checkpoint.number}")

    def _read(self, after: int, count: int) -> list[Checkpoint]:
        statements = self._open_reader().statements
        return self._checkpoints(statements.read_checkpoints_between, (after + 1, after + count))

    def _checkpoints(self, statement: str, parameters: tuple[int, int | str]) -> list[Checkpoint]:
        rows = self._open_reader().read(statement, parameters)
        return [Checkpoint(number, body, bytes(signature)) for number, body, signature in rows]

    def _is_quarantined(self) -> bool:
        reader = self._open_reader()
        return bool(reader.read(reader.statements.read_quarantine))

    def _open_reader(self) -> LogReader:
        if self._reader is None:
            self._reader = open_log_reader(self._database_url)
        return self._reader

    def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(*READING_FAULTS):
                reader.close()


class Witnessing:
    """All witnesses of a process; `start` makes it."""

    def __init__(self, threads: Sequence[_WitnessThread], limit_seconds: float) -> None:
        self._threads = threads
        self._limit_seconds = limit_seconds

    @classmethod
    def start(
        cls, database_url: str, places: Sequence[str], keys: SigningKeys, limit_seconds: float = 600.0
    ) -> "Witnessing":
        """Hold the log, signed with the keys, against every witness that can be reached, and begin to tell them all.

        Raises: AuditUnavailable where a witness holds a checkpoint that the log lacks.
        """
        if not places:
            return cls((), limit_seconds)
        threads = [_WitnessThread(place, number, database_url, keys) for number, place in enumerate(places, start=1)]
        started = cls(threads, limit_seconds)
        try:
            for thread in threads:
                with suppress(WitnessUnreachableError):
                    _check(thread)
        except BaseException:
            started.close()
            raise
        for thread in threads:
            thread.start()
        return started

    @property
    def is_witnessed(self) -> bool:
        """Whether records may be written: a witness was reached not too long ago, and none tells another history."""
        if not self._threads:
            return True
        if any(thread.contradiction for thread in self._threads):
            return False
        return monotonic() - max(thread.reached_at for thread in self._threads) <= self._limit_seconds

    def close(self, seconds: float = 3.0) -> None:
        """Tell the witnesses what is left, for so long at most, and end."""
        for thread in self._threads:
            thread.finish(seconds)


UNWITNESSED = Witnessing((), 0.0)
"""Where no other party keeps checkpoints."""


def _check(thread: _WitnessThread) -> None:
    try:
        thread.check()
    except WitnessRefusalError:
        raise AuditUnavailable(
            Text(
                en=f"the audit log doesn't hold the newest checkpoint of {thread.name} of `PORTAL_AUDIT_WITNESSES`: "
                "the database was replaced, cut or restored from an older copy; find out which",
                zh=f"审计日志中没有 `PORTAL_AUDIT_WITNESSES` 第 {thread.name.split()[1]} 个见证方的最新检查点："
                "数据库曾被替换、截断或由旧备份恢复；请查明原因",
            )
        ) from None
