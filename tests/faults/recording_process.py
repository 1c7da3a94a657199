"""A process that records without end, for tests that take its disk or its life away.

`python -m tests.faults.recording_process DATABASE [FILE_BYTES]` prints a line for each record: its receipt once it is
durable, or `unavailable`. DATABASE is an SQLite file, or PostgreSQL's URL. With FILE_BYTES no file may grow beyond so
many bytes until a second after the first refusal.
"""

import asyncio
import resource
import signal
import sys
from pathlib import Path

from portal.audit.receipts import Recorded
from portal.audit.recorder import Recorder
from portal.audit.signing import SigningKeys
from portal.errors import AuditUnavailable
from tests.unit.audit.logs import KEY, Log, numbered

AT_ONCE = 4


def limit_files(size: int) -> None:
    """Let the disk seem full for files of that size."""
    # Without this the system would end the process instead of refusing the write.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def say(line: str) -> None:
    """Tell the test, before anything else happens."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def record(recorder: Recorder) -> None:
    """Record without end."""
    number = 0
    while True:
        number += 1
        try:
            recorded = await recorder.record(numbered(number))
        except AuditUnavailable:
            say("unavailable")
            await asyncio.sleep(0.05)
        else:
            assert isinstance(recorded, Recorded)
            say(recorded.receipt)


def start(database: str) -> Recorder:
    """Begin a chain."""
    if database.startswith("postgresql://"):
        return Recorder.start(database, SigningKeys([KEY]))
    log = Log(Path(database))
    return Recorder.start(log.url, log.keys, log.witness)


async def main(database: str, file_bytes: int) -> None:
    """Record from several tasks at once."""
    recorder = start(database)
    if file_bytes:
        limit_files(file_bytes)
        asyncio.get_running_loop().call_later(2, limit_files, resource.RLIM_INFINITY)
    await asyncio.gather(*(record(recorder) for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
