"""Servers that faults happen to: forked from a process that has imported the portal, or under other programs."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.sources import PROJECT
from tests.fixtures.postgres import free_port

READY_SECONDS = 60.0
_COMMAND = "import sys; from portal.cli import main; main()"
"""Run with `-P`: the code is that of `PYTHONPATH`, not that of the working folder."""


class NotServing(Exception):
    """The server ended, or doesn't answer, where it should serve."""


def _environment(home: Path, code: Path, added: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "COV_"))}
    return {**kept, "LANG": "en_US.UTF-8", "PYTHONPATH": str(code), "PORTAL_HOME": str(home), **added}


@dataclass(slots=True)
class Server:
    """A portal's server, which isn't always a child of this process."""

    pid: int
    port: int
    log: Path
    descriptor: int
    started_at: float
    ready_seconds: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return not self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended, after so long at most."""
        return bool(select.select([self.descriptor], [], [], seconds)[0])

    def wait_ready(self) -> None:
        """Return when it answers. Raises: NotServing."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline or not self.runs:
                raise NotServing(self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.02)
        self.ready_seconds = time.monotonic() - self.started_at

    def _is_ready(self) -> bool:
        with suppress(OSError, http.client.HTTPException), closing(self.connect()) as probe:
            probe.request("GET", "/healthz")
            with probe.getresponse() as response:
                return response.status == 200
        return False

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection of one's own, past the ledger."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def kill(self) -> None:
        """Kill it and all it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self.wait(20), "a killed server is still there"

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def stop(self) -> None:
        """Let it end in good order. Raises: NotServing where it doesn't."""
        self.signal(signal.SIGTERM)
        if not self.wait(20):
            self.kill()
            raise NotServing("it doesn't stop when it is told to")

    def close(self) -> None:
        """Kill it if it still runs."""
        if self.runs:
            self.kill()
        os.close(self.descriptor)


@dataclass(slots=True)
class Forge:
    """Starts servers of the portal whose code lies in `code`."""

    code: Path = PROJECT
    process: subprocess.Popen[str] = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        command = [sys.executable, str(PROJECT / "tests/faults/forking.py")]
        environment = _environment(Path("nowhere"), self.code, {})
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", "the portal can't be imported"

    def start(self, home: Path, log: Path, *options: str, environment: Mapping[str, str] | None = None) -> Server:
        """Return a server that is only just starting, on a free port."""
        port, started_at = free_port(), time.monotonic()
        arguments = ["serve", "--host", "127.0.0.1", "--port", str(port), *options]
        order = {
            "environment": {"PORTAL_HOME": str(home), **(environment or {})},
            "arguments": arguments,
            "log": str(log),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            pid = int(self.process.stdout.readline())
        return Server(pid, port, log, os.pidfd_open(pid), started_at)

    def run_under(
        self,
        prefix: Sequence[str],
        home: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> Server:
        """Return a server that is only just starting, as the last program of a command."""
        port, started_at = free_port(), time.monotonic()
        arguments = ("serve", "--host", "127.0.0.1", "--port", str(port), *options)
        command = [*prefix, sys.executable, "-P", "-c", _COMMAND, *arguments]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=_environment(home, self.code, environment or {}),
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        server = Server(process.pid, port, log, os.pidfd_open(process.pid), started_at)
        threading.Thread(target=process.wait, daemon=True).start()
        return server

    def run(self, home: Path, *arguments: str, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the command line on the portal in the folder."""
        command = [*prefix, sys.executable, "-P", "-c", _COMMAND, *arguments]
        return subprocess.run(
            command,
            env=_environment(home, self.code, {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def close(self) -> None:
        """End it and every server that it forked."""
        with suppress(BrokenPipeError):
            self.process.communicate(timeout=20)


@dataclass(slots=True)
class Tracer:
    """A strace that is attached to a server, and kills it or fails its calls as it was told."""

    process: subprocess.Popen[bytes]

    @classmethod
    def attach(cls, server: Server, *rules: str) -> "Tracer":
        """Attach; `rules` are strace's own arguments. Returns once the server is traced."""
        command = ["strace", "-f", "-qq", "-o", "/dev/null", *rules, "-p", str(server.pid)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        status = Path(f"/proc/{server.pid}/status")
        deadline = time.monotonic() + 10
        # A server that is killed meanwhile has no status any more.
        with suppress(ProcessLookupError, FileNotFoundError):
            while server.runs and "TracerPid:\t0" in status.read_text() and process.poll() is None:
                assert time.monotonic() < deadline, "strace doesn't attach"
                time.sleep(0.005)
        return cls(process)

    def close(self) -> None:
        """Let go of the server, if it still runs."""
        self.process.terminate()
        self.process.wait(20)
