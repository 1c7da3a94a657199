"""R12 on PostgreSQL: the portal's clock is not the database's, or jumps while it serves."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.faults.clocks import clock_environment, set_clock
from tests.faults.fault import Bench, Fault, Result
from tests.faults.postgres_lane import FULL, PostgresLane, postgres_lane, result_of
from tests.faults.serving import Server
from tests.faults.traffic import Seen, ask
from tests.faults.world import expiring_bundle, load_with, token_of

OFFSETS = (
    timedelta(),
    timedelta(seconds=5),
    timedelta(days=-1),
    timedelta(seconds=1),
    timedelta(seconds=-5),
    timedelta(days=1),
    timedelta(seconds=-1),
)
"""How far the portal's clock is off the database's, one after the other while it serves."""
MOST = timedelta(seconds=2)
_OPEN_ROWS = 20
_EXPIRES_IN = timedelta(seconds=6)


def run_clocks(bench: Bench, trials: int, seed: int) -> Result:
    """Set the clock of a server so often; then let a policy expire while it is a second slow."""
    violations: list[str] = []
    with postgres_lane(bench, f"postgres-clock-{seed}") as lane, _faked(lane) as (server, clock):
        for trial in range(trials):
            offset = OFFSETS[(trial + seed - 1) % len(OFFSETS)]
            seen = _ask_at(lane, server, clock, offset)
            violations += [f"trial {trial}: {offset.total_seconds()} s off, it answers {seen}"] * _is_wrong(
                offset, seen
            )
        set_clock(clock, timedelta(seconds=-1))
        late, after = _expire(lane, server)
        violations += late
    return result_of(trials, violations, asked_after_expiry=after)


@contextmanager
def _faked(lane: PostgresLane) -> Iterator[tuple[Server, Path]]:
    clock = lane.folder / "clock"
    clock.write_text("+0\n")
    environment = {**lane.environment, **clock_environment(clock)}
    server = lane.bench.forge.run_under((), lane.home, lane.log, environment)
    try:
        server.wait_ready()
        yield server, clock
        server.kill()
    finally:
        server.close()


def _ask_at(lane: PostgresLane, server: Server, clock: Path, offset: timedelta) -> Seen:
    set_clock(clock, offset)
    with closing(server.connect()) as connection:
        # A token of the database's time: that is the one that counts.
        return ask(connection, token_of(lane.home, datetime.now(UTC) - timedelta(seconds=10)))


def _is_wrong(offset: timedelta, seen: Seen) -> bool:
    if abs(offset) > MOST:
        return seen.rows > 0 or seen.codes != ("POLICY_UNAVAILABLE",) or "clock" not in seen.message
    return seen.rows != FULL


def _expire(lane: PostgresLane, server: Server) -> tuple[list[str], int]:
    """Let the policy on residents expire; return the answers under it after that, and how many were asked for then."""
    expires_at = datetime.now(UTC).replace(microsecond=0) + _EXPIRES_IN
    draft = expiring_bundle(datetime.now(UTC).replace(microsecond=0), expires_at).write(lane.folder / "expiring")
    load_with(lane.cluster.settings(lane.home), draft)
    token = token_of(lane.home, datetime.now(UTC) - timedelta(seconds=10))
    late, after, before = [], 0, 0
    with closing(server.connect()) as connection:
        while datetime.now(UTC) < expires_at + timedelta(seconds=2):
            begun = datetime.now(UTC)
            seen = ask(connection, token)
            if begun >= expires_at:
                after += 1
                late += [f"begun {begun - expires_at} after the expiry: {seen}"] * (seen.rows > _OPEN_ROWS)
            else:
                before += seen.rows == FULL
            time.sleep(0.01)
    return late if before and after else [*late, f"asked {before} times before and {after} times after"], after


CLOCKS = Fault(
    "wrong clock, PostgreSQL",
    "R12",
    "the portal's clock -1 d, -5 s, -1 s, +1 s, +5 s, +1 d off the database's, while it serves; a policy expires",
    "more than 2 s off: POLICY_UNAVAILABLE naming the clock; no rows past the expiry by the database's clock",
    run_clocks,
    share=7,
    full=70,
)
