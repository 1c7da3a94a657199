"""Logs to export evidence from, and the export: of two writers, in the older way, of another portal, under two keys."""

import hashlib
import json
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.audit.exporting import EvidenceExport, Exported
from portal.audit.ledger import Ledger, submit
from portal.audit.records import Outcome
from portal.audit.searching import Search
from portal.audit.signing import SigningKeys
from portal.storage.database import open_sync_database
from tests.unit.audit.attacked_logs import attack
from tests.unit.audit.attacks import hash_before, sign_anew
from tests.unit.audit.logs import KEY, MOMENT, OTHER_KEY, PERMITTED, REFUSED, Log, make_log, write_many

DENIED = Search(decision=Outcome.DENY)


def make_chains(folder: Path) -> Log:
    """A log of two writers, whose records of a kind lie between others'."""
    folder.mkdir()
    log = make_log(folder)
    ledgers = [log.open(), log.open()]
    for number in range(60):
        record = replace(
            REFUSED if number % 3 == 0 else PERMITTED,
            time=MOMENT + timedelta(seconds=number),
            request_id=f"request-{number}",
        )
        ledgers[number % 2].append([submit(record, ())])
        if number % 10 == 9:
            ledgers[number // 10 % 2].checkpoint()
    for ledger in ledgers:
        ledger.close()
    return log


def export(log: Log, folder: Path, search: Search = DENIED, *keys: Ed25519PrivateKey) -> Exported:
    """Export what is found into the folder."""
    export = EvidenceExport(folder, SigningKeys(keys or [KEY]), search)
    engine = open_sync_database(log.url)
    with engine.connect() as connection:
        export.write(connection)
    engine.dispose()
    return export.seal({"decision": "deny"}, MOMENT)


def chain_as_before(log: Log) -> None:
    """Chain all records of the two writers by their texts, as older ones were, and sign the heads anew."""
    with attack(log, Random(0)) as attacked:
        for writer in (1, 2):
            previous = hash_before(attacked, writer, 1)
            rows = attacked.connection.execute(
                "SELECT sequence, record FROM audit_records WHERE writer = ? ORDER BY sequence", (writer,)
            ).fetchall()
            for sequence, text in rows:
                previous = hashlib.sha256(previous + text.encode()).digest()
                attacked.run(
                    "UPDATE audit_records SET hash = ? WHERE writer = ? AND sequence = ?", previous, writer, sequence
                )
        sign_anew(attacked, KEY)
        number, body, signature = attacked.one(
            "SELECT number, body, signature FROM audit_checkpoints ORDER BY number DESC LIMIT 1"
        )
    assert isinstance(body, str)
    assert isinstance(signature, bytes)
    digest = hashlib.sha256(body.encode() + signature).hexdigest()
    log.witness.write_text(json.dumps({"number": number, "hash": digest}), encoding="utf-8")


def make_foreign(folder: Path) -> Path:
    """Return evidence of another portal."""
    (folder / "log").mkdir()
    other = replace(make_log(folder / "log"), key=OTHER_KEY)
    with closing(other.open()) as ledger:
        write_many(ledger, 30)
        ledger.checkpoint()
    export(other, folder / "evidence", Search(), OTHER_KEY)
    return folder / "evidence"


def rotate(chains: Log, folder: Path) -> Log:
    """A copy of the log that goes on under another key."""
    for path in (*chains.files(), chains.witness):
        shutil.copyfile(path, folder / path.name)
    log = Log(folder / chains.path.name)
    with closing(Ledger(log.url, SigningKeys([KEY, OTHER_KEY]), log.witness)) as ledger:
        write_many(ledger, 10)
        ledger.checkpoint()
        ledger.checkpoint()
    return log
