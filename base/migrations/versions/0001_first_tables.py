"""The first tables: content with its versions, the epoch, and the audit.

Frozen: a later change of the tables is a revision of its own. Their meaning is told in `portal.storage`.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _create_changes()
    _create_registry()
    _create_catalog()
    _create_policies()
    _create_audit()
    _create_audit_counts()


def downgrade() -> None:
    """Refuse: before the first revision there is nothing to keep the content and the audit in."""
    raise NotImplementedError("revision 0001 can't be undone; to begin anew, name another database")


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=optional)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _identity(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=False)


def _choice(name: str, choices: str, *, optional: bool = False) -> tuple[SchemaItem, ...]:
    return _text(name, optional=optional), sa.CheckConstraint(sa.column(name).in_(choices.split()), name=name)


def _flag(name: str) -> tuple[SchemaItem, ...]:
    return _number(name), sa.CheckConstraint(sa.column(name).in_([0, 1]), name=name)


def _range(name: str, low: int, high: int, *, optional: bool = False) -> tuple[SchemaItem, ...]:
    return _number(name, optional=optional), sa.CheckConstraint(sa.column(name).between(low, high), name=name)


def _create_versioned(name: str, key: str, *content: SchemaItem) -> None:
    op.create_table(
        name,
        _text(key),
        _number("version"),
        *content,
        sa.Column("added_in", sa.Integer(), sa.ForeignKey("changes.id"), nullable=False),
        sa.Column("withdrawn_in", sa.Integer(), sa.ForeignKey("changes.id"), nullable=True),
        sa.PrimaryKeyConstraint(key, "version"),
        sa.CheckConstraint(sa.column("version") >= 1, name="version"),
        sqlite_strict=True,
    )
    active = sa.column("withdrawn_in").is_(None)
    op.create_index(f"uq_{name}_active", name, [key], unique=True, sqlite_where=active, postgresql_where=active)


def _create_child(name: str, parent: str, keys: tuple[str, str], *content: SchemaItem) -> None:
    parent_key, key = keys
    op.create_table(
        name,
        _text(key),
        _number("version"),
        _number("position"),
        *content,
        sa.PrimaryKeyConstraint(key, "version", "position"),
        sa.ForeignKeyConstraint([key, "version"], [f"{parent}.{parent_key}", f"{parent}.version"]),
        sa.CheckConstraint(sa.column("position") >= 0, name="position"),
        sqlite_strict=True,
    )


def _create_single(name: str, *content: SchemaItem) -> None:
    one_row = sa.CheckConstraint(sa.column("id") == 1, name="one_row")
    op.create_table(name, sa.Column("id", sa.Integer(), primary_key=True), *content, one_row, sqlite_strict=True)


def _create_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        *_texts("made_at", "made_by", "reason"),
        _number("epoch"),
        _text("summary"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    _create_single("portal", *_texts("portal_id", "key_fingerprint", "profile", "title"))
    _create_single("epoch", _number("value"), _text("digest"))


def _texts(*names: str) -> Iterable[sa.Column[str]]:
    return [_text(name) for name in names]


def _reach() -> tuple[SchemaItem, ...]:
    zone = _choice("network_zone", "government internet", optional=True)
    return (*_range("auth_level", 0, 3, optional=True), *zone)


def _create_registry() -> None:
    _create_versioned("departments", "code", _text("name"), _text("region", optional=True))
    _create_child("department_groups", "departments", ("code", "department"), _text("group"))
    _create_versioned("groups", "code", _text("name"))
    public_key = _text("public_key", optional=True)
    _create_versioned("applications", "id", _text("name"), _text("department"), *_reach(), public_key)
    _create_child("application_matters", "applications", ("id", "application"), _text("matter"))
    _create_versioned("users", "id", _text("name"), _text("department"), *_reach())
    roles = (
        "system_administrator policy_administrator auditor registrar reviewer information_manager head analyst "
        "authority_officer operator_officer"
    )
    _create_child("user_roles", "users", ("id", "user"), *_choice("role", roles))
    _create_versioned("key_files", "path", _bytes("content"))


def _create_catalog() -> None:
    share_classes = "unconditional conditional not_shared"
    _create_versioned(
        "catalog_entries",
        "code",
        *_texts("identifier", "name", "provider"),
        _text("provider_unit", optional=True),
        *_texts("abstract", "keywords", "classification"),
        *_choice("format_category", "file spreadsheet database image stream self_described service"),
        _text("format_type"),
        *_choice("kind", "basic theme department"),
        _text("grade", optional=True),
        *_choice("share_class", share_classes),
        _text("share_condition", optional=True),
        _text("share_modes"),
        _text("use_requirements", optional=True),
        _text("legal_basis", optional=True),
        *_flag("open"),
        _text("open_condition", optional=True),
        *_choice("update_cycle", "realtime daily weekly monthly quarterly half_yearly yearly irregular other"),
        *(_text(name, optional=True) for name in ("published_on", "service_window", "handler")),
        *_texts("related", "key", "extensions"),
        *_choice("status", "draft registered reviewed confirmed published revised withdrawn"),
        *_flag("removed"),
    )
    _create_child(
        "information_items",
        "catalog_entries",
        ("code", "entry"),
        *_texts("identifier", "name"),
        *_choice("type", "string integer decimal boolean date datetime json"),
        _number("length", optional=True),
        *_range("scale", 0, 9, optional=True),
        *_choice("share_class", share_classes),
        *_flag("open"),
        *_range("sensitivity", 1, 4),
        *(_text(name, optional=True) for name in ("description", "share_condition", "legal_basis")),
        sa.UniqueConstraint("entry", "version", "identifier"),
    )
    _create_child(
        "links",
        "catalog_entries",
        ("code", "entry"),
        *_texts("identifier", "items", "target", "target_items"),
        *_flag("many"),
        sa.UniqueConstraint("entry", "version", "identifier"),
    )
    _create_versioned(
        "datasets",
        "entry",
        _text("table_name"),
        _number("row_count"),
        *_texts("digest", "layout"),
        sa.UniqueConstraint("table_name"),
    )


def _create_policies() -> None:
    effect, kind = sa.column("effect", sa.Text()), sa.column("kind", sa.Text())
    _create_versioned(
        "policy_records",
        "id",
        *_choice("effect", "allow deny"),
        *_choice("kind", "provider unconditional agreement statutory open_data restriction"),
        *_choice("consumer_kind", "department group application any_department public"),
        *_texts("consumer_code", "resource", "items", "purposes", "modes", "matters", "applications"),
        _text("valid_from", optional=True),
        _text("valid_until", optional=True),
        *_texts("condition", "scope", "obligations"),
        _text("basis", optional=True),
        *_choice("origin", "bundle agreement derived"),
        sa.CheckConstraint(
            sa.or_(sa.and_(effect == "deny", kind == "restriction"), sa.and_(effect == "allow", kind != "restriction")),
            name="effect_of_kind",
        ),
    )
    _create_versioned(
        "agreements",
        "id",
        _number("agreement_version"),
        *_texts("consumer", "provider", "authority", "document"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_writers",
        sa.Column("writer", sa.Integer(), primary_key=True, autoincrement=True),
        *_texts("portal", "started_at"),
        _number("checkpoint"),
        _bytes("checkpoint_hash"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_records",
        _identity("writer"),
        _identity("sequence"),
        *_texts("time", "subject"),
        *(_text(name, optional=True) for name in ("department", "application", "user_id")),
        _text("entry"),
        *_choice("decision", "permit deny"),
        _number("row_count"),
        _text("record"),
        _bytes("hash"),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_records_entry_time", "audit_records", ["entry", "time"])
    op.create_index("ix_audit_records_subject_time", "audit_records", ["subject", "time"])
    op.create_table("audit_checkpoints", _identity("number"), _text("body"), _bytes("signature"), sqlite_strict=True)


def _create_audit_counts() -> None:
    op.create_table(
        "daily_rows",
        *_texts("subject", "entry", "day"),
        _number("row_count"),
        sa.PrimaryKeyConstraint("subject", "entry", "day"),
        sqlite_strict=True,
    )
    op.create_table(
        "refused_tokens",
        *_texts("minute", "address"),
        _number("refusals"),
        sa.PrimaryKeyConstraint("minute", "address"),
        sqlite_strict=True,
    )
