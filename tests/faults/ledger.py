"""The release ledger as a trial sees it: the proxy's process, what it wrote, and the comparison with the audit."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from portal.storage.addresses import database_url
from portal.storage.audit_tables import audit_records
from portal.storage.database import open_sync_database
from portal_verify.log import verify_log
from tests.fixtures.postgres import free_port

PROGRAM = Path(__file__).with_name("ledger_proxy.py")


@dataclass(frozen=True, slots=True)
class Release:
    """An answer that left."""

    at: float
    status: int
    hash: str
    whole: bool
    receipts: dict[str, int | None]
    bare: bool


@dataclass(slots=True)
class Ledger:
    """The proxy's process before one portal; clients ask at `port`."""

    file: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.file.touch()
        command = [sys.executable, str(PROGRAM), str(self.port), str(self.file)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._wait()

    def _wait(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", "the ledger's proxy doesn't run"

    def lead_to(self, port: int) -> None:
        """Pass requests to the portal at this port from now on."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{port}\n")
        self.process.stdin.flush()
        self._wait()

    def releases(self) -> list[Release]:
        """Return what left so far."""
        return [Release(**json.loads(line)) for line in self.file.read_text().splitlines()]

    def forget(self) -> None:
        """Begin anew, for a portal that does too."""
        self.file.write_bytes(b"")

    def close(self) -> None:
        """End the proxy; what it wrote stays."""
        with suppress(BrokenPipeError):
            self.process.communicate(timeout=20)


def recorded_rows(url: str) -> dict[str, int]:
    """Return the rows of each permitted answer in the audit, by receipt."""
    engine = open_sync_database(url)
    columns = audit_records.c
    try:
        with engine.connect() as connection:
            found = connection.execute(
                select(columns.writer, columns.sequence, columns.row_count).where(columns.decision == "permit")
            )
            return {f"{writer}-{sequence}": rows for writer, sequence, rows in found}
    finally:
        engine.dispose()


def unexplained(releases: Iterable[Release], recorded: dict[str, int]) -> list[str]:
    """Return what is wrong with the answers that left: no record, other rows, a receipt given twice, none."""
    faults, given = [], Counter[str]()
    for release in releases:
        if release.bare:
            faults.append(f"answer {release.hash[:12]} has rows and no receipt")
        for receipt, rows in release.receipts.items():
            given[receipt] += 1
            if receipt not in recorded:
                faults.append(f"receipt {receipt} left and has no record")
            elif rows is not None and rows != recorded[receipt]:
                faults.append(f"receipt {receipt} left with {rows} rows, its record says {recorded[receipt]}")
    return faults + [f"receipt {receipt} was given {count} times" for receipt, count in given.items() if count > 1]


def examine(home: Path, public_key: bytes, releases: Iterable[Release], scratch: Path) -> list[str]:
    """Return what is wrong with the portal's log in the folder, seen on a copy so that a server recovers it itself."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for file in (*home.glob("portal.db"), *home.glob("portal.db-wal"), *home.glob("audit-witness-*.json")):
        shutil.copy(file, scratch / file.name)
    url = database_url(scratch / "portal.db")
    engine = open_sync_database(url)
    try:
        with engine.connect() as connection:
            integrity = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
    except DatabaseError as damage:
        # So damaged that it can't even be opened: nothing else can be said of it.
        return [f"integrity: {damage.orig}"]
    finally:
        engine.dispose()
    faults = [] if integrity == ["ok"] else [f"integrity: {line}" for line in integrity]
    verified = verify_log(url, public_key, scratch.glob("audit-witness-*.json"))
    if verified.fault is not None:
        faults.append(f"the log doesn't verify: {verified.fault}")
    return faults + unexplained(releases, recorded_rows(url))


def examine_server(home: Path, url: str, public_key: bytes, releases: Iterable[Release]) -> list[str]:
    """Return what is wrong with the log in a server's database; the portal's folder holds its witness."""
    verified = verify_log(url, public_key, home.glob("audit-witness-*.json"))
    faults = [] if verified.fault is None else [f"the log doesn't verify: {verified.fault}"]
    return faults + unexplained(releases, recorded_rows(url))
