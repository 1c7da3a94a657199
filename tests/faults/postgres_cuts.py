"""R2 on PostgreSQL: the power goes under the database's own folder.

Sectors are whole or not there: PostgreSQL's control file is one sector, and its disk is required to write it whole.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random

from tests.faults.cuts import PowerDisk
from tests.faults.fault import Bench, Fault, Result, Run
from tests.faults.postgres_lane import PostgresLane, chance_of, lane_on, result_of
from tests.faults.serving import NotServing
from tests.faults.traffic import traffic
from tests.fixtures.postgres import NoPostgres, PostgresServer

KEEPS = ("none", "some")
_SYNCS = (60, 240)
_GOES_ON_SECONDS = 10.0


def run_cuts(bench: Bench, trials: int, seed: int, options: Mapping[str, str] | None = None) -> Result:
    """Cut the power under so many clusters, at a sync or at any moment."""
    chance = chance_of("postgres-cut", seed)
    violations: list[str] = []
    released = 0
    for trial in range(trials):
        drawn = _draw(trial, chance)
        with _on_power_disk(bench, f"postgres-cut-{seed}-{trial}", drawn, options or {}) as (lane, disk):
            faults = _cut_once(lane, disk, chance.uniform(0.1, 1.0))
            released += sum(len(release.receipts) for release in lane.ledger.releases())
        violations += [f"trial {trial} ({' '.join(drawn)}): {fault}" for fault in faults]
    return result_of(trials, violations, released=released)


def run_cuts_without(name: str) -> Run:
    """Return what cuts the power under clusters that have this setting turned off."""
    return partial(run_cuts, options={name: "off"})


def _draw(trial: int, chance: Random) -> tuple[str, ...]:
    at = ("--cut-at", str(chance.randint(*_SYNCS))) if trial % 2 else ()
    return ("--keep", KEEPS[trial // 2 % len(KEEPS)], "--seed", str(chance.randrange(1 << 30)), *at)


@contextmanager
def _on_power_disk(
    bench: Bench, name: str, drawn: tuple[str, ...], options: Mapping[str, str]
) -> Iterator[tuple[PostgresLane, PowerDisk]]:
    """Yield a portal whose cluster lies on the disk that forgets; the server isn't started yet."""
    cluster = bench.clusters.copy_stopped(options)
    server = cluster.server
    try:
        disk = server.cluster.rename(server.folder / "disk")
        power = PowerDisk.start(disk, server.cluster, *drawn)
        try:
            with lane_on(bench, name, cluster) as lane:
                yield lane, power
        finally:
            power.close()
    finally:
        server.close()


def _cut_once(lane: PostgresLane, disk: PowerDisk, seconds: float) -> list[str]:
    """Return what is wrong once the database has recovered from what is left of its disk."""
    server = lane.cluster.server
    try:
        server.start()
        _serve_until_cut(lane, disk, seconds)
    except (NoPostgres, NotServing):
        # The power went while it was starting.
        disk.cut()
    _bury(server)
    disk.close()
    server.cluster.rmdir()
    disk.disk.rename(server.cluster)
    (server.cluster / "postmaster.pid").unlink(missing_ok=True)
    server.start()
    faults = lane.examine()
    try:
        with lane.serving(), traffic(lane.ledger.port, lane.bench.world.token, 1) as clients:
            if not clients.wait_answered(1, _GOES_ON_SECONDS):
                faults.append(f"it doesn't serve again: {clients.seen[-1:]}")
    except NotServing as fault:
        faults.append(f"it doesn't serve again: {fault}")
    return faults


def _serve_until_cut(lane: PostgresLane, disk: PowerDisk, seconds: float) -> None:
    with lane.serving(), traffic(lane.ledger.port, lane.bench.world.token) as clients:
        clients.wait_answered(1, 5.0)
        until = time.monotonic() + seconds
        while disk.process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        disk.cut()
        # What it still would answer, it answers without a disk.
        time.sleep(0.1)


def _bury(server: PostgresServer) -> None:
    """Kill the processes of a server whose folder is gone."""
    wanted = str(server.folder)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (process / "cmdline").read_text() and "bin/postgres" in (process / "cmdline").read_text():
                _kill_family(int(process.name))
    for left in server.folder.glob(".s.PGSQL.*"):
        left.unlink()


def _kill_family(main: int) -> None:
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for process in (main, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(map(_runs, (main, *map(int, children)))):
        assert time.monotonic() < deadline, "a killed server is still there"
        time.sleep(0.01)


def _runs(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


CUTS = Fault(
    "power cut, PostgreSQL",
    "R2",
    "power gone under the cluster's folder, at a sync or at any moment; unsynced sectors lost or kept at random",
    "every released answer has its record; the log verifies; it serves again",
    run_cuts,
    share=3,
    full=300,
)
