"""A checkpoint signed apart from any writer, in the transaction of a change: after a load, and by a reconciliation."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, insert, select

from portal.audit.chain import Head
from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, Loss, Statement, sign_checkpoint
from portal.audit.heads import KnownHeads
from portal.audit.signing import Signer, SigningKeys
from portal.audit.statements import log_statements
from portal.audit.witness import load_witness, store_witness
from portal.storage.addresses import DatabaseKind
from portal.storage.audit_tables import audit_checkpoints
from portal.storage.content import read_epoch_value
from portal.storage.database import for_writing, hold_transaction_lock, read_compiled
from portal.storage.postgresql import AdvisoryLock
from portal.storage.quarantine import read_quarantine


def append_checkpoint(connection: Connection, keys: SigningKeys, now: datetime, loss: Loss | None = None) -> Checkpoint:
    """Sign the heads of all chains, and the loss if there is one, in the connection's transaction.

    One with a loss names all heads: a witness of what is lost has not seen those before it. The newest key signs it,
    after a handover of its own where there is one to make: witnesses may know that key alone.
    Raises: AuditUnavailable where another portal's key signed the log.
    """
    hold_transaction_lock(connection, AdvisoryLock.CHECKPOINT)
    last, known = read_last_checkpoint(connection), _known_heads(connection)
    moved = known.begin(last)
    signer = keys.signer_after(last)
    epoch = read_epoch_value(connection)
    if signer.successor is not None:
        named = signer.successor.public_key()
        last = _append(connection, signer.key, last, Statement(now, moved, known.digest(), epoch, successor=named))
        if loss is None:
            return last
        signer = Signer(signer.successor)
    return _append(
        connection, signer.key, last, Statement(now, known.all() if loss else moved, known.digest(), epoch, loss)
    )


def _append(connection: Connection, key: Ed25519PrivateKey, last: Checkpoint, statement: Statement) -> Checkpoint:
    checkpoint = sign_checkpoint(key, last, statement)
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


def read_heads(connection: Connection) -> list[Head]:
    """Return the heads of all chains by writer, a chain's genesis where it has no records."""
    known = _known_heads(connection)
    known.begin(NO_CHECKPOINT)
    return known.all()


def _known_heads(connection: Connection) -> KnownHeads:
    def read(statement: str, parameters: Sequence[str | int | bytes | None]) -> list[Any]:
        return read_compiled(connection, statement, parameters)

    return KnownHeads(read, log_statements(DatabaseKind(connection.dialect.name)))


def witness_change(engine: Engine, keys: SigningKeys, witness: Path, now: datetime) -> None:
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
        checkpoint = append_checkpoint(connection, keys, now)
    store_witness(witness, checkpoint)
