"""What a check finds in a change: its kind, how bad it is, which records and items, what it is and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum

from portal.errors import Text
from portal.vocabulary import EntryCode, ItemIdentifier, PolicyId


class Severity(StrEnum):
    """How bad a finding is: a fault is to be mended, a warning to be looked at, a remark to be known."""

    FAULT = "fault"
    WARNING = "warning"
    REMARK = "remark"


class FindingKind(StrEnum):
    """What was found."""

    UNREGISTERED = "unregistered"
    """It names a department, group, application or purpose that nobody knows."""
    NAMES_NOBODY = "names_nobody"
    """Nobody who is registered is meant: a group without members, applications of other departments."""
    BACKWARDS = "backwards"
    """It ends before it begins."""
    PERIOD_OVER = "period_over"
    """It ended before now."""
    NO_ITEM = "no_item"
    """The catalog lets it stand on no item."""
    NOT_PUBLISHED = "not_published"
    """The entry permits nothing but to its provider."""
    NO_SUCH_MATTER = "no_such_matter"
    """No application that it names is registered for one of its matters."""
    CONDITION_NEVER = "condition_never"
    """Its condition can't be met."""
    SCOPE_NEVER = "scope_never"
    """No row can lie in its scope."""
    SCOPE_EMPTY = "scope_empty"
    """No row lies in its scope today."""
    MODE_NOT_OFFERED = "mode_not_offered"
    """The entry isn't offered in any of its modes."""
    OPPOSITE = "opposite"
    """An equal record has the opposite effect."""
    TAKEN_AWAY = "taken_away"
    """A restriction takes away all that it allows."""
    SHADOWED = "shadowed"
    """Another record covers everything that it does."""
    OVERLAPPING = "overlapping"
    """Another record covers part of what it does, on other terms."""
    GAP = "gap"
    """Between it and the agreement that follows nothing is in force."""


NEVER_APPLIES = frozenset(
    {
        FindingKind.NAMES_NOBODY,
        FindingKind.BACKWARDS,
        FindingKind.PERIOD_OVER,
        FindingKind.NO_ITEM,
        FindingKind.NOT_PUBLISHED,
        FindingKind.NO_SUCH_MATTER,
        FindingKind.CONDITION_NEVER,
        FindingKind.SCOPE_NEVER,
    }
)
"""INVARIANT: a record with a finding of these kinds changes no decision on any cell, from now on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. The first of `records` is the one that it is about, a second the one it is held against."""

    kind: FindingKind
    severity: Severity
    entry: EntryCode
    records: tuple[PolicyId, ...]
    items: tuple[ItemIdentifier, ...]
    what: Text
    mend: Text
