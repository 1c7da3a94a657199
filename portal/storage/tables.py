"""The portal's content as tables: who is registered, the catalog, policies, agreements, and where shared data lie.

Versioned tables keep what they held: a row that changes is withdrawn and its successor has the next version. A row is
active while `withdrawn_in` is null; of a key at most one is. Rows of a child table belong to one version of a parent.

Instants are text, `2026-01-31T08:00:00Z`, always UTC and always 20 characters: they sort as they compare, read the
same in every database and every tool, and no driver turns them into something else. Booleans are 0 and 1, likewise.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    and_,
    column,
    or_,
)
from sqlalchemy.schema import SchemaItem

from portal.conditions.tree import ValueType
from portal.storage.metadata import metadata
from portal.vocabulary import EXCLUSIVE_ROLES, NetworkZone, Role, ShareClass

ENTRY_KINDS = ("basic", "theme", "department")
ENTRY_STATUSES = ("draft", "registered", "reviewed", "confirmed", "published", "revised", "withdrawn")
FORMAT_CATEGORIES = ("file", "spreadsheet", "database", "image", "stream", "self_described", "service")
UPDATE_CYCLES = ("realtime", "daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly", "irregular", "other")
ITEM_TYPES = tuple(kind.value for kind in ValueType if kind not in (ValueType.TEXT_LIST, ValueType.ADDRESS))
EFFECTS = ("allow", "deny")
POLICY_KINDS = ("provider", "unconditional", "agreement", "statutory", "open_data", "restriction")
CONSUMER_KINDS = ("department", "group", "application", "any_department", "public")
ORIGINS = ("bundle", "agreement", "derived")
"""Where a policy record comes from: written in `policies/`, given by an agreement, or derived from the catalog."""
FREEZE_TARGETS = ("item", "entry", "department", "application", "everything")
VERDICTS = ("never", "able")
DEPARTMENT_STATUSES = ("active", "merged", "split", "renamed", "dissolved")
APPLICATION_STATUSES = ("registered", "recognised", "approved", "disabled")
USER_STATUSES = ("active", "disabled")


@dataclass(frozen=True, slots=True)
class ContentTable:
    """A versioned table and its child tables. `key` is the name of the column that tells its rows apart."""

    table: Table
    key: str
    children: tuple[Table, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that hold content, without those that say which row and version it is."""
        own = (self.key, "version", "added_in", "withdrawn_in")
        return tuple(column.name for column in self.table.columns if column.name not in own)


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


def _number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=optional)


def _choice(name: str, choices: Iterable[str], *, optional: bool = False) -> tuple[SchemaItem, ...]:
    values = _text(name, optional=optional)
    return values, CheckConstraint(values.in_(list(choices)), name=name)


def _flag(name: str) -> tuple[SchemaItem, ...]:
    values = _number(name)
    return values, CheckConstraint(values.in_([0, 1]), name=name)


def _range(name: str, low: int, high: int, *, optional: bool = False) -> tuple[SchemaItem, ...]:
    values = _number(name, optional=optional)
    return values, CheckConstraint(values.between(low, high), name=name)


def _versioned(name: str, key: str, *content: SchemaItem) -> Table:
    version = _number("version")
    withdrawn: Column[int | None] = Column("withdrawn_in", ForeignKey("changes.id"), nullable=True)
    return Table(
        name,
        metadata,
        _text(key),
        version,
        *content,
        Column("added_in", ForeignKey("changes.id"), nullable=False),
        withdrawn,
        PrimaryKeyConstraint(key, "version"),
        CheckConstraint(version >= 1, name="version"),
        Index(
            f"uq_{name}_active",
            key,
            unique=True,
            sqlite_where=withdrawn.is_(None),
            postgresql_where=withdrawn.is_(None),
        ),
        sqlite_strict=True,
    )


def _child(name: str, parent: str, parent_key: str, key: str, *content: SchemaItem) -> Table:
    position = _number("position")
    return Table(
        name,
        metadata,
        _text(key),
        _number("version"),
        position,
        *content,
        PrimaryKeyConstraint(key, "version", "position"),
        ForeignKeyConstraint([key, "version"], [f"{parent}.{parent_key}", f"{parent}.version"]),
        CheckConstraint(position >= 0, name="position"),
        sqlite_strict=True,
    )


