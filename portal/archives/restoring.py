"""Restoring a backup into empty databases: whole or not at all, and in quarantine."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection

from portal.archives.backup import Backup, check_backup, open_backup
from portal.archives.steps import CopyStep, Progress, no_progress
from portal.archives.writing import check_sums, open_target, release, write_table
from portal.bundles.store import PortalStore
from portal.conditions.values import render_instant
from portal.errors import ConfigurationError, Text
from portal.identity.keys import PortalKeys, load_keys, store_key_file
from portal.storage.content import ContentHead, read_content
from portal.storage.content_changes import ChangeNote, change_quarantine
from portal.storage.quarantine import Quarantine
from portal_verify.log import LogFault, verify_log

SKIPPED_EPOCHS = 999
"""So many epochs are left out in a restore: those that were lost name other states, which a server may have seen."""


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """From which file, with which key, into which databases; the portal's own key file is put where none is."""

    file: Path
    key: X25519PrivateKey
    database_url: str
    data_url: str
    key_file: Path
    now: datetime
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, the epoch that holds now, and what is wrong with the log that was restored, if anything."""

    backup: Backup
    epoch: int
    log_fault: LogFault | None


def restore(order: RestoreOrder, progress: Progress = no_progress) -> Restored:
    """Make the databases the portal of the backup, in quarantine.

    Raises: BadInput for a backup that isn't whole, before anything is written; ConfigurationError for databases that
    hold something or another portal's key file.
    """
    checked = check_backup(order.file, order.key, lambda rows: progress(CopyStep.CHECKING, rows))
    keys, standing = checked.keys, checked.standing
    _check_key_file(order.key_file, keys)
    store = PortalStore(order.database_url, order.data_url, keys.digest_secret)
    with open_target(store, standing) as databases:
        with open_backup(order.file, order.key) as reader:
            for table in standing.tables:
                write_table(databases, table, reader.texts(), lambda rows: progress(CopyStep.WRITING, rows))
            reader.finish()
        progress(CopyStep.WRITTEN, 0)
        check_sums(databases, standing.tables, checked.sums)
        log = verify_log(order.database_url, keys.audit_public_pem())
        progress(CopyStep.VERIFIED, 0)
        if not order.key_file.exists():
            store_key_file(order.key_file, checked.key_file)
        states: list[ContentHead] = []

        def sign(connection: Connection) -> None:
            states.append(_quarantine(connection, checked, order))
            progress(CopyStep.RELEASING, 0)

        release(store, databases, standing, sign)
        progress(CopyStep.RELEASED, 0)
    return Restored(checked, states[0].epoch, log.fault)


def _check_key_file(path: Path, keys: PortalKeys) -> None:
    """Refuse the key file of another portal, or another one of this portal, where the backup's own is to lie."""
    if path.exists() and secrets_of(load_keys(path)) != secrets_of(keys):
        raise ConfigurationError(
            Text(
                en=f"the key file `{path}` isn't the one of the backup; move it away, or name another place in "
                "`PORTAL_KEY_FILE`",
                zh=f"密钥文件 `{path}` 与备份中的不同；请将其移走，或在 `PORTAL_KEY_FILE` 中指定其他位置",
            )
        )


def secrets_of(keys: PortalKeys) -> tuple[bytes, ...]:
    """Return all secrets of a portal's keys, to be compared with those of others."""
    private = (keys.signing.private_bytes_raw(), keys.audit.private_bytes_raw())
    return (*private, keys.mask_secret, keys.cursor_secret, keys.digest_secret, keys.audit_secret)


def _quarantine(connection: Connection, backup: Backup, order: RestoreOrder) -> ContentHead:
    position, restored_at = backup.standing.position, render_instant(order.now)
    head = read_content(connection, backup.keys.digest_secret).head
    quarantine = Quarantine(
        restored_at=restored_at,
        made_at=backup.standing.made_at,
        epoch=position.epoch,
        checkpoint=position.checkpoint,
        checkpoint_hash=position.checkpoint_hash,
        reason=order.reason,
    )
    head = replace(head, epoch=head.epoch + SKIPPED_EPOCHS)
    note = ChangeNote(restored_at, order.by, f"restored from the backup of {backup.standing.made_at}; {order.reason}")
    return change_quarantine(connection, head, quarantine, note, backup.keys.digest_secret)
