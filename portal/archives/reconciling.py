"""Reconciling a restored portal with what was witnessed of it; nothing else ends its quarantine (T31)."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from portal.audit.checkpoints import Checkpoint, Loss
from portal.audit.sealing import append_checkpoint, find_checkpoint
from portal.audit.signing import SigningKeys
from portal.audit.witness import Attestation, WitnessedCheckpoint, ask_witnesses, copy_witness_aside, store_witness
from portal.bundles.store import PortalStore
from portal.conditions.values import render_instant
from portal.errors import BadInput, Text
from portal.storage.content import ContentHead, StoredContent, read_content
from portal.storage.content_changes import ChangeNote, change_quarantine
from portal.storage.database import for_writing, hold_writer_lock, open_sync_database
from portal.storage.quarantine import Quarantine
from portal_verify.log import LogFault, verify_log


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Two people who accept that what is missing is lost, and why. Raises: BadInput where they are one, or none."""

    people: tuple[str, str]
    reason: str

    def __post_init__(self) -> None:
        one, other = (unicodedata.normalize("NFKC", name).strip().casefold() for name in self.people)
        if not one or not other or one == other:
            raise BadInput(
                Text(
                    en="a loss is accepted by two people; name them with `--by NAME` and `--and NAME`",
                    zh="须由两名不同的人员确认丢失；请以 `--by 姓名` 和 `--and 姓名` 指明",
                )
            )
        if not self.reason.strip():
            raise BadInput(
                Text(en="say why the loss is accepted, with `--reason TEXT`", zh="请以 `--reason 说明` 写明确认理由")
            )


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A portal in quarantine with the last checkpoint that was witnessed of it, None: there is no witness.

    Where witnesses differ it is the last one that the log lacks. `holds`: the log holds what each of them named.
    `epoch` is the one that holds now, `unreachable` is how many witnesses could not be asked.
    """

    quarantine: Quarantine
    witness: WitnessedCheckpoint | None
    holds: bool
    epoch: int
    unreachable: int = 0

    @property
    def agrees(self) -> bool:
        """True where the log holds what was witnessed, and nothing was changed under an epoch after the backup's.

        INVARIANT: what isn't known doesn't agree.
        """
        if self.witness is None or self.witness.epoch is None or self.unreachable:
            return False
        return self.holds and self.quarantine.epoch >= self.witness.epoch


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was compared; `epoch` is the one that holds now where the quarantine was lifted.

    `log_fault`: the log isn't sound, so nothing was lifted. `kept_witness`: where the old witness lies.
    """

    found: Reconciliation | None
    lifted: bool = False
    epoch: int = 0
    log_fault: LogFault | None = None
    kept_witness: Path | None = None


@dataclass(frozen=True, slots=True)
class ReconcileOrder:
    """Which portal, with which audit keys, witness file, and witnesses in folders and at URLs.

    `acceptance` only where people accept a loss.
    """

    store: PortalStore
    audit_keys: SigningKeys
    audit_public_pem: bytes
    witness: Path
    now: datetime
    witnesses: Sequence[str] = ()
    acceptance: Acceptance | None = None


def reconcile(order: ReconcileOrder) -> Reconciled:
    """Lift the quarantine if the log agrees with the witness, or two people accept what is missing.

    Raises: PolicyUnavailable for content that isn't whole, ConfigurationError while a load runs.
    """
    engine = open_sync_database(order.store.database_url)
    try:
        with hold_writer_lock(order.store.database_url):
            log = verify_log(order.store.database_url, order.audit_public_pem)
            # Before the transaction, which would make others wait for who doesn't answer; none is told in quarantine.
            attestation = ask_witnesses(order.witness, order.witnesses)
            with for_writing(engine).begin() as connection:
                content = read_content(connection, order.store.digest_secret)
                found = _compare(connection, content, attestation)
                if found is None or log.fault is not None or not (found.agrees or order.acceptance):
                    return Reconciled(found, log_fault=log.fault)
                kept = None if found.agrees else copy_witness_aside(order.witness, order.now)
                highest = max([content.epoch, *(one.epoch or 0 for one in attestation.checkpoints)])
                raised = replace(content.head, epoch=highest)
                epoch, checkpoint = _lift(connection, raised, found, order)
            store_witness(order.witness, checkpoint)
            return Reconciled(found, True, epoch, None, kept)
    finally:
        engine.dispose()


def _compare(connection: Connection, content: StoredContent, attestation: Attestation) -> Reconciliation | None:
    if content.quarantine is None:
        return None
    lacking = tuple(one for one in attestation.checkpoints if not _is_held(connection, one))
    witness = Attestation(lacking).newest or attestation.newest
    holds = witness is not None and not lacking
    return Reconciliation(content.quarantine, witness, holds, content.epoch, attestation.unreachable)


def _is_held(connection: Connection, witnessed: WitnessedCheckpoint) -> bool:
    held = find_checkpoint(connection, witnessed.number)
    return held is not None and held.hash.hex() == witnessed.hash


def _lift(
    connection: Connection, present: ContentHead, found: Reconciliation, order: ReconcileOrder
) -> tuple[int, Checkpoint]:
    """Lift the quarantine, in one transaction with the checkpoint that says so; return the epoch and it.

    INVARIANT: the content's epoch is above every witnessed one, so none names two states.
    """
    loss = None if found.agrees or order.acceptance is None else _loss(found, order.acceptance)
    note = ChangeNote(render_instant(order.now), *_by_and_reason(loss))
    head = change_quarantine(connection, present, None, note, order.store.digest_secret)
    return head.epoch, append_checkpoint(connection, order.audit_keys, order.now, loss)


def _loss(found: Reconciliation, acceptance: Acceptance) -> Loss:
    witness = found.witness or WitnessedCheckpoint(0, "")
    # What the log holds isn't lost; then it is epochs alone that are, and the next checkpoint is the next.
    return Loss(
        number=witness.number,
        hash=witness.hash,
        since=found.quarantine.checkpoint,
        epochs=(found.quarantine.epoch, witness.epoch),
        accepted_by=acceptance.people,
        reason=acceptance.reason,
    )


def _by_and_reason(loss: Loss | None) -> tuple[str, str]:
    if loss is None:
        return "", "quarantine lifted: the log agrees with the last witnessed checkpoint"
    until = f"checkpoint {loss.number}" if loss.number else "no witness"
    return " + ".join(
        loss.accepted_by
    ), f"quarantine lifted, lost since checkpoint {loss.since} ({until}): {loss.reason}"