def _single(name: str, *content: SchemaItem) -> Table:
    identity = Column("id", Integer, primary_key=True)
    return Table(name, metadata, identity, *content, CheckConstraint(identity == 1, name="one_row"), sqlite_strict=True)


changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("made_at"),
    _text("made_by"),
    _text("reason"),
    _number("epoch"),
    _text("summary"),  # JSON: by table, the keys that are new, changed and withdrawn
    sqlite_strict=True,
    sqlite_autoincrement=True,  # the number of a change is never given again
)
"""One row a load that changed something."""

portal = _single(
    "portal",
    _text("portal_id"),
    _text("key_fingerprint"),
    _text("profile"),
    _text("title"),
    _text("key_set", optional=True),
)
"""Which portal this is, and which key file is its own."""

compatibility = _single("compatibility", _text("revision"), _text("readable_from"))
"""The revision that this row speaks of, and the oldest revision whose program may work with it."""

epoch = _single("epoch", _number("value"), _text("digest"))
"""The number of the content's state and the keyed digest of that state. No row: nothing was loaded yet."""

quarantine = _single(
    "quarantine",
    _text("restored_at"),
    _text("made_at"),
    _number("epoch"),
    _number("checkpoint"),
    _text("checkpoint_hash"),
    _text("reason"),
)
"""The backup that the portal was restored from, until its log agrees with the last witnessed checkpoint."""

departments = _versioned("departments", "code", _text("name"), _text("region", optional=True))
department_groups = _child("department_groups", "departments", "code", "department", _text("group"))

groups = _versioned("groups", "code", _text("name"))

applications = _versioned(
    "applications",
    "id",
    _text("name"),
    _text("department"),
    *_range("auth_level", 0, 3, optional=True),
    *_choice("network_zone", NetworkZone, optional=True),
    _text("public_key", optional=True),
)
application_matters = _child("application_matters", "applications", "id", "application", _text("matter"))

users = _versioned(
    "users",
    "id",
    _text("name"),
    _text("department"),
    *_range("auth_level", 0, 3, optional=True),
    *_choice("network_zone", NetworkZone, optional=True),
)
user_roles = _child(
    "user_roles",
    "users",
    "id",
    "user",
    *_choice("role", Role),
    # Of the three administrators nobody is two (T29): the database refuses it, whoever writes.
    Index(
        "uq_user_roles_administrator",
        "user",
        "version",
        unique=True,
        sqlite_where=column("role", Text).in_(EXCLUSIVE_ROLES),
        postgresql_where=column("role", Text).in_(EXCLUSIVE_ROLES),
    ),
)

department_standing = _versioned(
    "department_standing",
    "code",
    _text("parent", optional=True),
    *_choice("status", DEPARTMENT_STATUSES),
    _text("successors"),  # JSON: codes, each with the policies and entries that follow it; of a merger or renaming one
    _text("since", optional=True),
)
"""What a portal knows of a department beside a bundle's columns: its place in the tree, and what became of it."""

application_standing = _versioned(
    "application_standing",
    "id",
    *_choice("status", APPLICATION_STATUSES),
    _text("contact", optional=True),
    _text("recognised_by", optional=True),
    _text("approved_by", optional=True),
    _text("since", optional=True),
)
"""How far an application's registration came (FJ-35); one without a row was approved when it was loaded."""

user_standing = _versioned(
    "user_standing",
    "id",
    *_choice("status", USER_STATUSES),
    _text("filed_on", optional=True),
    _text("filing", optional=True),
    _text("since", optional=True),
)
"""Whether an account is disabled, and when an information manager was filed with the authority (NT-28)."""

key_files = _versioned("key_files", "path", Column("content", LargeBinary, nullable=False))

