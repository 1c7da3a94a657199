"""What a decision is: `Permit` with the rows, masks and limits it holds for, or `Deny` with the reason of each item."""

from dataclasses import dataclass
from datetime import datetime

from portal.conditions.tree import Condition
from portal.errors import ErrorCode
from portal.policies.records import Mask, PolicyRecord
from portal.vocabulary import EntryCode, ItemIdentifier


@dataclass(frozen=True, slots=True)
class Use:
    """The items of an entry that a request uses, in its order; `compared` are those it filters or orders by."""

    entry: EntryCode
    items: tuple[ItemIdentifier, ...]
    compared: frozenset[ItemIdentifier] = frozenset()


@dataclass(frozen=True, slots=True)
class ItemGrant:
    """The records that could apply to an item, scopes left aside, by id."""

    item: ItemIdentifier
    allows: tuple[PolicyRecord, ...]
    denies: tuple[PolicyRecord, ...]


@dataclass(frozen=True, slots=True)
class MaskChoice:
    """The masks that may lie on an item, weakest first, each with the rows it holds for; the first that holds counts.

    `None` as a mask shows the value. Where none holds the row isn't returned.
    """

    item: ItemIdentifier
    options: tuple[tuple[Mask | None, Condition], ...]


Limits = tuple[tuple[ItemIdentifier, int], ...]
"""Rows allowed, for each used item that has a limit, in the entry's order."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Read allowed, for the rows that satisfy `row_condition`; subject attributes are put in their places.

    `records` are the allows that could apply to a used item, by id, and `restrictions` the denies that take rows away;
    `valid_until` is the earliest end among the allows.
    """

    row_condition: Condition
    records: tuple[PolicyRecord, ...]
    valid_until: datetime | None
    restrictions: tuple[PolicyRecord, ...] = ()
    masks: tuple[MaskChoice, ...] = ()
    max_rows: Limits = ()
    daily_rows: Limits = ()


@dataclass(frozen=True, slots=True)
class Deny:
    """Read refused before anything is read: the code of each refused item, in the entry's order."""

    reasons: tuple[tuple[ItemIdentifier, ErrorCode], ...]

    @property
    def code(self) -> ErrorCode:
        """The code that the answer names: that of the first refused item."""
        return self.reasons[0][1]

    @property
    def items(self) -> tuple[ItemIdentifier, ...]:
        """The refused items."""
        return tuple(item for item, _ in self.reasons)


Decision = Permit | Deny
