"""R1, R7, R8, R9, R14, R29, R33 on PostgreSQL: its workers die, it stops or fails over, the way to it is cut."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from random import Random

import psycopg
from psycopg import sql

from tests.faults.fault import Bench, Fault, Result
from tests.faults.kills import GOES_ON_SECONDS, START_SECONDS, workers_of
from tests.faults.postgres_lane import (
    FULL,
    PostgresLane,
    chance_of,
    postgres_lane,
    refused_otherwise,
    result_of,
)
from tests.faults.pressure import RECOVERY_SECONDS, leave, starve
from tests.faults.serving import Server, Tracer
from tests.faults.traffic import Traffic, ask, traffic
from tests.fixtures.postgres import PostgresServer

LAST_ANSWER_SECONDS = 2.0
TOLD_SECONDS = 6.0
PARTITION_SECONDS = 4.0
CROWD = 8
POINTS = (
    ("sendto", 60),
    ("recvfrom", 90),
    ("write", 120),
    ("sendmsg", 60),
    ("openat", 4),
    ("rename", 3),
)
"""Calls between a statement, its answer and the client's; the witness's file. The Nth kills, N up to the number."""


def run_kills(bench: Bench, trials: int, seed: int) -> Result:
    """Kill so many servers under traffic: two of three alone, each second at a call; the third one of four workers."""
    chance = chance_of("postgres-kill", seed)
    alone = trials - trials // 3
    with postgres_lane(bench, f"postgres-kill-{seed}") as lane:
        violations = [fault for trial in range(alone) for fault in _kill_alone(lane, trial, chance)]
        violations += _kill_one_of_four(lane, trials - alone, chance)
        violations += lane.examine()
        released = sum(len(release.receipts) for release in lane.ledger.releases())
    return result_of(trials, violations, released=released)


def _kill_alone(lane: PostgresLane, trial: int, chance: Random) -> list[str]:
    call, calls = chance.choice(POINTS)
    rule = f"inject={call}:signal=KILL:when={chance.randint(1, calls)}"
    with lane.serving() as server, traffic(lane.ledger.port, lane.bench.world.token) as clients:
        clients.wait_answered(1)
        tracer = Tracer.attach(server, "-e", rule) if trial % 2 else None
        server.wait(chance.uniform(0.05, 0.6) if tracer is None else 3.0)
        server.kill()
        if tracer is not None:
            tracer.close()
    # What the proxy had taken it writes down.
    time.sleep(0.05)
    return [f"trial {trial}, killed at {rule}: {fault}" for fault in lane.examine()]


def _kill_one_of_four(lane: PostgresLane, trials: int, chance: Random) -> list[str]:
    if not trials:
        return []
    violations = []
    with lane.serving("--workers", "4") as server, traffic(lane.ledger.port, lane.bench.world.token) as clients:
        for trial in range(trials):
            workers = _listening_workers(lane, server, 4)
            time.sleep(chance.uniform(0.05, 0.4))
            os.kill(chance.choice(workers), signal.SIGKILL)
            if not clients.wait_answered(10, GOES_ON_SECONDS):
                violations.append(f"trial {trial}: no answers after a worker's end")
    return violations


def _listening_workers(lane: PostgresLane, server: Server, count: int) -> list[int]:
    """Return the server's workers, once so many listen for changes of the epoch, which they do when they serve."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    deadline = time.monotonic() + START_SECONDS
    with psycopg.connect(lane.cluster.admin_url, autocommit=True) as connection:
        while connection.execute(statement).fetchone() != (count,):
            assert time.monotonic() < deadline, "a killed worker isn't replaced"
            time.sleep(0.05)
    return workers_of(server)


def run_stops(bench: Bench, trials: int, seed: int) -> Result:
    """Stop the database immediately, kill it, or fail over to its synchronous standby, in turn, under traffic."""
    chance = chance_of("postgres-stop", seed)
    violations: list[str] = []
    back = 0.0
    for trial in range(trials):
        with postgres_lane(bench, f"postgres-stop-{seed}-{trial}") as lane:
            stop = (_stop_immediately, _kill_server, _fail_over)[trial % 3]
            found, seconds = stop(lane, chance)
            violations += [f"trial {trial}, {stop.__name__}: {fault}" for fault in found]
            back = max(back, seconds)
    return result_of(trials, violations, back_seconds=back)


def _stop_immediately(lane: PostgresLane, chance: Random) -> tuple[list[str], float]:
    def stop() -> None:
        lane.cluster.server.stop("immediate")
        time.sleep(chance.uniform(0, 1))
        lane.cluster.server.start()

    return _stop_under_traffic(lane, stop, chance, lane.cluster.admin_url)


def _kill_server(lane: PostgresLane, chance: Random) -> tuple[list[str], float]:
    def stop() -> None:
        lane.cluster.server.kill()
        time.sleep(chance.uniform(0, 1))
        lane.cluster.server.start()

    return _stop_under_traffic(lane, stop, chance, lane.cluster.admin_url)


