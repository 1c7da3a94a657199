"""Policy records as typed values (enforcement.md §2)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from portal.conditions.tree import TRUE, Condition
from portal.vocabulary import ApplicationId, EntryCode, ItemIdentifier, Matter, Mode, PolicyId, Purpose


class Effect(StrEnum):
    """What an applying record does."""

    ALLOW = "allow"
    DENY = "deny"


class PolicyKind(StrEnum):
    """What a record rests on; `restriction` denies, the others allow."""

    PROVIDER = "provider"
    UNCONDITIONAL = "unconditional"
    AGREEMENT = "agreement"
    STATUTORY = "statutory"
    OPEN_DATA = "open_data"
    RESTRICTION = "restriction"


class ConsumerKind(StrEnum):
    """Form of a record's consumer."""

    DEPARTMENT = "department"
    GROUP = "group"
    APPLICATION = "application"
    ANY_DEPARTMENT = "any_department"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Consumer:
    """Whom a record names; `code` is empty for `any_department` and `public`."""

    kind: ConsumerKind
    code: str = ""

    def __str__(self) -> str:
        """Return the consumer as records write it: `department:CODE`."""
        return f"{self.kind}:{self.code}" if self.code else str(self.kind)


class Any(StrEnum):
    """`["*"]` in a record: every item, purpose or mode."""

    ANY = "*"


ANY = Any.ANY


class MaskKind(StrEnum):
    """Kinds of masks, weakest first."""

    PARTIAL = "partial"
    GENERALISE = "generalise"
    HASH = "hash"
    FULL = "full"


class Period(StrEnum):
    """Periods that a date can be generalised to."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class PartialMask:
    """The first `head` and last `tail` characters stay, each other becomes `*`."""

    head: int
    tail: int
    kind: MaskKind = MaskKind.PARTIAL


@dataclass(frozen=True, slots=True)
class GeneraliseMask:
    """A date becomes the first of its period; a number the next lower multiple of `to`."""

    to: Period | Decimal
    kind: MaskKind = MaskKind.GENERALISE


@dataclass(frozen=True, slots=True)
class HashMask:
    """A string becomes 32 hex digits, equal for equal values of one department."""

    kind: MaskKind = MaskKind.HASH


@dataclass(frozen=True, slots=True)
class FullMask:
    """Null."""

    kind: MaskKind = MaskKind.FULL


Mask = PartialMask | GeneraliseMask | HashMask | FullMask


@dataclass(frozen=True, slots=True)
class Obligations:
    """What an allow asks of the answer. `masks` are pairs, in the order of the items; limits count rows."""

    masks: tuple[tuple[ItemIdentifier, Mask], ...] = ()
    max_rows: int | None = None
    daily_rows: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """One policy record. `scope` is None where every row is covered: any object but `{}` is a scope.

    `version` counts the changes of the record of this id, from 1. `matters` and `applications` empty: any.
    """

    id: PolicyId
    effect: Effect
    kind: PolicyKind
    consumer: Consumer
    resource: EntryCode
    items: tuple[ItemIdentifier, ...] | Any
    purposes: tuple[Purpose, ...] | Any
    modes: tuple[Mode, ...] | Any
    matters: tuple[Matter, ...] = ()
    applications: tuple[ApplicationId, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    condition: Condition = TRUE
    scope: Condition | None = None
    obligations: Obligations = field(default_factory=Obligations)
    basis: str | None = None
    version: int = 1
