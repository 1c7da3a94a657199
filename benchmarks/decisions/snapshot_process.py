"""`python -m benchmarks.decisions.snapshot_process HOME`: a process that reads one snapshot, and tells what it took.

It is a process of its own, as memory that another measure used would hide what this one needs.
"""

import asyncio
import gc
import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time

from portal.identity.keys import load_keys
from portal.policies.following import KnownContent, read_following
from portal.policies.snapshot import Snapshot
from portal.settings import load_settings
from portal.storage.database import open_database

_COLLECTED_AFTER = 20_000
"""Objects until garbage is looked for, as in a process that serves."""
_KILOBYTES = 1000


@dataclass(frozen=True, slots=True)
class SnapshotCost:
    """What one snapshot took: seconds of the clock and of the processor; the process's megabytes then, and at most."""

    records: int
    seconds: float
    processor_seconds: float
    megabytes: float
    peak_megabytes: float


def measure_snapshot(home: Path) -> SnapshotCost:
    """Read the content of a portal from its database, verified, and index it."""
    settings = load_settings({"PORTAL_HOME": str(home)}, None)
    secret = load_keys(settings.key_file).digest_secret
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])
    began, worked = perf_counter(), process_time()
    known = read_known(settings.database_url, None, secret)
    snapshot = Snapshot(known.content)
    # What is made when it is first asked for belongs to it.
    indexed = len(snapshot.index.by_entry) + len(snapshot.state_by_code)
    seconds, processor_seconds = perf_counter() - began, process_time() - worked
    gc.collect()
    if indexed == 0 and known.content.records:
        raise AssertionError("records without entries")
    return SnapshotCost(len(known.content.records), seconds, processor_seconds, _memory("VmRSS"), _memory("VmHWM"))


def read_known(url: str, known: KnownContent | None, secret: bytes) -> KnownContent:
    """Return the content that holds now, made of what was known where it is; by connections of its own."""
    return asyncio.run(_read(url, known, secret))


async def _read(url: str, known: KnownContent | None, secret: bytes) -> KnownContent:
    engine = open_database(url)
    try:
        make = await read_following(engine, known, secret)
    finally:
        await engine.dispose()
    return make()


def _memory(name: str) -> float:
    """Return in megabytes what the system says of this process, 0 where it says nothing."""
    status = Path("/proc/self/status")
    told = status.read_text(encoding="ascii") if status.is_file() else ""
    found = re.search(rf"{name}:\s+(\d+) kB", told)
    return int(found[1]) * 1.024 / _KILOBYTES if found else 0.0


def main(arguments: list[str]) -> int:
    """Measure and print the figures as JSON; return the exit code."""
    sys.stdout.write(json.dumps(asdict(measure_snapshot(Path(arguments[0])))) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
