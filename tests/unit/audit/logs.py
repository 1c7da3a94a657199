"""Audit logs for tests: a database as the portal makes it, and records without meaning."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import insert, update

from portal.audit.ledger import Ledger, submit
from portal.audit.receipts import Recording
from portal.audit.records import AuditRecord, Outcome, Quota
from portal.audit.signing import SigningKeys
from portal.errors import ErrorCode
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.tables import epoch
from portal.vocabulary import EntryCode, EntryIdentifier, ItemIdentifier, Mode, PolicyId
from portal_verify.log import LogVerification, verify_log

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
EPOCH = 7
ENTRY = EntryCode("303001001/00001")
SUBJECT = "application:demo-app"
MOMENT = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)

PERMITTED = AuditRecord(
    time=MOMENT,
    subject=SUBJECT,
    department="11999999MB0000019T",
    application="demo-app",
    user=None,
    entry=ENTRY,
    identifier=EntryIdentifier("residents"),
    decision=Outcome.PERMIT,
    rows=3,
    mode=Mode.QUERY,
    purpose="verification",
    matter=None,
    items=("code", "name"),
    filter='{"name":{"eq":"hmac-sha256:00"}}',
    policies=((PolicyId("statute-0007"), 2),),
    epoch=EPOCH,
    client_address="192.0.2.1",
    duration_microseconds=812,
    request_id="4f3a",
)
REFUSED = replace(
    PERMITTED,
    decision=Outcome.DENY,
    rows=0,
    filter=None,
    policies=(),
    code=ErrorCode.ITEM_DENIED,
    reasons=((ItemIdentifier("name"), ErrorCode.ITEM_DENIED),),
)


@dataclass(frozen=True, slots=True)
class Log:
    """A portal's database without content, under one epoch, and what belongs to its audit."""

    path: Path
    key: Ed25519PrivateKey = KEY

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    @property
    def witness(self) -> Path:
        return self.path.with_name("audit-witness.json")

    @property
    def public_key(self) -> bytes:
        return public_pem(self.key)

    def files(self) -> list[Path]:
        """The database's file and its journals."""
        return sorted(self.path.parent.glob(f"{self.path.name}*"))

    @property
    def keys(self) -> SigningKeys:
        """What signs, as a portal that never rotated its key has it."""
        return SigningKeys([self.key])

    def open(self) -> Ledger:
        return Ledger(self.url, self.keys, self.witness)

    def verify(self) -> LogVerification:
        return verify_log(self.url, self.public_key, [self.witness])

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What a query of one's own finds in the database."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def set_epoch(self, value: int) -> None:
        engine = open_sync_database(self.url)
        with for_writing(engine).begin() as connection:
            connection.execute(update(epoch).values(value=value))
        engine.dispose()


def make_log(folder: Path) -> Log:
    """Return a new log in the folder."""
    log = Log(folder / "portal.db")
    upgrade_database(log.url)
    engine = open_sync_database(log.url)
    with for_writing(engine).begin() as connection:
        connection.execute(insert(epoch).values(id=1, value=EPOCH, digest=""))
    engine.dispose()
    return log


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def write(ledger: Ledger, record: AuditRecord = PERMITTED, *quotas: Quota) -> Recording:
    """Write one record in a transaction of its own."""
    return cast("Recording", ledger.append([submit(record, quotas)])[0])


def write_many(ledger: Ledger, count: int) -> None:
    """Write records that differ, in one transaction."""
    ledger.append([submit(numbered(number), ()) for number in range(count)])


def numbered(number: int) -> AuditRecord:
    """A record that differs from every other number's."""
    record = REFUSED if number % 5 == 4 else PERMITTED
    return replace(record, time=MOMENT + timedelta(milliseconds=number), request_id=str(number))
