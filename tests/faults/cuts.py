"""R2 and R3: the power goes, or a sync fails, on a disk that forgets what was not synced."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.fault import Bench, Fault, Lane, Result, in_lanes
from tests.faults.serving import NotServing, Server
from tests.faults.traffic import traffic

POWERFS = Path(__file__).with_name("powerfs.py")
KEEPS = ("none", "some", "torn")
START_SYNCS = 12
SWEPT_SYNCS = 80
FAILED_SYNCS = 40


@dataclass(slots=True)
class PowerDisk:
    """A folder on the disk that forgets; `disk` is what is left of it when it ends."""

    disk: Path
    mount: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, disk: Path, mount: Path, *options: str) -> "PowerDisk":
        """Mount the folder `disk` at `mount`."""
        mount.mkdir(exist_ok=True)
        process = subprocess.Popen([sys.executable, str(POWERFS), str(disk), str(mount), *options])
        deadline = time.monotonic() + 20
        while not os.path.ismount(mount):
            assert time.monotonic() < deadline, "the disk isn't mounted"
            assert process.poll() is None, "the disk's process ended"
            time.sleep(0.01)
        return cls(disk, mount, process)

    def cut(self) -> None:
        """Cut its power, and return when `disk` holds what is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
        self.process.wait(60)

    def close(self) -> None:
        """Unmount it, whatever its state."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        subprocess.run(["fusermount", "-uz", str(self.mount)], check=False, capture_output=True)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a disk goes wrong: options of the file system, and after how many seconds of traffic at the latest."""

    options: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        return f"{' '.join(self.options)}, at {self.seconds:.2f} s"


def run_cuts(bench: Bench, trials: int, seed: int) -> Result:
    """Cut the power under so many servers: at a sync, or at any moment; nothing, some, or torn sectors stay."""

    def draw(trial: int, chance: Random) -> Trial:
        at = ("--cut-at", str(chance.randint(START_SYNCS, SWEPT_SYNCS))) if trial % 2 else ()
        keep = ("--keep", KEEPS[trial // 2 % len(KEEPS)], "--seed", str(chance.randrange(1 << 30)))
        return Trial((*keep, *at), chance.uniform(0.05, 0.8))

    return in_lanes(
        bench, "cut", trials, seed, lambda lane, count, chance: _cut_in_turn(lane, _drawn(draw, count, chance))
    )


def run_failed_syncs(bench: Bench, trials: int, seed: int) -> Result:
    """Let one sync fail under so many servers, each at another place, and cut the power some time later."""

    def draw(trial: int, chance: Random) -> Trial:
        return Trial(("--fail-at", str(1 + (trial * 7 + seed) % FAILED_SYNCS)), chance.uniform(0.6, 1.2))

    return in_lanes(
        bench, "sync", trials, seed, lambda lane, count, chance: _cut_in_turn(lane, _drawn(draw, count, chance))
    )


def _drawn(draw: Callable[[int, Random], Trial], count: int, chance: Random) -> list[Trial]:
    return [draw(trial, chance) for trial in range(count)]


def _cut_in_turn(lane: Lane, trials: Sequence[Trial]) -> Result:
    violations: list[str] = []
    figures = {"released": 0.0, "restart_seconds": 0.0, "refused_starts": 0.0}
    for number, trial in enumerate(trials):
        disk, home = lane.folder / "disk", lane.folder / "mount"
        for folder in (disk, home):
            shutil.rmtree(folder, ignore_errors=True)
        lane.bench.world.copy_to(disk)
        lane.ledger.forget()
        started = _cut_once(lane, PowerDisk.start(disk, home, *trial.options), trial.seconds)
        # At the same place as before: the witness belongs to the database's address.
        shutil.copytree(disk, home, dirs_exist_ok=True)
        figures["refused_starts"] += not started
        figures["released"] += sum(len(release.receipts) for release in lane.ledger.releases())
        faults = lane.examine(home)
        try:
            figures["restart_seconds"] = max(figures["restart_seconds"], _serve_again(lane, home))
            faults += lane.examine(home)
        except NotServing as fault:
            faults.append(f"it doesn't serve again: {fault}")
        violations += [f"trial {number} ({trial}): {fault}" for fault in faults]
    return Result(len(trials), tuple(violations), figures)


def _cut_once(lane: Lane, disk: PowerDisk, seconds: float) -> bool:
    """Serve from the disk until its power goes; return whether the server had got ready."""
    server = lane.bench.forge.start(disk.mount, lane.log)
    try:
        return _ask_until_cut(lane, disk, server, seconds)
    finally:
        disk.cut()
        server.close()
        disk.close()


def _ask_until_cut(lane: Lane, disk: PowerDisk, server: Server, seconds: float) -> bool:
    try:
        server.wait_ready()
    except NotServing:
        # A sync of its start failed, or was the last.
        return False
    lane.ledger.lead_to(server.port)
    with traffic(lane.ledger.port, lane.bench.world.token) as clients:
        clients.wait_answered(1, 2.0)
        until = time.monotonic() + seconds
        while disk.process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        disk.cut()
        # What it still would answer, it answers without a disk.
        time.sleep(0.05)
    return True


def _serve_again(lane: Lane, home: Path) -> float:
    """Return how long a start on what is left of the disk takes, up to an answer with rows. Raises: NotServing."""
    server = lane.bench.forge.start(home, lane.log)
    try:
        server.wait_ready()
        lane.ledger.lead_to(server.port)
        with traffic(lane.ledger.port, lane.bench.world.token, 1) as clients:
            if not clients.wait_answered(1, 10.0):
                raise NotServing(f"no rows, but {clients.seen[-1:]}")
        server.stop()
    finally:
        server.close()
    return server.ready_seconds


CUTS = Fault(
    "power cut",
    "R2",
    "power gone at a sync or at any moment; unsynced sectors lost, kept at random, torn",
    "every released answer has its record; integrity_check ok; the log verifies; it serves again",
    run_cuts,
    share=12,
    full=300,
)
FAILED = Fault(
    "failed sync",
    "R3",
    "one fdatasync fails (EIO) and its pages count as clean; later the power goes",
    "nothing is released on a failed sync; the log verifies; it serves again",
    run_failed_syncs,
    share=10,
    full=100,
)
