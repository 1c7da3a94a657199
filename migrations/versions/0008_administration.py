"""Administration: standing, freezes, expectations, change sets, sessions, second factors; what audit statistics count.

Frozen: a later change of the tables is a revision of its own. Their meaning is told in `portal.storage`.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RECORDS_AT_ONCE = 1000
_EXCLUSIVE_ROLES = ["system_administrator", "policy_administrator", "auditor"]
_EXCLUSIVE = sa.column("role").in_(_EXCLUSIVE_ROLES)


def upgrade() -> None:
    """Make the tables, and let nobody be two administrators.

    Who is two of them now keeps the index from being made: somebody has to say which of the two.
    """
    _part_former_administrators()
    op.create_index(
        "uq_user_roles_administrator",
        "user_roles",
        ["user", "version"],
        unique=True,
        sqlite_where=_EXCLUSIVE,
        postgresql_where=_EXCLUSIVE,
    )
    _create_content()
    _create_change_sets()
    _create_sessions()
    _mark_records()
    # The program before knows no freezes: beside this one it would answer what is frozen.
    row = sa.table("compatibility", sa.column("revision"), sa.column("readable_from"))
    op.execute(row.update().values(revision=revision, readable_from=revision))


def _part_former_administrators() -> None:
    """Leave former versions of a person the first of several administrators' roles: nobody holds them any more."""
    users = sa.table("users", *map(sa.column, ("id", "version", "withdrawn_in")))
    roles = sa.table("user_roles", *map(sa.column, ("user", "version", "position", "role")))
    earlier = roles.alias("earlier")
    op.execute(
        roles.delete().where(
            roles.c.role.in_(_EXCLUSIVE_ROLES),
            sa.exists().where(
                users.c.id == roles.c.user, users.c.version == roles.c.version, users.c.withdrawn_in.is_not(None)
            ),
            sa.exists().where(
                earlier.c.user == roles.c.user,
                earlier.c.version == roles.c.version,
                earlier.c.position < roles.c.position,
                earlier.c.role.in_(_EXCLUSIVE_ROLES),
            ),
        )
    )


def downgrade() -> None:
    """Refuse: what is frozen would be answered again."""
    raise NotImplementedError("revision 0008 can't be undone: what is frozen would be answered again")


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=optional)


def _choice(name: str, choices: str) -> tuple[SchemaItem, ...]:
    return _text(name), sa.CheckConstraint(sa.column(name).in_(choices.split()), name=name)


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


def _create_content() -> None:
    _create_versioned(
        "department_standing",
        "code",
        _text("parent", optional=True),
        *_choice("status", "active merged split renamed dissolved"),
        _text("successors"),
        _text("since", optional=True),
    )
    _create_versioned(
        "application_standing",
        "id",
        *_choice("status", "registered recognised approved disabled"),
        _text("contact", optional=True),
        _text("recognised_by", optional=True),
        _text("approved_by", optional=True),
        _text("since", optional=True),
    )
    _create_versioned(
        "user_standing",
        "id",
        *_choice("status", "active disabled"),
        _text("filed_on", optional=True),
        _text("filing", optional=True),
        _text("since", optional=True),
    )
    _create_versioned(
        "freezes",
        "id",
        *_choice("target_kind", "item entry department application everything"),
        _text("target"),
        _text("item", optional=True),
        _text("reason"),
        _text("frozen_by"),
        _text("frozen_at"),
    )
    _create_versioned("expectations", "id", *_choice("verdict", "never able"), _text("document"), _text("reason"))


