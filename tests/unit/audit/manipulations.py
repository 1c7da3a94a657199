"""What someone with write access to the database, and perhaps with a key, may do to a log, and what must be found."""

import json
from collections.abc import Callable

from portal_verify.log import FaultKind, LogFault
from tests.unit.audit.attacks import Attack, copy_first_record, rewrite, shift, sign_anew, sign_next
from tests.unit.audit.logs import KEY, OTHER_KEY

COLUMNS = ("time", "subject", "department", "application", "user_id", "entry", "decision", "row_count")

Manipulation = Callable[[Attack], LogFault | FaultKind]
"""Does its damage and returns the fault that must be found; the kind alone where the place depends."""


def record_fault(writer: int, sequence: int, kind: FaultKind) -> LogFault:
    return LogFault(f"record {writer}-{sequence}", kind)


def flip_text(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record()
    text = attack.text(writer, sequence)
    at = attack.random.randrange(len(text))
    flipped = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    attack.run("UPDATE audit_records SET record = ? WHERE writer = ? AND sequence = ?", flipped, writer, sequence)
    return record_fault(writer, sequence, FaultKind.CHANGED)


def flip_hash(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record()
    (found,) = attack.one("SELECT hash FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence)
    assert isinstance(found, bytes)
    flipped = bytearray(found)
    flipped[attack.random.randrange(32)] ^= 1 << attack.random.randrange(8)
    attack.run("UPDATE audit_records SET hash = ? WHERE writer = ? AND sequence = ?", bytes(flipped), writer, sequence)
    return record_fault(writer, sequence, FaultKind.CHANGED)


def edit_column(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record()
    column = attack.random.choice(COLUMNS)
    (old,) = attack.one(f"SELECT {column} FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence)  # noqa: S608 - one of COLUMNS
    new: object = {"decision": "deny" if old == "permit" else "permit", "row_count": 99}.get(column, f"{old}x")
    attack.run(f"UPDATE audit_records SET {column} = ? WHERE writer = ? AND sequence = ?", new, writer, sequence)  # noqa: S608
    return record_fault(writer, sequence, FaultKind.COLUMNS)


def empty_column(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record()
    column = attack.random.choice(("department", "application"))
    attack.run(f"UPDATE audit_records SET {column} = NULL WHERE writer = ? AND sequence = ?", writer, sequence)  # noqa: S608
    return record_fault(writer, sequence, FaultKind.COLUMNS)


def claim_another_purpose(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record()
    purpose = attack.random.choice(("statistics", None))
    attack.run("UPDATE audit_records SET purpose = ? WHERE writer = ? AND sequence = ?", purpose, writer, sequence)
    return record_fault(writer, sequence, FaultKind.COLUMNS)


def pass_a_request_off_as_an_act(attack: Attack) -> LogFault:
    """Then no statistics count it, and no provider sees it."""
    writer, sequence = attack.any_record()
    attack.run(
        "UPDATE audit_records SET act = 'signed_in', purpose = NULL WHERE writer = ? AND sequence = ?", writer, sequence
    )
    return record_fault(writer, sequence, FaultKind.COLUMNS)


def add_a_part_of_no_record(attack: Attack) -> LogFault:
    attack.run("INSERT INTO audit_parts VALUES ('e', 't', 1, 900, NULL, 'permit', 3, NULL)")
    return record_fault(1, 900, FaultKind.GAP)


def swap_columns(attack: Attack) -> LogFault:
    """Subject and entry change places."""
    writer, sequence = attack.any_record()
    attack.run(
        "UPDATE audit_records SET subject = entry, entry = subject WHERE writer = ? AND sequence = ?", writer, sequence
    )
    return record_fault(writer, sequence, FaultKind.COLUMNS)


def delete(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record(last=1)
    attack.run("DELETE FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence)
    return record_fault(writer, sequence, FaultKind.GAP)


def delete_and_close_the_gap(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record(last=1)
    attack.run("DELETE FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence)
    shift(attack, writer, sequence, -1)
    return record_fault(writer, sequence, FaultKind.CHANGED)


def swap_records(attack: Attack) -> LogFault:
    writer, first = attack.any_record(last=1)
    second = attack.random.randint(first + 1, attack.covered[writer])
    for old, new in ((first, -1), (second, first), (-1, second)):
        attack.run("UPDATE audit_records SET sequence = ? WHERE writer = ? AND sequence = ?", new, writer, old)
    return record_fault(writer, first, FaultKind.CHANGED)


def insert_copy(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record(last=1)
    shift(attack, writer, sequence, 1)
    attack.run(
        "INSERT INTO audit_records SELECT writer, sequence - 1, time, subject, department, application, user_id, "
        "entry, decision, row_count, record, hash, act, purpose FROM audit_records WHERE writer = ? AND sequence = ?",
        writer,
        sequence + 1,
    )
    return record_fault(writer, sequence + 1, FaultKind.CHANGED)


def back_date(attack: Attack) -> LogFault:
    writer, sequence = attack.any_record()
    text = attack.text(writer, sequence)
    (time,) = attack.one("SELECT time FROM audit_records WHERE writer = ? AND sequence = ?", writer, sequence)
    earlier = "2020" + str(time)[4:]
    attack.run(
        "UPDATE audit_records SET time = ?, record = ? WHERE writer = ? AND sequence = ?",
        earlier,
        text.replace(str(time), earlier),
        writer,
        sequence,
    )
    return record_fault(writer, sequence, FaultKind.CHANGED)


def cut_end(attack: Attack) -> FaultKind:
    writer, sequence = attack.any_record()
    attack.run("DELETE FROM audit_records WHERE writer = ? AND sequence >= ?", writer, sequence)
    return FaultKind.HEAD


def cut_chain(attack: Attack) -> FaultKind:
    writer, _ = attack.any_record()
    attack.run("DELETE FROM audit_records WHERE writer = ?", writer)
    attack.run("DELETE FROM audit_writers WHERE writer = ?", writer)
    return FaultKind.HEAD


def cut_everything(attack: Attack) -> FaultKind:
    attack.run("DELETE FROM audit_records")
    attack.run("DELETE FROM audit_writers")
    return FaultKind.HEAD


def chain_anew(attack: Attack) -> FaultKind:
    """Rewrite a record and everything behind it, with the right hashes: a fork of the chain."""
    writer, sequence = attack.any_record()
    rewrite(attack, writer, sequence)
    return FaultKind.HEAD


def chain_anew_and_sign_with_another_key(attack: Attack) -> FaultKind:
    writer, sequence = attack.any_record()
    rewrite(attack, writer, sequence)
    sign_anew(attack, OTHER_KEY)
    return FaultKind.SIGNATURE


def chain_anew_and_sign_with_the_key(attack: Attack) -> LogFault:
    """The whole log is sound in itself; only what lies outside of it can tell."""
    writer, sequence = attack.any_record()
    rewrite(attack, writer, sequence)
    sign_anew(attack, KEY)
    return LogFault("witness", FaultKind.WITNESS)


def cut_back_to_an_older_checkpoint(attack: Attack) -> LogFault:
    """As a restored backup: everything behind a checkpoint is gone, the checkpoints too."""
    number = attack.any_checkpoint(last=1)
    heads: dict[int, int] = {}
    for (body,) in attack.connection.execute("SELECT body FROM audit_checkpoints WHERE number <= ?", (number,)):
        heads |= {writer: sequence for writer, sequence, _ in json.loads(body)["heads"]}
    attack.run("DELETE FROM audit_checkpoints WHERE number > ?", number)
    for (writer,) in attack.connection.execute("SELECT writer FROM audit_writers").fetchall():
        attack.connection.execute(
            "DELETE FROM audit_records WHERE writer = ? AND sequence > ?", (writer, heads.get(writer, 0))
        )
        if writer not in heads:
            attack.run("DELETE FROM audit_writers WHERE writer = ?", writer)
    return LogFault("witness", FaultKind.WITNESS)


def insert_chain(attack: Attack) -> LogFault:
    """A chain of one's own, with a beginning as those of the portal have it."""
    source, _ = attack.any_record()
    attack.run(
        "INSERT INTO audit_writers SELECT 99, portal, started_at, checkpoint, checkpoint_hash FROM audit_writers "
        "WHERE writer = ?",
        source,
    )
    copy_first_record(attack, source, 99)
    rewrite(attack, 99, 1)
    return LogFault("writer 99", FaultKind.WRITER)


def insert_records_without_chain(attack: Attack) -> LogFault:
    source, _ = attack.any_record()
    copy_first_record(attack, source, 99)
    return LogFault("writer 99", FaultKind.WRITER)


def insert_chain_and_let_the_portal_sign(attack: Attack) -> LogFault:
    """As `insert_chain`, but the next checkpoint, which signs what it finds, takes the chain in."""
    insert_chain(attack)
    (head,) = attack.one("SELECT hash FROM audit_records WHERE writer = 99")
    assert isinstance(head, bytes)
    sign_next(attack, [[99, 1, head.hex()]])
    return LogFault("writer 99", FaultKind.WRITER)


def edit_beginning(attack: Attack) -> LogFault:
    writer, _ = attack.any_record()
    column, value = attack.random.choice(
        [("started_at", "2020-01-01T00:00:00.000000Z"), ("checkpoint", 77), ("checkpoint_hash", bytes(31) + b"1")]
    )
    attack.run(f"UPDATE audit_writers SET {column} = ? WHERE writer = ?", value, writer)  # noqa: S608 - one of three
    return record_fault(writer, 1, FaultKind.CHANGED)


def edit_portal(attack: Attack) -> LogFault:
    writer, _ = attack.any_record()
    attack.run("UPDATE audit_writers SET portal = ? WHERE writer = ?", "0" * 64, writer)
    return LogFault(f"writer {writer}", FaultKind.WRITER)


def delete_checkpoint(attack: Attack) -> LogFault:
    number = attack.any_checkpoint(last=1)
    attack.run("DELETE FROM audit_checkpoints WHERE number = ?", number)
    return LogFault(f"checkpoint {number}", FaultKind.CHECKPOINT_GAP)


def delete_checkpoint_and_close_the_gap(attack: Attack) -> LogFault:
    number = attack.any_checkpoint(last=1)
    attack.run("DELETE FROM audit_checkpoints WHERE number = ?", number)
    attack.run("UPDATE audit_checkpoints SET number = -number WHERE number > ?", number)
    attack.run("UPDATE audit_checkpoints SET number = -number - 1 WHERE number < 0")
    return LogFault(f"checkpoint {number}", FaultKind.CHECKPOINT_GAP)


def swap_checkpoints(attack: Attack) -> LogFault:
    number = attack.any_checkpoint(last=1)
    for old, new in ((number, -1), (number + 1, number), (-1, number + 1)):
        attack.run("UPDATE audit_checkpoints SET number = ? WHERE number = ?", new, old)
    return LogFault(f"checkpoint {number}", FaultKind.CHECKPOINT_GAP)


def renumber_last_checkpoint(attack: Attack) -> FaultKind:
    attack.run("UPDATE audit_checkpoints SET number = 999 WHERE number = (SELECT max(number) FROM audit_checkpoints)")
    return FaultKind.CHECKPOINT_GAP


def edit_checkpoint(attack: Attack) -> LogFault:
    number = attack.any_checkpoint()
    body = json.loads(str(attack.one("SELECT body FROM audit_checkpoints WHERE number = ?", number)[0]))
    body["time"] = "2020-01-01T00:00:00.000000Z"
    attack.run(
        "UPDATE audit_checkpoints SET body = ? WHERE number = ?", json.dumps(body, separators=(",", ":")), number
    )
    return LogFault(f"checkpoint {number}", FaultKind.SIGNATURE)


def flip_signature(attack: Attack) -> LogFault:
    number = attack.any_checkpoint()
    (signature,) = attack.one("SELECT signature FROM audit_checkpoints WHERE number = ?", number)
    assert isinstance(signature, bytes)
    flipped = bytearray(signature)
    flipped[attack.random.randrange(64)] ^= 1
    attack.run("UPDATE audit_checkpoints SET signature = ? WHERE number = ?", bytes(flipped), number)
    return LogFault(f"checkpoint {number}", FaultKind.SIGNATURE)


def sign_a_wrong_digest(attack: Attack) -> FaultKind:
    """Only who holds the key can do this; the log contradicts itself."""
    sign_next(attack, [], digest="0" * 64)
    return FaultKind.DIGEST


def delete_seventh(attack: Attack) -> LogFault:
    """Where one process ends and another begins, in a log that is checked in parts of seven."""
    attack.run("DELETE FROM audit_records WHERE writer = 1 AND sequence = 7")
    return record_fault(1, 7, FaultKind.GAP)


def renumber_checkpoints(attack: Attack) -> LogFault:
    number = attack.any_checkpoint()
    attack.run("UPDATE audit_checkpoints SET number = -number WHERE number >= ?", number)
    attack.run("UPDATE audit_checkpoints SET number = 1 - number WHERE number < 0")
    return LogFault(f"checkpoint {number}", FaultKind.CHECKPOINT_GAP)


def sign_a_lower_epoch(attack: Attack) -> FaultKind:
    """As after a restored content."""
    sign_next(attack, [], epoch=1_000_009)
    sign_next(attack, [], epoch=1_000_008)
    return FaultKind.EPOCH


def add_a_record_without_number(attack: Attack) -> LogFault:
    """Only a table that was made anew holds one."""
    attack.connection.execute("CREATE TABLE loose AS SELECT * FROM audit_records")
    attack.run("INSERT INTO loose (writer) VALUES (1)")
    attack.connection.execute("DROP TABLE audit_records")
    attack.connection.execute("ALTER TABLE loose RENAME TO audit_records")
    return LogFault("database", FaultKind.UNREADABLE)


MANIPULATIONS: tuple[Manipulation, ...] = (
    flip_text,
    flip_hash,
    edit_column,
    empty_column,
    add_a_part_of_no_record,
    swap_columns,
    claim_another_purpose,
    pass_a_request_off_as_an_act,
    delete,
    delete_and_close_the_gap,
    swap_records,
    insert_copy,
    back_date,
    cut_end,
    cut_chain,
    cut_everything,
    chain_anew,
    chain_anew_and_sign_with_another_key,
    chain_anew_and_sign_with_the_key,
    cut_back_to_an_older_checkpoint,
    insert_chain,
    insert_records_without_chain,
    insert_chain_and_let_the_portal_sign,
    edit_beginning,
    edit_portal,
    delete_checkpoint,
    delete_checkpoint_and_close_the_gap,
    swap_checkpoints,
    renumber_last_checkpoint,
    edit_checkpoint,
    flip_signature,
    sign_a_wrong_digest,
    delete_seventh,
    renumber_checkpoints,
    sign_a_lower_epoch,
    add_a_record_without_number,
)
