"""`python -m benchmarks.audited.serving CLOCK PORT`: `portal serve` by one worker that tells its threads' time.

Whoever connects to the port CLOCK of this machine is told, as JSON, the seconds of the processor that the whole process
has had and that the thread has had which writes the audit. Nobody who isn't asked looks at a clock.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from socket import create_connection, socket

from portal.app import serve
from portal.serving import listen
from portal.settings import load_settings, process_environment

_THREAD = "audit"
_ASKED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ProcessorSeconds:
    """What a process has had of the processor: in all its threads, and in the one that writes the audit."""

    process: float
    writing: float

    def since(self, before: "ProcessorSeconds") -> "ProcessorSeconds":
        """Return what it has had since then."""
        return ProcessorSeconds(self.process - before.process, self.writing - before.writing)


def ask_clock(port: int) -> ProcessorSeconds:
    """Return what the process that listens there has had. Raises: OSError, ValueError."""
    with create_connection(("127.0.0.1", port), _ASKED_SECONDS) as asked, asked.makefile("r") as told:
        return ProcessorSeconds(**json.loads(told.read()))


def own_seconds() -> ProcessorSeconds:
    """Return what this process has had; its thread that writes the audit none before there is one."""
    writing = [one.ident for one in threading.enumerate() if one.name == _THREAD and one.ident is not None]
    clocks = map(time.pthread_getcpuclockid, writing)
    return ProcessorSeconds(time.process_time(), sum(map(time.clock_gettime, clocks)))


def tell_clock(listening: socket, read: Callable[[], ProcessorSeconds]) -> None:
    """Tell everybody who connects, until nobody can any more."""
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(json.dumps(asdict(read())).encode())


def main(arguments: list[str]) -> int:
    """Serve until told to stop; return the exit code."""
    clock, port = map(int, arguments)
    listening = listen("127.0.0.1", clock)
    threading.Thread(target=tell_clock, args=(listening, own_seconds), daemon=True).start()
    return serve(load_settings(process_environment()), "127.0.0.1", port, 1, lambda _address: None)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
