from collections.abc import Iterable
from enum import StrEnum

import pytest
from sqlalchemy import Integer, LargeBinary, Text

from portal.catalog.entries import EntryKind, EntryStatus, FormatCategory, UpdateCycle
from portal.catalog.reading import ITEM_TYPES
from portal.policies.records import ConsumerKind, Effect, PolicyKind
from portal.storage import administration_tables, audit_tables, tables
from portal.storage.metadata import metadata
from portal.storage.tables import CONTENT_TABLES

_ = audit_tables, administration_tables


@pytest.mark.parametrize(
    ("choices", "values"),
    [
        (tables.ENTRY_KINDS, EntryKind),
        (tables.ENTRY_STATUSES, EntryStatus),
        (tables.FORMAT_CATEGORIES, FormatCategory),
        (tables.UPDATE_CYCLES, UpdateCycle),
        (tables.ITEM_TYPES, ITEM_TYPES),
        (tables.EFFECTS, Effect),
        (tables.POLICY_KINDS, PolicyKind),
        (tables.CONSUMER_KINDS, ConsumerKind),
    ],
)
def test_closed_sets_are_those_of_the_types(choices: tuple[str, ...], values: Iterable[StrEnum]) -> None:
    assert set(choices) == {value.value for value in values}


def test_columns_have_types_that_every_database_has() -> None:
    kinds = {type(column.type) for table in metadata.tables.values() for column in table.columns}
    assert kinds == {Integer, LargeBinary, Text}


def test_every_content_table_is_versioned_and_every_other_known() -> None:
    versioned = {content.table.name for content in CONTENT_TABLES}
    children = {child.name for content in CONTENT_TABLES for child in content.children}
    assert {name for name, table in metadata.tables.items() if "withdrawn_in" in table.columns} == versioned
    audit = {name for name in metadata.tables if name.startswith("audit_")}
    rest = {"changes", "portal", "compatibility", "epoch", "quarantine", "daily_rows", "refused_tokens", "used_proofs"}
    rest |= {"change_sets", "change_steps", "staff_sessions", "sign_ins", "second_factors", "revoked_tokens"}
    rest |= {"tickets", "ticket_steps", "ticket_contacts"}
    assert set(metadata.tables) == versioned | children | audit | rest


def test_content_columns_leave_out_which_row_and_version_it_is() -> None:
    columns = {content.table.name: content.columns for content in CONTENT_TABLES}
    assert columns["groups"] == ("name",)
    assert columns["datasets"] == ("table_name", "row_count", "digest", "layout")
