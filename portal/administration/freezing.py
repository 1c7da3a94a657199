"""The emergency freeze: one act of one person, in force at once; two people lift it, by a change set (T84)."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from sqlalchemy import Connection, func, select

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Deed, Person, act_record, permit
from portal.administration.database import ContentDatabase
from portal.audit.recorder import Recorder
from portal.audit.records import Act
from portal.conditions.values import render_instant
from portal.errors import BadInput, Conflict, Text
from portal.policies.duties import Duties, Operation
from portal.policies.freezes import FREEZE_PREFIX, Freeze, FreezeTarget, Frozen, store_freeze
from portal.policies.information_point import PortalContent
from portal.policies.snapshot import Snapshot
from portal.storage.content import ContentHead, StoredContent, read_content
from portal.storage.content_changes import (
    ChangeNote,
    ContentChanged,
    WantedContent,
    compare_content,
    store_change,
)
from portal.storage.tables import CONTENT_TABLES, freezes
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode, ItemIdentifier, PolicyId


def parse_frozen(text: str) -> Frozen:
    """Return what is to be frozen, as a person writes it, such as `entry:CODE`. Raises: BadInput."""
    kind, colon, target = text.partition(":")
    code, mark, item = target.partition("#")
    for known in FreezeTarget:
        if kind != known.value:
            continue
        is_item, is_all = known is FreezeTarget.ITEM, known is FreezeTarget.EVERYTHING
        if is_all == (not colon) and is_item == bool(mark and item) and (is_all or code) and (is_item or not mark):
            return Frozen(known, code, ItemIdentifier(item) if is_item else None)
    raise BadInput(
        Text(
            en=f"`{text}` says nothing that can be frozen; write `item:CODE#ITEM`, `entry:CODE`, `department:CODE`, "
            "`application:ID` or `everything`",
            zh=f"`{text}` 不是可冻结的对象；请写成 `item:代码#信息项`、`entry:代码`、`department:代码`、"
            "`application:编号` 或 `everything`",
        )
    )


@dataclass(frozen=True)
class FreezeDesk:
    """Freezes at once."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties

    async def permit(self, person: Person, frozen: Frozen) -> None:
        """Let a person freeze whose duty it is. Raises: Forbidden, AuditUnavailable."""
        await permit(self, person, Operation.FREEZE, str(frozen))

    async def freeze(self, person: Person, frozen: Frozen, reason: str) -> Freeze:
        """Freeze it and return the freeze. That a second factor was shown for it is the caller's to see.

        It is in force before its record is written: a log that fails doesn't keep anything open.
        Raises: Forbidden, BadInput, AuditUnavailable.
        """
        await self.permit(person, frozen)
        if not reason.strip():
            raise BadInput(Text(en="say why it is frozen", zh="请说明冻结的理由"))
        content = (await self.keeper.current()).snapshot
        _check_known(frozen, content)
        freeze = Freeze(PolicyId(""), frozen, reason, person.id, render_instant(self.keeper.now()))
        made = await self._store(content.content, freeze)
        deed = Deed(Act.FROZEN, str(frozen), {"freeze": made.id, "reason": reason})
        await self.recorder.record_act(act_record(person, deed, self.keeper.now()))
        return made

    async def _store(self, present: PortalContent, freeze: Freeze) -> Freeze:
        """Write the freeze upon the content that holds, whoever changes it meanwhile."""
        if present.head is not None:
            write = partial(self._write, head=present.head, freeze=freeze)
            with suppress(ContentChanged):
                return await self.database.write(write)
        # Somebody was faster; an epoch alone doesn't tell: a bundle may adopt records without one.
        return await self.database.write(
            lambda connection: self._write(connection, self._read_head(connection), freeze)
        )

    def _read_head(self, connection: Connection) -> ContentHead:
        return read_content(connection, self.keeper.ring.keys.digest_secret).head

    def _write(self, connection: Connection, head: ContentHead, freeze: Freeze) -> Freeze:
        """Write the freeze into the content that holds; nobody who loads is waited for, and nothing of it is read.

        INVARIANT: the writer's lock isn't taken: a load that holds it finds that the content has changed, and fails.
        """
        made = replace(freeze, id=PolicyId(f"{FREEZE_PREFIX}{_next_number(connection)}"))
        present = StoredContent(head, {content.table.name: {} for content in CONTENT_TABLES})
        wanted = WantedContent(head.identity, {freezes.name: {made.id: store_freeze(made)}})
        note = ChangeNote(made.frozen_at, made.frozen_by, f"frozen: {made.reason}")
        store_change(connection, compare_content(present, wanted), note, self.keeper.ring.keys.digest_secret)
        return made


def _next_number(connection: Connection) -> int:
    return 1 + (connection.scalar(select(func.count(func.distinct(freezes.c.id)))) or 0)


def _check_known(frozen: Frozen, snapshot: Snapshot) -> None:
    """Raise BadInput where nobody has such a thing, and Conflict where it is frozen already."""
    if not is_known(frozen, snapshot):
        raise BadInput(Text(en=f"there is no `{frozen}`; nothing was frozen", zh=f"没有 `{frozen}`；未冻结任何内容"))
    if any(one.frozen == frozen for one in snapshot.content.freezes):
        raise Conflict(Text(en=f"`{frozen}` is frozen already", zh=f"`{frozen}` 已被冻结"))


def is_known(frozen: Frozen, snapshot: Snapshot) -> bool:
    """Return whether there is such a thing to freeze in the content that holds."""
    match frozen.kind:
        case FreezeTarget.ITEM | FreezeTarget.ENTRY:
            state = snapshot.state_by_code.get(EntryCode(frozen.target))
            return state is not None and (frozen.item is None or state.entry.item(frozen.item) is not None)
        case FreezeTarget.DEPARTMENT:
            return DepartmentCode(frozen.target) in snapshot.registry.departments
        case FreezeTarget.APPLICATION:
            return ApplicationId(frozen.target) in snapshot.registry.applications
        case FreezeTarget.EVERYTHING:
            return True
    assert_never(frozen.kind)
