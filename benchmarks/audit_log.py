"""`python -m benchmarks audit-log [RECORDS] [URL]`: appending to a log, verifying it and searching it, with figures.

Without URL the log is in SQLite, in a folder of its own; a URL names an empty PostgreSQL database. Two million records
by default: synthetic subjects and entries, one of each asked for often, others hardly ever.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import insert

from portal.audit.ledger import Ledger, submit
from portal.audit.records import AuditRecord, Outcome
from portal.audit.searching import Search, search_records
from portal.audit.signing import SigningKeys
from portal.errors import ErrorCode
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.tables import epoch
from portal.vocabulary import EntryCode, EntryIdentifier, Mode
from portal_verify.log import verify_log

RECORDS = 2_000_000
_BATCH = 500
_ROUNDS = 5
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_RECORD = AuditRecord(
    time=_MOMENT,
    subject="application:often",
    department="d0",
    application="often",
    user=None,
    entry=EntryCode("303001001/00001"),
    identifier=EntryIdentifier("people"),
    decision=Outcome.PERMIT,
    rows=3,
    mode=Mode.QUERY,
    purpose="verification",
    matter=None,
    items=("code", "name"),
    filter='{"name":{"eq":"hmac-sha256:0000000000000000000000000000000000000000000000000000000000000000"}}',
    epoch=1,
    client_address="192.0.2.1",
    duration_microseconds=812,
    request_id="4f3a",
)


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code."""
    records = int(arguments[0]) if arguments else RECORDS
    with _database(arguments[1:]) as url:
        key = Ed25519PrivateKey.generate()
        print(f"appending, {_BATCH} a transaction: {_fill(url, key, records):,.0f} records/s")
        _search(url)
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for processes in sorted({1, os.cpu_count() or 1}):
            begun = perf_counter()
            result = verify_log(url, pem, processes=processes)
            if result.fault is not None or result.records != records:
                raise AssertionError(str(result))
            print(f"verifying with {processes} processes: {records / (perf_counter() - begun):,.0f} records/s")
    return 0


@contextmanager
def _database(named: list[str]) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        url = named[0] if named else f"sqlite:///{Path(folder) / 'portal.db'}"
        upgrade_database(url)
        engine = open_sync_database(url)
        with for_writing(engine).begin() as connection:
            connection.execute(insert(epoch).values(id=1, value=1, digest=""))
        engine.dispose()
        yield url


def _fill(url: str, key: Ed25519PrivateKey, records: int) -> float:
    """Write the records by two writers in turn; return how many a second."""
    random, begun, keys = Random(809), perf_counter(), SigningKeys([key])
    with closing(Ledger(url, keys, None)) as first, closing(Ledger(url, keys, None)) as second:
        for number in range(0, records, _BATCH):
            ledger = (first, second)[number // _BATCH % 2]
            last = min(records, number + _BATCH)
            ledger.append([submit(_record(one, random), ()) for one in range(number, last)])
            if number % (100 * _BATCH) == 0:
                ledger.checkpoint()
        first.checkpoint()
    return records / (perf_counter() - begun)


def _record(number: int, random: Random) -> AuditRecord:
    seldom = random.random() < 0.0001
    subject = "application:seldom" if seldom else f"application:a{random.randrange(50)}"
    return replace(
        _RECORD,
        time=_MOMENT + timedelta(milliseconds=40 * number),
        subject=subject,
        department="seldom" if seldom else f"d{random.randrange(20)}",
        entry=EntryCode("303001001/00002" if seldom else f"303001001/1{random.randrange(100):04}"),
        decision=Outcome.DENY if random.random() < 0.01 else Outcome.PERMIT,
        code=ErrorCode.ITEM_DENIED if seldom else None,
        request_id=str(number),
    )


def _search(url: str) -> None:
    day = _MOMENT + timedelta(hours=5)
    searches = {
        "the newest": Search(),
        "a subject that asks often": Search(subject="application:a7"),
        "a subject that asks seldom": Search(subject="application:seldom", limit=1000),
        "a subject within an hour": Search(subject="application:a7", since=day, until=day + timedelta(hours=1)),
        "a department that asks seldom": Search(department="seldom", limit=1000),
        "an entry, denied": Search(entry="303001001/10007", decision=Outcome.DENY),
        "denials before a time": Search(decision=Outcome.DENY, until=day),
        "a subject on an entry that it never asked for": Search(subject="application:a7", entry="303001001/00002"),
    }
    engine = open_sync_database(url)
    with engine.connect() as connection:
        for name, search in searches.items():
            times = []
            count = 0
            for _ in range(_ROUNDS):
                begun = perf_counter()
                count = len(search_records(connection, search))
                times.append(perf_counter() - begun)
            print(f"searching {name}: {median(times) * 1000:.1f} ms, worst {max(times) * 1000:.1f} ms, {count} found")
    engine.dispose()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