catalog_entries = _versioned(
    "catalog_entries",
    "code",
    _text("identifier"),
    _text("name"),
    _text("provider"),
    _text("provider_unit", optional=True),
    _text("abstract"),
    _text("keywords"),  # JSON, as every list that is never looked into by a query
    _text("classification"),
    *_choice("format_category", FORMAT_CATEGORIES),
    _text("format_type"),
    *_choice("kind", ENTRY_KINDS),
    _text("grade", optional=True),
    *_choice("share_class", ShareClass),
    _text("share_condition", optional=True),
    _text("share_modes"),
    _text("use_requirements", optional=True),
    _text("legal_basis", optional=True),
    *_flag("open"),
    _text("open_condition", optional=True),
    *_choice("update_cycle", UPDATE_CYCLES),
    _text("published_on", optional=True),
    _text("service_window", optional=True),
    _text("handler", optional=True),
    _text("related"),
    _text("key"),
    _text("extensions"),
    *_choice("status", ENTRY_STATUSES),
    *_flag("removed"),  # no longer in the bundle; its provider may still read it
)
information_items = _child(
    "information_items",
    "catalog_entries",
    "code",
    "entry",
    _text("identifier"),
    _text("name"),
    *_choice("type", ITEM_TYPES),
    _number("length", optional=True),
    *_range("scale", 0, 9, optional=True),
    *_choice("share_class", ShareClass),
    *_flag("open"),
    *_range("sensitivity", 1, 4),
    _text("description", optional=True),
    _text("share_condition", optional=True),
    _text("legal_basis", optional=True),
    UniqueConstraint("entry", "version", "identifier"),
)
links = _child(
    "links",
    "catalog_entries",
    "code",
    "entry",
    _text("identifier"),
    _text("items"),
    _text("target"),
    _text("target_items"),
    *_flag("many"),
    UniqueConstraint("entry", "version", "identifier"),
)

policy_records = _versioned(
    "policy_records",
    "id",
    *_choice("effect", EFFECTS),
    *_choice("kind", POLICY_KINDS),
    *_choice("consumer_kind", CONSUMER_KINDS),
    _text("consumer_code"),
    _text("resource"),
    _text("items"),
    _text("purposes"),
    _text("modes"),
    _text("matters"),
    _text("applications"),
    _text("valid_from", optional=True),
    _text("valid_until", optional=True),
    _text("condition"),
    _text("scope"),
    _text("obligations"),
    _text("basis", optional=True),
    *_choice("origin", ORIGINS),
    # A restriction denies and every other kind allows: an effect or a kind alone can't be turned round.
    CheckConstraint(
        or_(
            and_(column("effect") == "deny", column("kind") == "restriction"),
            and_(column("effect") == "allow", column("kind") != "restriction"),
        ),
        name="effect_of_kind",
    ),
)

agreements = _versioned(
    "agreements",
    "id",
    _number("agreement_version"),
    _text("consumer"),
    _text("provider"),
    _text("authority"),
    _text("document"),  # the signed file's JSON, compact, its members in the order written
)

datasets = _versioned(
    "datasets",
    "entry",
    _text("table_name"),
    _number("row_count"),
    _text("digest"),
    _text("layout"),  # JSON: columns, key and indexes that the table was made with
    UniqueConstraint("table_name"),
)
"""Where each entry's rows lie in the data store."""

freezes = _versioned(
    "freezes",
    "id",
    *_choice("target_kind", FREEZE_TARGETS),
    _text("target"),  # code of the entry or department, id of the application; empty for everything
    _text("item", optional=True),
    _text("reason"),
    _text("frozen_by"),
    _text("frozen_at"),
)
"""Emergency freezes that hold (T84); each denies as a restriction without scope or end."""

expectations = _versioned("expectations", "id", *_choice("verdict", VERDICTS), _text("document"), _text("reason"))
"""What must stay so whatever is changed: who must never read what, and who must be able to."""

CONTENT_TABLES = (
    ContentTable(groups, "code"),
    ContentTable(departments, "code", (department_groups,)),
    ContentTable(applications, "id", (application_matters,)),
    ContentTable(users, "id", (user_roles,)),
    ContentTable(key_files, "path"),
    ContentTable(catalog_entries, "code", (information_items, links)),
    ContentTable(policy_records, "id"),
    ContentTable(agreements, "id"),
    ContentTable(datasets, "entry"),
    ContentTable(department_standing, "code"),
    ContentTable(application_standing, "id"),
    ContentTable(user_standing, "id"),
    ContentTable(freezes, "id"),
    ContentTable(expectations, "id"),
)
