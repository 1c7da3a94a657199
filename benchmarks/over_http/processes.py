"""Starting contenders as processes of their own, until they answer, and ending them."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from benchmarks.over_http.load import Job, LoadFault, Measured
from benchmarks.over_http.machine import PROJECT, Cores, pinned
from tests.fixtures.postgres import free_port

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0


class NotStarted(Exception):
    """A process that ended, or doesn't answer, with the last of what it wrote."""


@dataclass(frozen=True, slots=True)
class Program:
    """A server: its command, after which its port follows, and what its environment holds beside this process's."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path = PROJECT

    def whole_environment(self) -> dict[str, str]:
        """Return this process's environment without settings of a portal, and with the program's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        path = os.pathsep.join(filter(None, (str(PROJECT), kept.get("PYTHONPATH"))))
        return {**kept, "PYTHONPATH": path, **self.environment}


@dataclass(frozen=True, slots=True)
class Served:
    """A program that answers: its port, and the number of its process."""

    port: int
    process: int

    def processor_seconds(self) -> float:
        """Return the processor time that the process has had in all its threads; 0 where the system doesn't tell."""
        try:
            told = Path(f"/proc/{self.process}/stat").read_text(encoding="utf-8")
        except OSError:
            return 0.0
        # The name of the program, in brackets, may hold anything.
        fields = told.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(program: Program, cores: Cores, logs: Path) -> Iterator[Served]:
    """Yield the program that answers `/healthz`; it ends with the block. Raises: NotStarted."""
    port, log = free_port(), logs / f"{program.name.replace(' ', '-')}.log"
    with ExitStack() as ending:
        written = ending.enter_context(log.open("wb"))
        with pinned(cores.contenders):
            process = subprocess.Popen(
                [*program.command, str(port)],
                env=program.whole_environment(),
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
            )
        ending.callback(_end, process)
        _wait_until_ready(program.name, process, port, log)
        yield Served(port, process.pid)


def _wait_until_ready(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = monotonic() + _READY_SECONDS
    while not _is_ready(port):
        if process.poll() is not None or monotonic() > deadline:
            raise NotStarted(f"{name} doesn't answer: {log.read_text(errors='replace')[-2000:]}")
        sleep(0.05)


def _is_ready(port: int) -> bool:
    probe = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, http.client.HTTPException), closing(probe):
        probe.request("GET", "/healthz")
        with probe.getresponse() as response:
            return response.status == http.HTTPStatus.OK
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    _await_end(process)


def _await_end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class LoadProcess:
    """The client as a process of its own."""

    process: subprocess.Popen[str]
    name: str = "bundled"

    def run(self, job: Job) -> Measured:
        """Return what came of the job. Raises: LoadFault."""
        if self.process.stdin is None or self.process.stdout is None:
            raise LoadFault("the client isn't spoken to")
        self.process.stdin.write(job.render() + "\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline() or '{"fault": "the client ended"}')
        if "fault" in result:
            raise LoadFault(result["fault"])
        return Measured(**result)


@contextmanager
def started_load(cores: Cores) -> Iterator[LoadProcess]:
    """Yield the client, which ends with the block."""
    program = Program("client", [sys.executable, "-m", "benchmarks.over_http.load"], {})
    with pinned(cores.client):
        process = subprocess.Popen(
            program.command,
            env=program.whole_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    with process:
        try:
            yield LoadProcess(process)
        finally:
            # It ends where its jobs end.
            if process.stdin is not None:
                process.stdin.close()
            _await_end(process)
