"""R1: the server is killed (-9) at named points of a release, and at random ones."""

import os
import signal
import time
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.fault import Bench, Fault, Lane, Result, in_lanes
from tests.faults.serving import Server, Tracer
from tests.faults.traffic import traffic

POINT_SECONDS = 4.0
WORKERS = 2
GOES_ON_SECONDS = 5.0
START_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the server's work: the Nth call of a kind, N up to `calls`, on a file of the home or on any.

    `stopping`: it is told to stop first, which empties the journal into the database.
    """

    name: str
    call: str
    calls: int
    file: str = ""
    stopping: bool = False


POINTS = (
    Point("before the record is written", "pwrite64", 60, "portal.db-wal"),
    Point("after the record's write, before its sync", "fdatasync", 30, "portal.db-wal"),
    Point("after the record's sync, before the lock is let go", "fcntl", 300, "portal.db-shm"),
    Point("before the epoch is read for the record", "newfstatat", 60, "portal.db"),
    Point("while the journal goes into the database", "pwrite64", 6, "portal.db", stopping=True),
    Point("before the database's sync", "fdatasync", 1, "portal.db", stopping=True),
    Point("while rows are read", "fcntl", 30, "data.db-shm"),
    Point("between the record and the answer, or within the answer", "write", 200),
    Point("before the witness is written", "openat", 4),
    Point("before the witness takes its place", "rename", 3),
)


def run_kills(bench: Bench, trials: int, seed: int) -> Result:
    """Kill so many servers under traffic, each second one at a named point."""
    return in_lanes(bench, "kill", trials, seed, _kill_in_turn)


def _kill_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    figures = {"start_seconds": 0.0, "at_named_points": 0.0, "released": 0.0}
    for trial in range(trials):
        point = chance.choice(POINTS) if trial % 2 else None
        at_point, ready = _kill_once(lane, point, chance)
        figures["at_named_points"] += at_point
        figures["start_seconds"] = max(figures["start_seconds"], ready)
        where = point.name if point and at_point else "at random"
        violations += [f"trial {trial}, killed {where}: {fault}" for fault in lane.examine()]
    figures["released"] = float(sum(len(release.receipts) for release in lane.ledger.releases()))
    return Result(trials, tuple(violations), figures)


def _kill_once(lane: Lane, point: Point | None, chance: Random) -> tuple[bool, float]:
    """Return whether it died at the point, and how long its start took."""
    server = lane.bench.forge.start(lane.home, lane.log)
    try:
        server.wait_ready()
        lane.ledger.lead_to(server.port)
        with traffic(lane.ledger.port, lane.bench.world.token) as clients:
            clients.wait_answered(1)
            tracer = None if point is None else Tracer.attach(server, *_rules(lane, point, chance))
            if point is not None and point.stopping:
                server.signal(signal.SIGTERM)
            died = server.wait(chance.uniform(0.05, 0.6) if point is None else POINT_SECONDS)
            server.kill()
            if tracer is not None:
                tracer.close()
    finally:
        server.close()
    # What the proxy had taken it writes down.
    time.sleep(0.02)
    return died, server.ready_seconds


def _rules(lane: Lane, point: Point, chance: Random) -> list[str]:
    path = ["-P", str(lane.home / point.file)] if point.file else []
    return [*path, "-e", f"inject={point.call}:signal=KILL:when={chance.randint(1, point.calls)}"]


def run_worker_kills(bench: Bench, trials: int, seed: int) -> Result:
    """Kill so many workers of servers with two, at random; the other goes on, and a new one comes."""
    return in_lanes(bench, "worker", trials, seed, _kill_workers)


def _kill_workers(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    server = lane.bench.forge.run_under((), lane.home, lane.log, options=("--workers", str(WORKERS)))
    try:
        server.wait_ready()
        lane.ledger.lead_to(server.port)
        with traffic(lane.ledger.port, lane.bench.world.token) as clients:
            killed: set[int] = set()
            for trial in range(trials):
                workers = serving_workers(server, WORKERS, killed)
                time.sleep(chance.uniform(0.05, 0.4))
                killed.add(chosen := chance.choice(workers))
                os.kill(chosen, signal.SIGKILL)
                if not clients.wait_answered(10, GOES_ON_SECONDS):
                    violations.append(f"trial {trial}: no answers after a worker's end")
        server.kill()
    finally:
        server.close()
    released = sum(len(release.receipts) for release in lane.ledger.releases())
    return Result(trials, tuple(violations + lane.examine()), {"released": float(released)})


def _has_log(process: int) -> bool:
    with suppress(OSError):
        return any(path.readlink().name == "portal.db-wal" for path in Path(f"/proc/{process}/fd").iterdir())
    return False


def workers_of(server: Server) -> list[int]:
    """Return the server's workers, those that are only starting or leaving too."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return [int(child) for child in children.read_text().split()]


def serving_workers(server: Server, count: int, killed: Container[int] = ()) -> list[int]:
    """Return the server's workers, once there are so many that serve: that hold the log open.

    One of those that were `killed` may hold it for a moment yet.
    """
    deadline = time.monotonic() + START_SECONDS
    while len(workers := [one for one in workers_of(server) if one not in killed and _has_log(one)]) < count:
        assert time.monotonic() < deadline, "a killed worker isn't replaced"
        time.sleep(0.05)
    return workers


WORKER_KILLS = Fault(
    "kill of a worker",
    "R1",
    "kill -9 of one of two workers at random, under traffic",
    "every released answer has its record, once; the other worker goes on; a new one comes",
    run_worker_kills,
    share=4,
    full=200,
)
KILLS = Fault(
    "kill",
    "R1",
    "kill -9 at 10 named points and at random, under traffic",
    "every released answer has its record, once; the log verifies; it starts again",
    run_kills,
    share=60,
    full=2000,
)
