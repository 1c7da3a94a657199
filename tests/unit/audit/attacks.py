"""The tools of someone who changes a log: they know its rules as well as the portal does."""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.audit.logs import KEY


@dataclass(frozen=True, slots=True)
class Attack:
    """A copy of a log, and a source of chance for where to strike.

    `covered` are the records, by chain, that the last checkpoint covers.
    """

    connection: sqlite3.Connection
    random: Random
    covered: dict[int, int]

    def run(self, sql: str, *parameters: object) -> None:
        assert self.connection.execute(sql, parameters).rowcount > 0, "the manipulation changes nothing"

    def one(self, sql: str, *parameters: object) -> tuple[object, ...]:
        row = self.connection.execute(sql, parameters).fetchone()
        assert isinstance(row, tuple)
        return row

    def any_record(self, last: int = 0) -> tuple[int, int]:
        """A covered record that has at least `last` covered ones behind it in its chain."""
        writer = self.random.choice([writer for writer, length in self.covered.items() if length > last])
        return writer, self.random.randint(1, self.covered[writer] - last)

    def text(self, writer: int, sequence: int) -> str:
        return str(self.one("SELECT record FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence)[0])

    def any_checkpoint(self, last: int = 0) -> int:
        """A checkpoint that has at least `last` others behind it."""
        count = self.one("SELECT max(number) FROM audit_checkpoints")[0]
        assert isinstance(count, int)
        return self.random.randint(1, count - last)


def shift(attack: Attack, writer: int, sequence: int, by: int) -> None:
    """Move the numbers of the records from `sequence` on."""
    attack.run("UPDATE audit_records SET sequence = -sequence WHERE writer = ? AND sequence >= ?", writer, sequence)
    attack.run("UPDATE audit_records SET sequence = -sequence + ? WHERE writer = ? AND sequence < 0", by, writer)


def copy_first_record(attack: Attack, source: int, writer: int) -> None:
    attack.run(
        "INSERT INTO audit_records SELECT ?, sequence, time, subject, department, application, user_id, entry, "
        "decision, row_count, replace(record, ?, ?), hash, act, purpose FROM audit_records "
        "WHERE writer = ? AND sequence = 1",
        writer,
        f'{{"writer":{source},',
        f'{{"writer":{writer},',
        source,
    )


def rewrite(attack: Attack, writer: int, sequence: int) -> None:
    """Change the record and give it and those behind it the hashes that go with it."""
    text = attack.text(writer, sequence)
    changed = text.replace('"request_id":"', '"request_id":"forged-')
    attack.run("UPDATE audit_records SET record = ? WHERE writer = ? AND sequence = ?", changed, writer, sequence)
    previous = hash_before(attack, writer, sequence)
    rows = attack.connection.execute(
        "SELECT sequence, record FROM audit_records WHERE writer = ? AND sequence >= ? ORDER BY sequence",
        (writer, sequence),
    ).fetchall()
    for number, record in rows:
        previous = hashlib.sha256(previous + hashlib.sha256(record.encode()).digest()).digest()
        attack.run("UPDATE audit_records SET hash = ? WHERE writer = ? AND sequence = ?", previous, writer, number)


def hash_before(attack: Attack, writer: int, sequence: int) -> bytes:
    """The hash in front of a record: the one before it, or the genesis."""
    if sequence > 1:
        (found,) = attack.one("SELECT hash FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence - 1)
        assert isinstance(found, bytes)
        return found
    row = attack.one(
        "SELECT portal, writer, started_at, checkpoint, lower(hex(checkpoint_hash)) FROM audit_writers "
        "WHERE writer = ?",
        writer,
    )
    return hashlib.sha256("portal-audit-1:{}:{}:{}:{}:{}".format(*row).encode()).digest()


def sign_anew(attack: Attack, key: Ed25519PrivateKey) -> None:
    """Give all checkpoints the heads that the log now has, and sign them with the key."""
    previous, heads = bytes(32), dict[int, tuple[int, str]]()
    for number, text in attack.connection.execute(
        "SELECT number, body FROM audit_checkpoints ORDER BY number"
    ).fetchall():
        body = json.loads(text)
        for head in body["heads"]:
            writer, sequence, _ = head
            row = attack.connection.execute(
                "SELECT hash FROM audit_records WHERE writer = ? AND sequence = ?", (writer, sequence)
            ).fetchone()
            head[2] = row[0].hex() if row else head[2]
            heads[writer] = (sequence, head[2])
        body |= {"previous": previous.hex(), "digest": _digest(heads)}
        previous = _store_checkpoint(attack, key, number, body)


def sign_next(attack: Attack, moved: list[list[object]], digest: str | None = None, **more: object) -> None:
    """Add a checkpoint as the portal would, with its key."""
    last, text, signature = attack.one(
        "SELECT number, body, signature FROM audit_checkpoints ORDER BY number DESC LIMIT 1"
    )
    assert isinstance(last, int)
    assert isinstance(text, str)
    assert isinstance(signature, bytes)
    heads: dict[int, tuple[int, str]] = {}
    for (body,) in attack.connection.execute("SELECT body FROM audit_checkpoints ORDER BY number"):
        heads |= {writer: (sequence, head) for writer, sequence, head in json.loads(body)["heads"]}
    heads |= {int(str(head[0])): (int(str(head[1])), str(head[2])) for head in moved}
    body = json.loads(text) | {
        "number": last + 1,
        "previous": hashlib.sha256(text.encode() + signature).hexdigest(),
        "heads": moved,
        "digest": digest or _digest(heads),
        **more,
    }
    attack.run("INSERT INTO audit_checkpoints VALUES (?, '', x'')", last + 1)
    _store_checkpoint(attack, KEY, last + 1, body)


def _store_checkpoint(attack: Attack, key: Ed25519PrivateKey, number: int, body: dict[str, object]) -> bytes:
    text = json.dumps(body, separators=(",", ":"))
    signature = key.sign(text.encode())
    attack.run("UPDATE audit_checkpoints SET body = ?, signature = ? WHERE number = ?", text, signature, number)
    return hashlib.sha256(text.encode() + signature).digest()


def _digest(heads: dict[int, tuple[int, str]]) -> str:
    lines = "".join(f"{writer}:{heads[writer][0]}:{heads[writer][1]}\n" for writer in sorted(heads))
    return hashlib.sha256(lines.encode()).hexdigest()
