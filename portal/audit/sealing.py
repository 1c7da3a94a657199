"""A checkpoint signed apart from any writer, in the transaction of a change: after a load, and by a reconciliation."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, and_, func, insert, select

from portal.audit.chain import Head, Writer
from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, Loss, sign_checkpoint, sign_loss
from portal.audit.witness import load_witness, store_witness
from portal.storage.audit_tables import audit_checkpoints, audit_records, audit_writers
from portal.storage.content import read_epoch_value
from portal.storage.database import for_writing
from portal.storage.quarantine import read_quarantine


def append_checkpoint(
    connection: Connection, key: Ed25519PrivateKey, now: datetime, loss: Loss | None = None
) -> Checkpoint:
    """Sign the heads of all chains, and the loss if there is one, in the connection's transaction."""
    heads, previous = read_heads(connection), read_last_checkpoint(connection)
    checkpoint = (
        sign_checkpoint(key, previous, now, heads.values(), heads)
        if loss is None
        else sign_loss(key, previous, now, heads, loss)
    )
    values = {"number": checkpoint.number, "body": checkpoint.body, "signature": checkpoint.signature}
    connection.execute(insert(audit_checkpoints).values(values))
    return checkpoint


def read_last_checkpoint(connection: Connection) -> Checkpoint:
    """Return the last checkpoint, number 0 where there is none."""
    columns = audit_checkpoints.c
    statement = select(columns.number, columns.body, columns.signature).order_by(columns.number.desc()).limit(1)
    row = connection.execute(statement).one_or_none()
    return NO_CHECKPOINT if row is None else Checkpoint(*row)


def find_checkpoint(connection: Connection, number: int) -> Checkpoint | None:
    """Return the checkpoint of that number, None where the log has none."""
    columns = audit_checkpoints.c
    statement = select(columns.number, columns.body, columns.signature).where(columns.number == number)
    row = connection.execute(statement).one_or_none()
    return None if row is None else Checkpoint(*row)


def read_heads(connection: Connection) -> Mapping[int, Head]:
    """Return the heads of all chains by writer, a chain's genesis where it has no records."""
    writers = connection.execute(select(audit_writers).order_by(audit_writers.c.writer))
    heads = {row.writer: Writer(*row).genesis for row in writers}
    last = (
        select(audit_records.c.writer, func.max(audit_records.c.sequence).label("sequence"))
        .group_by(audit_records.c.writer)
        .subquery()
    )
    place = and_(audit_records.c.writer == last.c.writer, audit_records.c.sequence == last.c.sequence)
    statement = select(audit_records.c.writer, audit_records.c.sequence, audit_records.c.hash).join(last, place)
    return heads | {row.writer: Head(*row) for row in connection.execute(statement)}


def witness_change(engine: Engine, key: Ed25519PrivateKey, witness: Path, now: datetime) -> None:
    """Sign and witness the epoch that a change has brought: a copy from before it is told from one after it (T31).

    Nothing is done where there is no log yet, in quarantine, and where the log lacks what was witnessed: then the
    witness is what tells.
    """
    with for_writing(engine).begin() as connection:
        if not read_heads(connection) or read_quarantine(connection) is not None:
            return
        witnessed = load_witness(witness)
        if witnessed is not None:
            held = find_checkpoint(connection, witnessed.number)
            if held is None or held.hash.hex() != witnessed.hash:
                return
        checkpoint, epoch = append_checkpoint(connection, key, now), read_epoch_value(connection)
    store_witness(witness, checkpoint, epoch)