def _create_change_sets() -> None:
    approver, author, state = (sa.column(name, sa.Text()) for name in ("approved_by", "author", "state"))
    op.create_table(
        "change_sets",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        *_choice("kind", "records load rollback"),
        _text("title"),
        _text("reason"),
        _text("basis", optional=True),
        _text("author"),
        *_choice("state", "draft checked submitted approved active superseded rejected withdrawn"),
        _number("version"),
        _number("base_epoch"),
        _text("document"),
        _text("activates_at", optional=True),
        _text("approved_by", optional=True),
        _text("seal", optional=True),
        _number("epoch", optional=True),
        sa.CheckConstraint(sa.or_(approver.is_(None), approver != author), name="two_persons"),
        sa.CheckConstraint(sa.or_(state != "approved", approver.is_not(None)), name="approved"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "change_steps",
        sa.Column("change_set", sa.Integer(), sa.ForeignKey("change_sets.id"), nullable=False),
        _number("version"),
        _text("made_at"),
        _text("made_by"),
        _text("step"),
        _text("note"),
        sa.PrimaryKeyConstraint("change_set", "version"),
        sqlite_strict=True,
    )


def _create_sessions() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        _text("user_id"),
        _text("begun_at"),
        _text("seen_at"),
        _text("ends_at"),
        _number("auth_level"),
        _text("confirmed_at", optional=True),
        _text("id_token", optional=True),
        sqlite_strict=True,
    )
    op.create_index("ix_staff_sessions_user_id", "staff_sessions", ["user_id"])
    op.create_index("ix_staff_sessions_ends_at", "staff_sessions", ["ends_at"])
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        _text("state"),
        _text("nonce"),
        _text("verifier"),
        _text("return_to"),
        _text("expires_at"),
        sqlite_strict=True,
    )
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"])
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        _text("enrolled_at", optional=True),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        _text("pending_until", optional=True),
        _number("last_step"),
        _number("failures"),
        _text("locked_until", optional=True),
        sqlite_strict=True,
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("token_id", sa.Text(), nullable=False, unique=True),
        _text("expires_at"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def _mark_records() -> None:
    """Add to the records' searchable columns what their texts say further on, and the index that statistics read."""
    op.add_column("audit_records", _text("act", optional=True))
    op.add_column("audit_records", _text("purpose", optional=True))
    records = sa.table("audit_records", sa.column("record", sa.Text()), sa.column("purpose", sa.Text()))
    is_file = op.get_bind().dialect.name == "sqlite"
    stated = (
        sa.func.json_extract(records.c.record, "$.purpose")
        if is_file
        else sa.cast(records.c.record, sa.JSON())["purpose"].as_string()
    )
    # No act was recorded before this revision.
    op.execute(records.update().values(purpose=stated))
    _create_parts()
    op.drop_index("ix_audit_records_time", "audit_records")
    counted = ["time", "entry", "department", "decision", "row_count", "purpose", "act"]
    op.create_index("ix_audit_records_time", "audit_records", counted)
    is_act = sa.column("act").is_not(None)
    op.create_index(
        "ix_audit_records_act_time", "audit_records", ["act", "time"], sqlite_where=is_act, postgresql_where=is_act
    )


def _create_parts() -> None:
    """Make the table of what was read of linked entries, and fill it from the records' texts."""
    parts = op.create_table(
        "audit_parts",
        _text("entry"),
        _text("time"),
        _number("writer"),
        _number("sequence"),
        _text("department", optional=True),
        *_choice("decision", "permit deny"),
        _number("row_count"),
        _text("purpose", optional=True),
        sa.PrimaryKeyConstraint("entry", "time", "writer", "sequence"),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_parts_writer_sequence", "audit_parts", ["writer", "sequence"])
    counted = ["time", "entry", "department", "decision", "row_count", "purpose"]
    op.create_index("ix_audit_parts_time", "audit_parts", counted)
    for texts in _linked_records():
        rows = [row for text in texts for row in _part_rows(json.loads(text))]
        if rows:
            op.bulk_insert(parts, rows)


def _linked_records() -> Iterator[list[str]]:
    """Yield the texts of records that read linked entries, some at a time: a log may hold many millions."""
    records = sa.table("audit_records", *map(sa.column, ("writer", "sequence")), sa.column("record", sa.Text()))
    place = sa.tuple_(records.c.writer, records.c.sequence)
    linked = sa.select(records.c.writer, records.c.sequence, records.c.record).where(
        records.c.record.like('%"parts":[{%')
    )
    after = (-1, -1)
    while page := list(
        op.get_bind().execute(
            linked.where(place > sa.tuple_(*after))
            .order_by(records.c.writer, records.c.sequence)
            .limit(_RECORDS_AT_ONCE)
        )
    ):
        yield [row.record for row in page]
        after = (page[-1].writer, page[-1].sequence)


def _part_rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for part in record.get("parts") or []:
        row = rows.setdefault(part["entry"], {"entry": part["entry"], "row_count": 0, "purpose": record["purpose"]})
        row |= {name: record[name] for name in ("time", "writer", "sequence", "department", "decision")}
        row["row_count"] += part["rows"]
    return list(rows.values())
