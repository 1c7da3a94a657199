"""Emergency freezes (T84): each is a restriction without scope, condition or end, so nothing else decides about it."""

from dataclasses import dataclass
from enum import StrEnum

from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.storage.content import ContentRow
from portal.vocabulary import EntryCode, ItemIdentifier, PolicyId

FREEZE_PREFIX = "freeze:"
"""How ids of freezes begin; the id of a record can hold no colon, so no record has such a one."""


class FreezeTarget(StrEnum):
    """What can be frozen. A department's or application's freeze is of all that it may read."""

    ITEM = "item"
    ENTRY = "entry"
    DEPARTMENT = "department"
    APPLICATION = "application"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Frozen:
    """What is frozen: `target` is the code of an entry or department, or the id of an application; else empty."""

    kind: FreezeTarget
    target: str = ""
    item: ItemIdentifier | None = None

    def __str__(self) -> str:
        """Return it as a person writes it: `item:303001001/00001#name`, `department:CODE`, `everything`."""
        item = "" if self.item is None else f"#{self.item}"
        return f"{self.kind}:{self.target}{item}" if self.target else str(self.kind)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze that holds. `frozen_at` is an instant as tables hold it, `frozen_by` a person."""

    id: PolicyId
    frozen: Frozen
    reason: str
    frozen_by: str
    frozen_at: str

    def record_on(self, code: EntryCode) -> PolicyRecord | None:
        """Return the restriction that this is on an entry, None where it is about other ones."""
        kind, target = self.frozen.kind, self.frozen.target
        if kind in (FreezeTarget.ITEM, FreezeTarget.ENTRY) and target != code:
            return None
        return PolicyRecord(
            id=self.id,
            effect=Effect.DENY,
            kind=PolicyKind.RESTRICTION,
            consumer=_consumer(self.frozen),
            resource=code,
            items=ANY if self.frozen.item is None else (self.frozen.item,),
            purposes=ANY,
            modes=ANY,
            basis=self.reason,
        )


def _consumer(frozen: Frozen) -> Consumer:
    """Return whom the restriction names: everyone, unless one department or application is frozen."""
    if frozen.kind is FreezeTarget.DEPARTMENT:
        return Consumer(ConsumerKind.DEPARTMENT, frozen.target)
    if frozen.kind is FreezeTarget.APPLICATION:
        return Consumer(ConsumerKind.APPLICATION, frozen.target)
    return Consumer(ConsumerKind.PUBLIC)


def store_freeze(freeze: Freeze) -> ContentRow:
    """Return the row of a freeze."""
    return ContentRow(
        {
            "target_kind": freeze.frozen.kind.value,
            "target": freeze.frozen.target,
            "item": freeze.frozen.item,
            "reason": freeze.reason,
            "frozen_by": freeze.frozen_by,
            "frozen_at": freeze.frozen_at,
        },
        {},
    )


def load_freeze(name: str, row: ContentRow) -> Freeze:
    """Return the freeze of a row. Raises: ValueError for a target that is none."""
    item = row.optional_text("item")
    return Freeze(
        PolicyId(name),
        Frozen(
            FreezeTarget(row.text("target_kind")), row.text("target"), None if item is None else ItemIdentifier(item)
        ),
        row.text("reason"),
        row.text("frozen_by"),
        row.text("frozen_at"),
    )
