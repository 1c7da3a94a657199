"""A world: all that a bundle says, as frozen values in memory, with the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from tests.oracle.conditions import ALWAYS, ConditionTree, ItemType
from tests.oracle.masks import Mask

PURPOSES = ("administrative_basis", "work_reference", "verification", "business_collaboration")
MODES = ("query", "exchange", "service", "processing")
ANY = ("*",)
"""What a record names when it names every purpose, mode or item."""


class ShareClass(IntEnum):
    """How an entry or item is shared; the greater is the stricter."""

    UNCONDITIONAL = 0
    CONDITIONAL = 1
    NOT_SHARED = 2


class Kind(StrEnum):
    """The kinds of policy record."""

    PROVIDER = "provider"
    UNCONDITIONAL = "unconditional"
    AGREEMENT = "agreement"
    STATUTORY = "statutory"
    OPEN_DATA = "open_data"
    RESTRICTION = "restriction"


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON cell, as its text stands in the file."""

    text: str


Cell = str | int | Decimal | bool | date | datetime | JsonText | None
"""A value of a row; datetimes are aware, decimals have exactly the item's scale."""


@dataclass(frozen=True, slots=True)
class Item:
    """An information item of an entry."""

    identifier: str
    type: ItemType
    share_class: ShareClass = ShareClass.UNCONDITIONAL
    open: bool = False
    sensitivity: int = 1
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number, which grows with the lines in `data/` and stays with the row, and its cells."""

    number: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an entry: its items are joined with the target's, pair by pair."""

    identifier: str
    items: tuple[str, ...]
    target: str
    target_items: tuple[str, ...]
    many: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A catalog entry with its rows."""

    code: str
    identifier: str
    provider: str
    items: tuple[Item, ...]
    key: tuple[str, ...]
    share_class: ShareClass = ShareClass.UNCONDITIONAL
    open: bool = False
    share_modes: tuple[str, ...] = ("query",)
    status: str = "published"
    rows: tuple[Row, ...] = ()
    links: tuple[Link, ...] = ()

    def item(self, identifier: str) -> Item | None:
        """The item of that identifier, or None."""
        return next((item for item in self.items if item.identifier == identifier), None)


@dataclass(frozen=True, slots=True)
class Department:
    """A department; `region` None where the register leaves it empty."""

    code: str
    name: str
    region: str | None
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application."""

    id: str
    department: str
    matters: tuple[str, ...] = ()
    auth_level: int | None = None
    network_zone: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A registered user."""

    id: str
    department: str
    roles: tuple[str, ...] = ()
    auth_level: int | None = None
    network_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A policy record; `scope` without members means no scope."""

    id: str
    kind: Kind
    consumer: str
    resource: str
    items: tuple[str, ...] = ANY
    purposes: tuple[str, ...] = ANY
    matters: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    modes: tuple[str, ...] = ANY
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    condition: ConditionTree = ALWAYS
    scope: ConditionTree = ALWAYS
    masks: Mapping[str, Mask] = field(default_factory=dict)
    max_rows: int | None = None
    daily_rows: int | None = None

    @property
    def allows(self) -> bool:
        """Whether the effect is `allow`."""
        return self.kind is not Kind.RESTRICTION

    @property
    def scoped(self) -> bool:
        """Whether the record has a scope, be it one that is always true."""
        return bool(self.scope.members)


@dataclass(frozen=True, slots=True)
class World:
    """All that a bundle says. `records` are those that lie in `policies/`; `derive` is false for `--no-derive`.

    `derived_before` are the derived records that the portal had when it loaded the bundle, None if it was empty.
    """

    seed: int
    departments: tuple[Department, ...]
    groups: tuple[str, ...]
    applications: tuple[Application, ...]
    users: tuple[User, ...]
    entries: tuple[Entry, ...]
    records: tuple[Record, ...]
    derive: bool = True
    derived_before: tuple[Record, ...] | None = None

    @property
    def linked(self) -> bool:
        """Whether any entry has a link."""
        return any(entry.links for entry in self.entries)

    def entry(self, identifier: str) -> Entry | None:
        """The entry of that identifier, or None."""
        return next((entry for entry in self.entries if entry.identifier == identifier), None)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an application, a user, or the public where both are None; with what its token claims."""

    application: str | None = None
    user: str | None = None
    claimed_level: int | None = None
    claimed_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The attributes of who asks, each None or empty where missing."""

    department: str | None = None
    groups: tuple[str, ...] = ()
    application: str | None = None
    user: str | None = None
    roles: tuple[str, ...] = ()
    region: str | None = None
    auth_level: int | None = 0
    network_zone: str | None = "internet"
    registered_matters: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether this is the subject without department."""
        return self.department is None

    @property
    def identity(self) -> str:
        """What cursors and daily counts are bound to."""
        if self.application is not None:
            return f"application:{self.application}"
        return f"user:{self.user}" if self.user is not None else "public"


def subject_of(world: World, caller: Caller) -> Subject:
    """The subject behind a caller: the register's attributes, level and zone as claimed where they are."""
    holder: Application | User | None = None
    matters: tuple[str, ...] = ()
    if caller.application is not None:
        application = next(one for one in world.applications if one.id == caller.application)
        holder, matters = application, application.matters
    elif caller.user is not None:
        holder = next(one for one in world.users if one.id == caller.user)
    if holder is None:
        return Subject()
    department = next(one for one in world.departments if one.code == holder.department)
    return Subject(
        department=department.code,
        groups=department.groups,
        application=caller.application,
        user=caller.user,
        roles=holder.roles if isinstance(holder, User) else (),
        region=department.region,
        auth_level=holder.auth_level if caller.claimed_level is None else caller.claimed_level,
        network_zone=caller.claimed_zone or holder.network_zone,
        registered_matters=matters,
    )
