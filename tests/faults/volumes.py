"""R4 and R5: a volume is full; the audit's, the data's, the one of temporary files."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from tests.faults.fault import Bench, Fault, Lane, Result, in_lanes
from tests.faults.serving import Server
from tests.faults.traffic import Traffic, ask, codes_of, traffic
from tests.faults.world import CATALOG

VOLUME = "8m"
RECOVERY_SECONDS = 5.0
FULL_SECONDS = 0.4
_HOLD = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && cat'


@dataclass(slots=True)
class Volume:
    """A small file system at `place`, which only the programs run under `prefix` see; it ends with this process."""

    place: Path
    holder: subprocess.Popen[str]

    @property
    def prefix(self) -> list[str]:
        """What makes a program see it."""
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--"]

    @property
    def seen(self) -> Path:
        """Where this process finds its content."""
        return Path(f"/proc/{self.holder.pid}/root{self.place}")

    def fill(self) -> None:
        """Take all the space that is left, to the last byte."""
        with (self.seen / "ballast").open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        """Give the space back."""
        (self.seen / "ballast").unlink()


@contextmanager
def small_volume(place: Path, size: str = VOLUME) -> Iterator[Volume]:
    """Mount a small file system at the place during the block."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _HOLD, "sh", size, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mounted\n", "the small file system isn't mounted"
        yield Volume(place, holder)


def run_full_audit(bench: Bench, trials: int, seed: int) -> Result:
    """Fill the volume of `portal.db` under traffic so often, and free it."""
    return in_lanes(bench, "audit-full", trials, seed, _fill_audit)


def _fill_audit(lane: Lane, trials: int, chance: Random) -> Result:
    with small_volume(lane.folder / "volume") as volume:
        home = volume.place / "home"
        shutil.copytree(lane.home, volume.seen / "home")
        server = lane.bench.forge.run_under(volume.prefix, home, lane.log)
        try:
            server.wait_ready()
            lane.ledger.lead_to(server.port)
            results = [_fill_once(lane, volume, server, chance) for _ in range(trials)]
            server.kill()
            faults = [fault for violations, _, _ in results for fault in violations]
            faults += lane.examine(volume.seen / "home")
        finally:
            server.close()
    figures = {"recovery_seconds": max(r[1] for r in results), "refusal_median_seconds": max(r[2] for r in results)}
    return Result(trials, tuple(faults), figures)


def _fill_once(lane: Lane, volume: Volume, server: Server, chance: Random) -> tuple[list[str], float, float]:
    """Return what was wrong, how long the recovery took, and half of the refusals' times."""
    faults = []
    with traffic(lane.ledger.port, lane.bench.world.token) as clients:
        clients.wait_answered(chance.randint(1, 20))
        volume.fill()
        deadline = time.monotonic() + 10
        while not codes_of(clients.since(deadline - 10))["AUDIT_UNAVAILABLE"]:
            if time.monotonic() > deadline:
                faults.append("records are written on a full volume")
                break
            time.sleep(0.01)
        faults += _catalog_faults(lane, server)
        time.sleep(FULL_SECONDS)
        refusal = _refusal_seconds(lane, server)
        volume.free()
        faults_after, recovery = _recovery(clients)
    return faults + faults_after, recovery, refusal


def _refusal_seconds(lane: Lane, server: Server) -> float:
    """Return half of the refusals' times, past the ledger, whose own disk others use too."""
    with closing(server.connect()) as connection:
        return median(ask(connection, lane.bench.world.token).seconds for _ in range(11))


def _catalog_faults(lane: Lane, server: Server) -> list[str]:
    with closing(server.connect()) as connection:
        seen = ask(connection, lane.bench.world.token, CATALOG)
    return [f"the catalog is down: {seen}"] if seen.status != 200 or seen.codes else []


def _recovery(clients: Traffic) -> tuple[list[str], float]:
    """Return what was wrong with the recovery, and how long it took."""
    freed_at = time.monotonic()
    if not clients.wait_answered(1, RECOVERY_SECONDS):
        return [f"it doesn't recover in {RECOVERY_SECONDS} s"], RECOVERY_SECONDS
    return [], time.monotonic() - freed_at


