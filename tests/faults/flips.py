"""R17: bits flip and pages tear in the database of a portal that is closed; each is noticed before it is used."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from portal.identity.keys import load_keys
from portal.policies.information_point import PortalContent, load_content
from portal.storage.addresses import database_url
from portal.storage.database import open_database
from portal_verify.log import verify_log
from tests.faults.fault import Bench, Fault, Lane, Result
from tests.faults.serving import NotServing
from tests.faults.traffic import Seen, ask, traffic
from tests.faults.world import settings_of

RECORDS = 200
ASKED_EVERY = 25
PAGE = 4096
_AUDIT_TABLES = ("audit_writers", "audit_records", "audit_checkpoints")

_Tables = Mapping[str, list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the database says while it is whole."""

    image: bytes
    witness: bytes
    content: PortalContent
    audit: _Tables
    rows: int


def run_flips(bench: Bench, trials: int, seed: int) -> Result:
    """Damage the database so often, each time at another place of a whole copy."""
    lane = bench.lane(f"flips-{seed}")
    try:
        return _damage_in_turn(lane, trials, Random(f"flips/{seed}"))
    finally:
        lane.close()


def _damage_in_turn(lane: Lane, trials: int, chance: Random) -> Result:
    whole = _prepare(lane)
    _store(lane.home, whole.image, whole.witness)
    violations = [] if (_notice_content(lane, whole), _notice_audit(lane, whole)) == (False, False) else ["undamaged"]
    figures = {"content_refused": 0.0, "log_convicted": 0.0, "harmless": 0.0, "servers_asked": 0.0}
    for trial in range(trials):
        image, what = _damaged(whole.image, chance)
        _store(lane.home, image, whole.witness)
        refused, convicted = _notice_content(lane, whole), _notice_audit(lane, whole)
        faults = [fault for fault in (refused, convicted) if isinstance(fault, str)]
        if trial % ASKED_EVERY == 0:
            figures["servers_asked"] += 1
            _store(lane.home, image, whole.witness)
            faults += _ask_damaged(lane, whole)
        figures["content_refused"] += refused is True
        figures["log_convicted"] += convicted is True
        figures["harmless"] += refused is False and convicted is False
        violations += [f"trial {trial}, {what}: {fault}" for fault in faults]
    return Result(trials, tuple(violations), figures)


def _prepare(lane: Lane) -> _Whole:
    """Serve for some records, stop in good order, and return what the database says."""
    server = lane.bench.forge.start(lane.home, lane.log)
    try:
        server.wait_ready()
        with traffic(server.port, lane.bench.world.token) as clients:
            clients.wait_answered(RECORDS // 2)
        server.stop()
    finally:
        server.close()
    rows = max(seen.rows for seen in clients.seen)
    image, witness = (lane.home / "portal.db").read_bytes(), _witness(lane.home).read_bytes()
    return _Whole(image, witness, _read_content(lane), _read_audit(lane.home), rows)


def _store(home: Path, image: bytes, witness: bytes) -> None:
    for journal in home.glob("portal.db-*"):
        journal.unlink()
    (home / "portal.db").write_bytes(image)
    _witness(home).write_bytes(witness)


def _witness(home: Path) -> Path:
    return next(home.glob("audit-witness-*.json"))


def _damaged(image: bytes, chance: Random) -> tuple[bytes, str]:
    """Return the file with a bit flipped or a page torn, and what was done."""
    damaged = bytearray(image)
    if chance.random() < 0.2:
        page = chance.randrange(1, len(image) // PAGE) * PAGE
        start = page + 512 * chance.randrange(1, 8)
        other = chance.randrange(1, len(image) // PAGE) * PAGE
        # The rest of the page is that of another: a write that went astray.
        damaged[start : page + PAGE] = image[other + start - page : other + PAGE]
        return bytes(damaged), f"page at {page} torn at {start - page}"
    place = chance.randrange(len(image))
    while not image[place] and chance.random() < 0.9:
        place = chance.randrange(len(image))
    bit = chance.randrange(8)
    damaged[place] ^= 1 << bit
    return bytes(damaged), f"bit {bit} of byte {place} flipped"


def _read_content(lane: Lane) -> PortalContent:
    settings = settings_of(lane.home)
    secret = load_keys(settings.key_file).digest_secret

    async def read() -> PortalContent:
        engine = open_database(settings.database_url)
        try:
            return await load_content(engine, secret)
        finally:
            await engine.dispose()

    return asyncio.run(read())


def _read_audit(home: Path) -> _Tables:
    with closing(sqlite3.connect(home / "portal.db")) as database:
        return {
            table: database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608  names of our own
            for table in _AUDIT_TABLES
        }


def _notice_content(lane: Lane, whole: _Whole) -> bool | str:
    """Return whether the content is refused; what is wrong where it is taken and is another."""
    try:
        content = _read_content(lane)
    except Exception:  # noqa: BLE001  whatever the refusal is
        return True
    return False if content == whole.content else "other content is taken for the portal's"


def _notice_audit(lane: Lane, whole: _Whole) -> bool | str:
    """Return whether the log is convicted; what is wrong where it verifies and says something else."""
    try:
        url = database_url(lane.home / "portal.db")
        if verify_log(url, lane.bench.world.public_key, [_witness(lane.home)]).fault is not None:
            return True
        audit = _read_audit(lane.home)
    except (sqlite3.Error, ValueError):
        return True
    return False if audit == whole.audit else "the log verifies and says something else"


def _ask_damaged(lane: Lane, whole: _Whole) -> list[str]:
    """Return what is wrong with the answer of a server on the damaged database: the same rows or none."""
    server = lane.bench.forge.start(lane.home, lane.log)
    try:
        server.wait_ready()
        with closing(server.connect()) as connection:
            seen: Seen = ask(connection, lane.bench.world.token)
        return [] if seen.rows in (0, whole.rows) else [f"a server answers {seen}"]
    except NotServing:
        return []
    finally:
        server.close()


FLIPS = Fault(
    "flipped bits, torn pages",
    "R17",
    "one bit of portal.db flipped, or a page torn, while the portal is closed",
    "other content is refused, another log convicted; the rest is harmless",
    run_flips,
    share=150,
    full=1000,
)