def _fail_over(lane: PostgresLane, chance: Random) -> tuple[list[str], float]:
    first = lane.cluster.server
    with closing(first.standby()) as standby:
        first.configure(synchronous_standby_names="*")
        _wait_for_sync(first)

        def stop() -> None:
            first.kill()
            standby.promote()
            # What waits for another standby would wait for ever.
            lane.lead_to(standby.port)

        url = lane.cluster.admin_url.replace(f":{first.port}/", f":{standby.port}/")
        return _stop_under_traffic(lane, stop, chance, url)


def _wait_for_sync(server: PostgresServer) -> None:
    deadline = time.monotonic() + 20
    with psycopg.connect(server.url, autocommit=True) as connection:
        while connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone() != ("sync",):
            assert time.monotonic() < deadline, "the standby doesn't follow"
            time.sleep(0.05)


def _stop_under_traffic(
    lane: PostgresLane, stop: Callable[[], None], chance: Random, url: str
) -> tuple[list[str], float]:
    """Return what was wrong, and how long after the database the portal was back."""
    with lane.serving(), traffic(lane.ledger.port, lane.bench.world.token) as clients:
        clients.wait_answered(10 + chance.randint(0, 20))
        stop()
        seconds = _back_after(clients)
        faults = [f"a wrong answer: {seen}" for seen in clients.seen if refused_otherwise(seen.codes, seen.rows)]
        if seconds > RECOVERY_SECONDS:
            faults.append(f"it isn't back after {seconds:.1f} s")
    return faults + lane.examine(url), seconds


def _back_after(clients: Traffic) -> float:
    """Return how long it takes until answers have rows again."""
    started = time.monotonic()
    clients.wait_answered(5, 2 * RECOVERY_SECONDS)
    return time.monotonic() - started


def run_cut_commits(bench: Bench, trials: int, seed: int) -> Result:
    """Cut the connection of the log right after the bytes of so many COMMITs."""
    chance = chance_of("postgres-commit", seed)
    violations: list[str] = []
    with postgres_lane(bench, f"postgres-commit-{seed}") as lane:
        with lane.serving(), traffic(lane.ledger.port, lane.bench.world.token) as clients:
            for trial in range(trials):
                clients.wait_answered(1 + chance.randint(0, 5), RECOVERY_SECONDS)
                if not _cut_commit(lane, again=trial % 2 > 0) or not clients.wait_answered(4, RECOVERY_SECONDS):
                    violations.append(f"trial {trial}: it doesn't go on")
            wrong = [seen for seen in clients.seen if refused_otherwise(seen.codes, seen.rows)]
        violations += [f"a wrong answer: {seen}" for seen in wrong]
        refused = sum("AUDIT_UNAVAILABLE" in seen.codes for seen in clients.seen)
        dropped = lane.own.dropped
        violations += lane.examine()
    return result_of(trials, violations, dropped=dropped, refused=refused)


def _cut_commit(lane: PostgresLane, *, again: bool) -> bool:
    """Cut the connection of the log before a COMMIT's answer; `again`: and the next one after its COMMIT was sent."""
    before = lane.own.dropped
    lane.own.drop_before(b"COMMIT\0")
    was_cut = _wait(lambda: lane.own.dropped > before)
    if not again:
        return was_cut
    # A statement is known by its text only while its connection is young; this is the one that opens the log again.
    lane.own.drop_after(b"COMMIT\0")
    return was_cut and _wait(lambda: lane.own.dropped > before + 1)


def _wait(is_so: Callable[[], bool], seconds: float = RECOVERY_SECONDS) -> bool:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def run_partitions(bench: Bench, trials: int, seed: int) -> Result:
    """Let nothing through to the databases or from them for a while, under traffic, so often."""
    chance = chance_of("postgres-partition", seed)
    violations: list[str] = []
    figures = {"last_answer_seconds": 0.0, "told_seconds": 0.0, "back_seconds": 0.0}
    with postgres_lane(bench, f"postgres-partition-{seed}") as lane:
        with lane.serving(), traffic(lane.ledger.port, lane.bench.world.token, CROWD) as clients:
            for trial in range(trials):
                clients.wait_answered(CROWD + chance.randint(0, 20), RECOVERY_SECONDS)
                seen = _part(lane, clients)
                figures = {name: max(value, seen[name]) for name, value in figures.items()}
                violations += [f"trial {trial}: {fault}" for fault in _late(seen)]
            wrong = [seen for seen in clients.seen if refused_otherwise(seen.codes, seen.rows)]
        violations += [f"a wrong answer: {seen}" for seen in wrong] + lane.examine()
    return result_of(trials, violations, **figures)


