"""Several workers on one listening socket, which the supervisor holds from its start to its end.

SIGTERM and SIGINT stop them all. SIGHUP replaces them one after the other, each by one that is ready before the old one
is told to stop. A worker that dies is replaced; one that can't start is tried again, later and later.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from select import POLLIN, poll
from socket import socket
from time import monotonic

from portal.logs import logger_of
from portal.serving import DRAIN_SECONDS

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
AGAIN = "again"
_START_SECONDS = 60.0
"""A worker that isn't ready after so long is ended."""
_END_SECONDS = DRAIN_SECONDS + 5.0
"""A worker that hasn't stopped after so long is killed; its notice comes on top."""
_LONGEST_PAUSE_SECONDS = 30.0
_TICK_SECONDS, _QUIET_SECONDS = 0.02, 1.0
_NOTICE_AT_MOST = 600.0


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker's process, and what it tells by: a byte on `ready` once it answers."""

    process: subprocess.Popen[bytes]
    ready: int
    born_at: float
    is_ready: bool = False
    ends_by: float | None = None
    """When it is killed, once it was told to stop."""

    def look(self) -> bool:
        """Take notice of what it told; return whether it runs."""
        if not self.is_ready and _can_read(self.ready):
            self.is_ready = os.read(self.ready, 1) == b"1"
        return self.process.poll() is None

    def end(self, number: signal.Signals, seconds: float) -> None:
        """Tell it to stop, and give it so long."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        self.ends_by = monotonic() + seconds


def _can_read(descriptor: int) -> bool:
    waiting = poll()
    waiting.register(descriptor, POLLIN)
    return bool(waiting.poll(0))


@dataclass(slots=True, eq=False)
class _Place:
    """Where one worker serves: who does now, who is to follow, and when to try again where nobody does."""

    worker: _Worker | None = None
    successor: _Worker | None = None
    is_to_be_renewed: bool = False
    failures: int = 0
    try_at: float = 0.0

    @property
    def is_starting(self) -> bool:
        """Whether a worker is just starting."""
        return self.successor is not None or (self.worker is not None and not self.worker.is_ready)


@dataclass(slots=True)
class _Supervisor:
    listening: socket
    greet: Callable[[], None]
    places: list[_Place]
    leaving: list[_Worker] = field(default_factory=list)
    has_greeted: bool = False
    exit_code: int | None = None
    alive: tuple[int, int] = field(default_factory=os.pipe)
    """A pipe whose writing end only this process has: the workers see its end."""

    def run(self) -> int:
        former = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            while self.exit_code is None:
                self._tend()
                self._wait()
            self._end_all()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        return self.exit_code

    def _wait(self) -> None:
        """Sleep until something may have happened, and do as a signal says."""
        is_busy = any(place.is_starting or place.worker is None for place in self.places)
        heard = signal.sigtimedwait(SIGNALS, _TICK_SECONDS if is_busy else _QUIET_SECONDS)
        if heard is None:
            return
        if heard.si_signo in (signal.SIGTERM, signal.SIGINT):
            self.exit_code = 0
            self._tell_all(signal.Signals(heard.si_signo))
        elif heard.si_signo == signal.SIGHUP:
            for place in self.places:
                place.is_to_be_renewed = True

    def _tend(self) -> None:
        """See to each place, and to the workers that leave."""
        for worker in [worker for worker in self.leaving if not worker.look()]:
            self.leaving.remove(worker)
            os.close(worker.ready)
        for worker in self.leaving:
            _kill_late(worker)
        for place in self.places:
            self._tend_place(place)
        self._renew_next()
        if not self.has_greeted and any(place.worker and place.worker.is_ready for place in self.places):
            self.has_greeted = True
            self.greet()

    def _tend_place(self, place: _Place) -> None:
        if place.successor is not None:
            self._follow(place, place.successor)
        worker = place.worker
        if worker is not None and not self._runs(worker):
            place.worker = None
            self._note_end(place, worker)
        if worker is not None and worker.is_ready:
            place.failures = 0
        if place.worker is None and place.successor is None and monotonic() >= place.try_at:
            place.worker = self._start(AGAIN if place.failures else "")

    def _runs(self, worker: _Worker) -> bool:
        if not worker.is_ready and monotonic() - worker.born_at > _START_SECONDS:
            worker.process.kill()
        return worker.look()

    def _note_end(self, place: _Place, worker: _Worker) -> None:
        """Say once what happened, and when another is started: soon after one that had served."""
        os.close(worker.ready)
        code = worker.process.returncode
        if worker.is_ready:
            place.try_at = 0.0
            logger_of("supervisor").error("a worker ended; another takes its place", code=code)
            return
        place.failures += 1
        place.try_at = monotonic() + min(2.0 ** (place.failures - 1), _LONGEST_PAUSE_SECONDS)
        if place.failures == 1:
            logger_of("supervisor").error("a worker can't start; it is tried again", code=code)
        if not self.has_greeted and all(each.worker is None and each.failures for each in self.places):
            # Nothing was ever served: who started it should learn of it.
            self.exit_code = 1

    def _follow(self, place: _Place, successor: _Worker) -> None:
        """Let the successor take the place once it is ready; give it up where it can't start."""
        if self._runs(successor):
            if successor.is_ready:
                self._retire(place.worker)
                place.worker, place.successor = successor, None
            return
        os.close(successor.ready)
        place.successor = None
        logger_of("supervisor").error("a new worker can't start; the old ones stay", code=successor.process.returncode)
        for each in self.places:
            each.is_to_be_renewed = False

    def _renew_next(self) -> None:
        """Start a successor where one is wanted, once the last one is ready and its predecessor gone."""
        if self.leaving or any(place.is_starting for place in self.places):
            return
        for place in self.places:
            if place.is_to_be_renewed and place.worker is not None:
                place.is_to_be_renewed = False
                place.successor = self._start("")
                return

    def _retire(self, worker: _Worker | None) -> None:
        if worker is not None:
            # Without notice: the socket is another's to listen on.
            worker.end(signal.SIGINT, _END_SECONDS)
            self.leaving.append(worker)

    def _start(self, again: str) -> _Worker:
        ready, tell = os.pipe()
        descriptors = (self.listening.fileno(), tell, self.alive[0])
        command = [sys.executable, "-P", "-m", "portal.worker", *map(str, descriptors), *filter(None, [again])]
        try:
            process = subprocess.Popen(  # noqa: S603  this program, with numbers
                command, stdin=subprocess.DEVNULL, pass_fds=descriptors
            )
        finally:
            os.close(tell)
        return _Worker(process, ready, monotonic())

    def _workers(self) -> Iterator[_Worker]:
        for place in self.places:
            yield from (worker for worker in (place.worker, place.successor) if worker is not None)

    def _tell_all(self, number: signal.Signals) -> None:
        for worker in self._workers():
            # How long its notice is, it knows; to wait for that is the caller's will.
            worker.end(number, _END_SECONDS + _NOTICE_AT_MOST)
            self.leaving.append(worker)
        # Who comes now is refused as soon as no worker listens any more, instead of waiting for nobody.
        self.listening.close()

    def _end_all(self) -> None:
        while self.leaving:
            for worker in [worker for worker in self.leaving if not worker.look()]:
                self.leaving.remove(worker)
            for worker in self.leaving:
                _kill_late(worker)
            heard = signal.sigtimedwait(SIGNALS, _TICK_SECONDS * 5)
            if heard is not None and heard.si_signo in (signal.SIGTERM, signal.SIGINT):
                # Asked again: they don't wait any longer either.
                for worker in self.leaving:
                    worker.end(signal.SIGINT, _END_SECONDS)


def _kill_late(worker: _Worker) -> None:
    if worker.ends_by is not None and monotonic() > worker.ends_by:
        worker.process.kill()


def supervise(listening: socket, workers: int, greet: Callable[[], None]) -> int:
    """Serve by so many workers until told to stop; `greet` is called once the first one answers.

    Returns the exit code: 1 where none could start. What workers say of themselves goes to the standard error.
    """
    return _Supervisor(listening, greet, [_Place() for _ in range(workers)]).run()
