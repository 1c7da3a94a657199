"""R6: the audit's files vanish, or are others, under the server; then it starts again without them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.faults.fault import Bench, Fault, Lane, Result, in_lanes
from tests.faults.serving import NotServing
from tests.faults.traffic import Traffic, codes_of, traffic

UNDER_SECONDS = 0.6


def _move_database(home: Path) -> None:
    (home / "portal.db").rename(home / "portal.db.away")


def _move_all(home: Path) -> None:
    _move_database(home)
    _move_journal(home)
    (home / "portal.db-shm").rename(home / "portal.db-shm.away")


def _empty_database(home: Path) -> None:
    _move_all(home)
    (home / "portal.db").touch(0o600)


def _older_database(home: Path) -> None:
    _move_all(home)
    shutil.copy(home / "portal.db.older", home / "portal.db")


def _move_journal(home: Path) -> None:
    (home / "portal.db-wal").rename(home / "portal.db-wal.away")


def _move_home(home: Path) -> None:
    home.rename(home.with_name("home.away"))


REMOVALS: tuple[Callable[[Path], None], ...] = (
    _move_database,
    _empty_database,
    _older_database,
    _move_journal,
    _move_home,
)


def run_removals(bench: Bench, trials: int, seed: int) -> Result:
    """Take files away under so many servers, each in one of the ways."""
    return in_lanes(bench, "files", trials, seed, _remove_in_turn)


def _remove_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    violations: list[str] = []
    order = chance.sample(REMOVALS, len(REMOVALS))
    for trial in range(trials):
        remove = order[trial % len(order)]
        for folder in (lane.home, lane.home.with_name("home.away")):
            shutil.rmtree(folder, ignore_errors=True)
        lane.bench.world.copy_to(lane.home)
        shutil.copy(lane.home / "portal.db", lane.home / "portal.db.older")
        lane.ledger.forget()
        violations += [f"trial {trial}, {remove.__name__}: {fault}" for fault in _remove_once(lane, remove)]
    return Result(trials, tuple(violations))


def _remove_once(lane: Lane, remove: Callable[[Path], None]) -> list[str]:
    server = lane.bench.forge.start(lane.home, lane.log)
    try:
        server.wait_ready()
        lane.ledger.lead_to(server.port)
        with traffic(lane.ledger.port, lane.bench.world.token) as clients:
            clients.wait_answered(10)
            remove(lane.home)
            faults = _refusals(clients)
        server.kill()
    finally:
        server.close()
    faults += lane.examine(_put_together(lane))
    return faults if remove is _move_home else faults + _start_without(lane, remove)


def _refusals(clients: Traffic) -> list[str]:
    """Return what is wrong with the answers now that the files are gone."""
    # Those that are under way end first.
    clients.wait_seen(8, 5.0)
    moment = clients.seen[-1].at
    clients.wait_seen(20, UNDER_SECONDS)
    after = clients.since(moment)
    faults = [f"rows left without the audit's files: {seen}" for seen in after if seen.rows][:1]
    return faults if codes_of(after)["AUDIT_UNAVAILABLE"] else [*faults, f"no refusal was seen: {after[-1:]}"]


def _start_without(lane: Lane, remove: Callable[[Path], None]) -> list[str]:
    """Return what is wrong with a start on what is left: no log may begin anew by itself."""
    if remove is _move_journal:
        # What the journal held is gone, and the witness knows of it.
        (lane.home / "portal.db-shm").unlink(missing_ok=True)
    server = lane.bench.forge.start(lane.home, lane.log)
    try:
        server.wait_ready()
        with traffic(server.port, lane.bench.world.token, 1) as clients:
            clients.wait_seen(3, 5.0)
        rows = [seen for seen in clients.seen if seen.rows]
        return [f"it serves from another log: {rows[0]}"] if rows else []
    except NotServing:
        return []
    finally:
        server.close()


def _put_together(lane: Lane) -> Path:
    """Return a folder with the portal's own files as they were before, and what was written to them since."""
    away, whole = lane.home.with_name("home.away"), lane.folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    shutil.copytree(away if away.exists() else lane.home, whole)
    if (whole / "portal.db.away").exists() and (whole / "portal.db-wal.away").exists():
        (whole / "portal.db-wal").unlink(missing_ok=True)
    for name in ("portal.db", "portal.db-wal"):
        if (kept := whole / f"{name}.away").exists():
            kept.replace(whole / name)
    return whole


REMOVED = Fault(
    "files taken away",
    "R6",
    "portal.db moved, replaced by nothing or an older one, its journal or its folder moved, under traffic",
    "refused at once; no start on an empty or older log",
    run_removals,
    share=5,
    full=50,
)
