"""R12: the server's clock is wrong, or jumps while it serves; on SQLite the machine's clock is the database's too."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.faults.fault import Bench, Fault, Lane, Result, in_lanes
from tests.faults.serving import Server
from tests.faults.traffic import Seen, ask
from tests.faults.world import VALID_DAYS, token_of

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")
_BOUNDARY = timedelta(days=VALID_DAYS)
_FULL = 27
OFFSETS = (
    timedelta(),
    timedelta(days=1),
    _BOUNDARY - timedelta(minutes=5),
    _BOUNDARY + timedelta(seconds=5),
    _BOUNDARY + timedelta(days=1),
    timedelta(days=400),
    timedelta(days=-2),
    timedelta(days=-400),
)
"""How far the clock jumps; the policy on residents is valid from a day before the world was made, for a month."""


def library() -> Path:
    """Return the library that sets a process's clock. Raises: FileNotFoundError."""
    for pattern in LIBRARIES:
        for path in Path("/").glob(pattern.lstrip("/")):
            return path
    raise FileNotFoundError("libfaketime isn't installed (Debian: `apt install libfaketime`)")


def clock_environment(clock: Path) -> dict[str, str]:
    """Return what makes a process's clock as far off as the file says."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        # Timers go by the monotonic clock, which no wrong date moves.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(clock: Path, offset: timedelta) -> None:
    """Let the clock jump."""
    draft = clock.with_name("clock.new")
    draft.write_text(f"{offset.total_seconds():+.0f}\n")
    draft.replace(clock)
    time.sleep(0.05)


@contextmanager
def faked_server(lane: Lane) -> Iterator[tuple[Server, Path]]:
    """Yield a server whose clock is as far off as the file says."""
    clock = lane.folder / "clock"
    clock.write_text("+0\n")
    server = lane.bench.forge.run_under((), lane.home, lane.log, clock_environment(clock))
    try:
        server.wait_ready()
        yield server, clock
    finally:
        server.close()


def run_clocks(bench: Bench, trials: int, seed: int) -> Result:
    """Let the clock of servers jump so often."""
    return in_lanes(bench, "clock", trials, seed, _jump_in_turn)


def _jump_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    figures = {"valid": 0.0, "expired_or_not_yet": 0.0}
    with faked_server(lane) as (server, clock):
        lane.ledger.lead_to(server.port)
        order = chance.sample(OFFSETS, len(OFFSETS))
        for trial in range(trials):
            offset = order[trial % len(order)]
            seen = _ask_at(lane, server, clock, offset)
            is_valid = timedelta(days=-1) <= offset < _BOUNDARY
            figures["valid" if is_valid else "expired_or_not_yet"] += 1
            if (seen.rows == _FULL) != is_valid:
                violations.append(f"trial {trial}: {offset} off, it answers {seen}")
        server.kill()
    return Result(trials, tuple(violations + lane.examine()), figures)


def _ask_at(lane: Lane, server: Server, clock: Path, offset: timedelta) -> Seen:
    """Return the answer at that time, with a token of that time."""
    set_clock(clock, offset)
    # A whole second earlier, or the token isn't valid yet.
    token = token_of(lane.home, datetime.now(UTC) + offset - timedelta(seconds=1))
    connection = server.connect()
    try:
        return ask(connection, token)
    finally:
        connection.close()


CLOCKS = Fault(
    "wrong clock",
    "R12",
    "the server's clock jumps by seconds to 400 days, both ways (libfaketime)",
    "no rows under a policy outside its time, by the database's clock; rows within it",
    run_clocks,
    share=16,
    full=160,
)
