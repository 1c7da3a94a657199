"""wrk as the client, where it is installed: for requests that are the same octets each time."""

import json
import math
import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from time import perf_counter

from benchmarks.over_http.load import Job, LoadFault, Measured
from benchmarks.over_http.machine import Cores, pinned
from benchmarks.over_http.processes import LoadProcess

SCRIPT = Path(__file__).with_suffix(".lua")
_MORE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class WrkLoad:
    """wrk by one thread; what it can't do, requests that differ or that are counted, is the bundled client's.

    It tells answers with another status than 200 and those that fail, and doesn't read what they hold. Its rounds are
    of whole seconds, one at least, and have no seconds that don't count.
    """

    program: str
    folder: Path
    cores: Cores
    bundled: LoadProcess
    name: str = "wrk"

    def run(self, job: Job) -> Measured:
        """Return what came of the job. Raises: LoadFault."""
        if len(job.requests) > 1 or job.most is not None:
            return self.bundled.run(job)
        octets = self.folder / "request"
        octets.write_bytes(job.requests[0])
        seconds = max(1, math.ceil(job.seconds))
        measuring = ("-t1", f"-c{job.connections}", f"-d{seconds}s", "-s", str(SCRIPT))
        began, busy = perf_counter(), _children_seconds()
        with pinned(self.cores.client):
            done = subprocess.run(
                [self.program, *measuring, f"http://127.0.0.1:{job.port}/"],
                env={**os.environ, "BENCH_REQUEST": str(octets)},
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds + _MORE_SECONDS,
            )
        share = (_children_seconds() - busy) / (perf_counter() - began)
        if done.returncode != 0:
            raise LoadFault(f"wrk ended with {done.returncode}: {done.stderr[-500:]}")
        return read_result(done.stdout, share)


def read_result(output: str, share: float) -> Measured:
    """Return what the last line of wrk's output says. Raises: LoadFault where an answer failed or there was none."""
    result = json.loads(output.rstrip().rpartition("\n")[2])
    faults = result.pop("faults")
    if faults or not result["answers"]:
        raise LoadFault(f"{faults} of {result['answers']} answers failed, or had another status than 200")
    return Measured(**result, client_share=share)


def find_wrk() -> str | None:
    """Return where wrk is installed, None where it isn't."""
    return which("wrk")


def _children_seconds() -> float:
    """Return the processor time of processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