def _part(lane: PostgresLane, clients: Traffic) -> dict[str, float]:
    cut_at = time.monotonic()
    for way in (lane.own, lane.data):
        way.pause()
    time.sleep(PARTITION_SECONDS)
    resumed_at = time.monotonic()
    for way in (lane.own, lane.data):
        way.resume()
    back = _back_after(clients)
    during = [seen for seen in clients.since(cut_at) if seen.at <= resumed_at]
    waited = [seen.seconds for seen in clients.since(cut_at) if seen.at - seen.seconds <= resumed_at]
    last = max((seen.at - cut_at for seen in during if seen.rows), default=0.0)
    return {"last_answer_seconds": last, "told_seconds": max(waited, default=0.0), "back_seconds": back}


def _late(seen: dict[str, float]) -> list[str]:
    most = {"last_answer_seconds": LAST_ANSWER_SECONDS, "told_seconds": TOLD_SECONDS, "back_seconds": RECOVERY_SECONDS}
    return [f"{name} {seen[name]:.2f}, more than {limit}" for name, limit in most.items() if seen[name] > limit]


def run_no_descriptors(bench: Bench, trials: int, seed: int) -> Result:
    """Leave the server hardly any descriptors, under traffic; cut its connections meanwhile; give them back."""
    chance = chance_of("postgres-descriptors", seed)
    violations: list[str] = []
    recovery = 0.0
    with postgres_lane(bench, f"postgres-descriptors-{seed}") as lane:
        with lane.serving() as server, traffic(lane.ledger.port, lane.bench.world.token) as clients:
            for trial in range(trials):
                clients.wait_answered(5)
                starve(server, chance, lane.own.cut if trial % 2 else None)
                seconds = _back_after(clients)
                recovery = max(recovery, seconds)
                if seconds > RECOVERY_SECONDS:
                    violations.append(f"trial {trial}: it doesn't recover in {RECOVERY_SECONDS} s")
        violations += lane.examine()
    return result_of(trials, violations, recovery_seconds=recovery)


_LEFT_OPEN = sql.SQL(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'portal' AND state LIKE 'idle in transaction%'"
    " AND state_change < clock_timestamp() - interval '1 second'"
)
"""What is left open stays open; what a busy machine is in the middle of goes on within a moment."""


def run_cancellations(bench: Bench, trials: int, seed: int) -> Result:
    """Let so many requests be left by their clients at any moment."""
    chance = chance_of("postgres-cancel", seed)
    violations: list[str] = []
    with postgres_lane(bench, f"postgres-cancel-{seed}") as lane:
        with lane.serving() as server:
            with traffic(lane.ledger.port, lane.bench.world.token, 2) as clients:
                for _ in range(trials):
                    leave(server.port, lane.bench.world.token, chance)
                clients.wait_answered(10, RECOVERY_SECONDS)
            violations += [f"another client saw {seen}" for seen in clients.seen if seen.rows != FULL]
            violations += _ask_all(lane, server)
        violations += lane.examine()
    return result_of(trials, violations)


def _ask_all(lane: PostgresLane, server: Server) -> list[str]:
    """Return what is wrong once nobody asks any more, and with what is then asked on each connection."""
    time.sleep(2)
    with psycopg.connect(lane.cluster.admin_url, autocommit=True) as connection:
        row = connection.execute(_LEFT_OPEN).fetchone()
    faults = [] if row == (0,) else [f"{row} transactions are left open"]
    with closing(server.connect()) as connection:
        rows = {ask(connection, lane.bench.world.token).rows for _ in range(20)}
    return faults if rows == {FULL} else [*faults, f"answers differ afterwards: {rows}"]


KILLS = Fault(
    "kill, PostgreSQL",
    "R1",
    "kill -9 at calls between statement and answer, and at random; one worker, and one of four",
    "every released answer has its record, once; the log verifies; the others go on",
    run_kills,
    share=6,
    full=1000,
)
STOPS = Fault(
    "database stopped",
    "R7",
    "stopped immediately, killed, failed over to a synchronous standby, under traffic",
    "no wrong answer; no acknowledged record lost; back within 5 s, without restart",
    run_stops,
    share=3,
    full=200,
)
CUT_COMMITS = Fault(
    "cut during COMMIT",
    "R8",
    "the log's connection cut right after the bytes of COMMIT",
    "not released; recorded at most once; it goes on",
    run_cut_commits,
    share=20,
    full=1000,
)
PARTITIONS = Fault(
    "partition",
    "R9",
    "nothing passes to the databases or back for 4 s, under traffic",
    "no answer leaves later than 2 s; all are told; back within 5 s",
    run_partitions,
    share=3,
    full=200,
)
DESCRIPTORS = Fault(
    "no descriptors, PostgreSQL",
    "R14",
    "the limit of descriptors is what is open (prlimit); the log's connection is cut meanwhile",
    "nothing lost; answers again within 5 s",
    run_no_descriptors,
    share=4,
    full=50,
)
CANCELLATIONS = Fault(
    "left requests, PostgreSQL",
    "R33",
    "clients leave at any moment, half of them by reset",
    "others get their rows; no transaction is left open; the log verifies",
    run_cancellations,
    share=400,
    full=100_000,
)