def run_full_data(bench: Bench, trials: int, seed: int) -> Result:
    """Fill the volume of `data.db`, and load: refused, and reads go on; load again with space."""
    return in_lanes(bench, "data-full", trials, seed, _fill_data)


def _fill_data(lane: Lane, trials: int, _chance: Random) -> Result:
    with small_volume(lane.folder / "volume") as volume:
        shutil.copy(lane.home / "data.db", volume.seen / "data.db")
        environment = {"PORTAL_DATA_URL": f"sqlite:///{volume.place / 'data.db'}"}
        server = lane.bench.forge.run_under(volume.prefix, lane.home, lane.log, environment)
        try:
            server.wait_ready()
            lane.ledger.lead_to(server.port)
            with traffic(lane.ledger.port, lane.bench.world.token, 1) as clients:
                faults = [fault for trial in range(trials) for fault in _load_when_full(lane, volume, clients, trial)]
            server.kill()
        finally:
            server.close()
    return Result(trials, tuple(faults + lane.examine()))


def _load_when_full(lane: Lane, volume: Volume, clients: Traffic, trial: int) -> list[str]:
    """Return what was wrong with a load on a full volume, and with one after it."""
    world = lane.bench.world
    bundle = (world.large, world.bundle)[trial % 2]
    prefix = [*volume.prefix, "env", f"PORTAL_DATA_URL=sqlite:///{volume.place / 'data.db'}"]
    faults = []
    # The first read makes a file of 32 KiB beside the database, for which there must have been space once.
    clients.wait_answered(3)
    volume.fill()
    refused = lane.bench.forge.run(lane.home, "load", str(bundle), prefix=prefix)
    if refused.returncode == 0:
        faults.append("a load on a full volume says that it succeeded")
    if "a disk is full" not in refused.stderr:
        faults.append(f"a load on a full volume ends with {refused.stderr.strip()[-300:]}")
    if not clients.wait_answered(3, 5.0):
        faults.append("reads don't go on while the data's volume is full")
    volume.free()
    loaded = lane.bench.forge.run(lane.home, "load", str(bundle), prefix=prefix)
    if loaded.returncode != 0:
        faults.append(f"a load after space came back fails: {loaded.stderr[-300:]}")
    if not clients.wait_answered(3, 5.0):
        faults.append("reads don't go on after the load")
    return faults


def run_full_temporary(bench: Bench, trials: int, seed: int) -> Result:
    """Fill the volume of temporary files under traffic."""
    return in_lanes(bench, "temporary-full", trials, seed, _fill_temporary)


def _fill_temporary(lane: Lane, trials: int, chance: Random) -> Result:
    faults: list[str] = []
    with small_volume(lane.folder / "volume", "1m") as volume:
        environment = {name: str(volume.place) for name in ("TMPDIR", "SQLITE_TMPDIR")}
        server = lane.bench.forge.run_under(volume.prefix, lane.home, lane.log, environment)
        try:
            server.wait_ready()
            lane.ledger.lead_to(server.port)
            with traffic(lane.ledger.port, lane.bench.world.token) as clients:
                for _ in range(trials):
                    clients.wait_answered(chance.randint(1, 20))
                    volume.fill()
                    if not clients.wait_answered(20, 5.0):
                        faults.append("no answers while the volume of temporary files is full")
                    volume.free()
            server.kill()
        finally:
            server.close()
    return Result(trials, tuple(faults + lane.examine()))


AUDIT_FULL = Fault(
    "full audit volume",
    "R4",
    "no space for portal.db, under traffic (tmpfs)",
    "AUDIT_UNAVAILABLE; the catalog stays up; nothing lost; back within 5 s of space",
    run_full_audit,
    share=10,
    full=100,
)
DATA_FULL = Fault(
    "full data volume",
    "R5",
    "no space for data.db, while a bundle is loaded",
    "the load is refused; reads go on; the next load succeeds",
    run_full_data,
    share=2,
    full=20,
)
TEMPORARY_FULL = Fault(
    "full temporary volume",
    "R5",
    "no space for temporary files, under traffic",
    "reads go on; nothing lost",
    run_full_temporary,
    share=2,
    full=20,
)
