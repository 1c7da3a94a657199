"""Content that is followed is the content that reading everything gives, whatever changed (T13, T14)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.sql.expression import Executable

from portal.bundles.store import PortalStore
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry
from portal.catalog.rows import store_entry
from portal.errors import PolicyUnavailable
from portal.identity.registry import Department, DepartmentStatus, Successor
from portal.identity.rows import registered_rows
from portal.policies.following import KnownContent, read_following
from portal.policies.freezes import Freeze, FreezeTarget, Frozen, store_freeze
from portal.policies.information_point import parse_content
from portal.policies.reading import parse_record
from portal.policies.rows import store_record
from portal.policies.snapshot import Snapshot
from portal.storage.content import Cell, ContentRow, ContentRows, StoredContent, read_content
from portal.storage.content_changes import (
    ChangeNote,
    WantedContent,
    change_quarantine,
    compare_content,
    store_change,
)
from portal.storage.database import for_writing, open_database
from portal.storage.quarantine import Quarantine
from portal.storage.tables import (
    CONTENT_TABLES,
    catalog_entries,
    changes,
    datasets,
    epoch,
    freezes,
    groups,
    key_files,
    policy_records,
)
from portal.vocabulary import DepartmentCode, EntryCode, GroupCode, PolicyId
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, load, new_store, small_bundle, statutory

pytestmark = [pytest.mark.clause("threats.md T13"), pytest.mark.clause("threats.md T14")]

NOTE = ChangeNote("2026-03-01T08:00:00Z", "user:synthetic", "合成变更")
QUARANTINE = Quarantine("2026-03-01T08:00:00Z", "2026-02-01T08:00:00Z", 1, 0, "00", "合成")
Rows = dict[str, dict[str, ContentRow]]


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    return store


def change(store: PortalStore, edit: Callable[[Rows], object]) -> None:
    """Change the content as an edit of its rows says."""
    with store.open() as databases:
        with databases.content.connect() as connection:
            present = read_content(connection, store.digest_secret)
        rows = {table: {key: one.row for key, one in of.items()} for table, of in present.rows.items()}
        edit(rows)
        wanted: ContentRows = rows
        with for_writing(databases.content).begin() as connection:
            differing = compare_content(present, WantedContent(present.identity, wanted))
            store_change(connection, differing, NOTE, store.digest_secret)


async def follow(store: PortalStore, known: KnownContent | None) -> KnownContent:
    engine = open_database(store.database_url)
    try:
        return (await read_following(engine, known, store.digest_secret))()
    finally:
        await engine.dispose()


def assert_whole(store: PortalStore, known: KnownContent) -> None:
    """Assert that the content is the one that reading everything gives."""
    with store.open() as databases, databases.content.connect() as connection:
        content = read_content(connection, store.digest_secret)
    whole = parse_content(content)
    assert known.content == whole
    # No decision rests on these, so equality leaves them aside.
    assert [one.table.arrived_at for one in known.content.entries] == [one.table.arrived_at for one in whole.entries]
    assert known.standing.head == content.head


def entries() -> Mapping[EntryCode, CatalogEntry]:
    found = {}
    for document in small_bundle().entries.values():
        entry, faults = parse_entry(document, "entry")
        assert entry is not None, faults
        found[entry.code] = entry
    return found


ENTRIES = entries()
CONSUMERS = (f"department:{CONSUMER}", "group:inspectors", "application:checker", f"department:{AUTHORITY}")


def put_record(draw: Random, rows: Rows) -> None:
    name = f"drawn-{draw.randrange(6)}"
    members = {
        "resource": draw.choice(list(ENTRIES)),
        "consumer": draw.choice(CONSUMERS),
        "items": draw.choice((["*"], ["code"], ["code", "name"])),
        "purposes": draw.choice((["verification"], ["*"])),
        "valid_until": draw.choice((None, "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z")),
    }
    document = statutory(name, **members)
    record, faults = parse_record(document, name, ENTRIES)
    assert record is not None, faults
    rows[policy_records.name][name] = store_record(record, document, "bundle")


def withdraw_record(draw: Random, rows: Rows) -> None:
    rows[policy_records.name].pop(draw.choice(sorted(rows[policy_records.name])))


def change_entry(draw: Random, rows: Rows) -> None:
    entry = draw.choice(list(ENTRIES.values()))
    renamed = replace(entry, name=f"条目 {draw.randrange(100)}")
    rows[catalog_entries.name][entry.code] = store_entry(renamed, removed=draw.random() < 0.3)


def change_dataset(draw: Random, rows: Rows) -> None:
    code = draw.choice(list(ENTRIES))
    row = rows[datasets.name][code]
    table: dict[str, Cell] = {"table_name": f"drawn_{draw.getrandbits(60)}", "row_count": draw.randrange(1000)}
    rows[datasets.name][code] = ContentRow({**row.cells, **table}, row.children)


def change_register(draw: Random, rows: Rows) -> None:
    rows[groups.name][f"g{draw.randrange(3)}"] = ContentRow({"name": f"组 {draw.randrange(9)}"}, {})


def end_department(draw: Random, rows: Rows) -> None:
    """Let the consumer be renamed to the authority, or be there again."""
    if draw.random() < 0.5:
        ended, since = DepartmentStatus.RENAMED, date(2026, 2, 1)
        successors: tuple[Successor, ...] = (Successor(DepartmentCode(AUTHORITY)),)
    else:
        ended, since, successors = DepartmentStatus.ACTIVE, date(2026, 2, draw.randrange(1, 20)), ()
    department = Department(
        DepartmentCode(CONSUMER), "使用方", "99999901", (GroupCode("inspectors"), GroupCode("readers"))
    )
    for table, row in registered_rows(replace(department, status=ended, since=since, successors=successors)).items():
        rows[table][CONSUMER] = row


def change_freezes(draw: Random, rows: Rows) -> None:
    name = f"freeze:{draw.randrange(1, 4)}"
    if rows[freezes.name].pop(name, None) is None:
        target = Frozen(FreezeTarget.ENTRY, draw.choice(list(ENTRIES)), None)
        made = Freeze(PolicyId(name), target, "合成", "user:a", "2026-03-01T08:00:00Z")
        rows[freezes.name][name] = store_freeze(made)


def lose_first(table: Table, rows: Rows) -> None:
    rows[table.name].pop(next(iter(ENTRIES)))


def rename_group(number: int, rows: Rows) -> None:
    rows[groups.name]["n"] = ContentRow({"name": f"{number}"}, {})


def change_keys(draw: Random, rows: Rows) -> None:
    rows[key_files.name]["drawn.pem"] = ContentRow({"content": draw.randbytes(4)}, {})


EDITS = (
    put_record,
    put_record,
    withdraw_record,
    change_entry,
    change_dataset,
    change_register,
    end_department,
    change_freezes,
    change_keys,
)


async def test_content_after_drawn_changes_is_what_is_read_whole(store: PortalStore) -> None:
    draw, followed = Random(14), 0
    known = await follow(store, None)
    snapshot = Snapshot(known.content)
    for _ in range(60):
        edits = draw.choices(EDITS, k=draw.randint(1, 3))
        for edit in edits:
            change(store, partial(edit, draw))
        known = await follow(store, known)
        assert_whole(store, known)
        followed += known.touched is not None
        snapshot = (
            Snapshot(known.content) if known.touched is None else snapshot.following(known.content, known.touched)
        )
        assert snapshot.index == Snapshot(known.content).index
    assert 12 < followed < 60


async def test_untouched_entries_are_the_same_values(store: PortalStore) -> None:
    before = await follow(store, None)
    change(store, partial(put_record, Random(1)))
    after = await follow(store, before)
    assert after.touched is not None
    assert len(after.touched) == 1
    former = {record.id: record for record in before.content.records}
    assert all(former.get(record.id) in (None, record) for record in after.content.records)
    assert after.content.registry is before.content.registry


def tampered(store: PortalStore, *statements: Executable) -> None:
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        for statement in statements:
            connection.execute(statement)


RESTRICTION = policy_records.c.id == "restriction-1"


@pytest.mark.parametrize(
    "statements",
    [
        [delete(policy_records).where(RESTRICTION)],
        [update(policy_records).where(RESTRICTION).values(effect="allow", kind="statutory")],
    ],
)
async def test_row_that_was_changed_by_other_means_is_not_read_and_not_believed(
    store: PortalStore, statements: list[Executable]
) -> None:
    """What is known of it still denies; who reads everything is refused."""
    known = await follow(store, None)
    tampered(store, *statements)
    change_signed(store, known)
    after = await follow(store, known)
    assert after.touched is not None
    assert "restriction-1" in {record.id for record in after.content.records}
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        await follow(store, None)


def change_signed(store: PortalStore, known: KnownContent) -> None:
    """Change something else, as a freeze does: upon what is signed, without reading it."""
    present = StoredContent(known.standing.head, {content.table.name: {} for content in CONTENT_TABLES})
    added = {groups.name: {"z": ContentRow({"name": "组"}, {})}}
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        differing = compare_content(present, WantedContent(known.standing.head.identity, added))
        store_change(connection, differing, NOTE, store.digest_secret)


async def refused_after(store: PortalStore, *statements: Executable) -> bool:
    """Return whether content that changed rightly and then by other means is refused."""
    known = await follow(store, None)
    change(store, partial(put_record, Random(1)))
    tampered(store, *statements)
    try:
        await follow(store, known)
    except PolicyUnavailable:
        return True
    return False


async def test_what_changed_is_refused_where_it_is_not_what_was_signed(store: PortalStore) -> None:
    drawn = policy_records.c.id.like("drawn-%")
    assert await refused_after(store, update(policy_records).where(drawn).values(basis="另一依据"))


async def test_change_that_is_not_on_record_is_found_by_the_digest(store: PortalStore) -> None:
    """Where to look is taken from the record of changes; that it was all is not."""
    known = await follow(store, None)
    change(store, partial(put_record, Random(1)))
    newest = select(func.max(changes.c.id)).scalar_subquery()
    for summary in ("{}", "no JSON", "[]", '{"groups": 7, "nothing": {"new": ["x"]}}'):
        tampered(store, update(changes).where(changes.c.id == newest).values(summary=summary))
        after = await follow(store, known)
        # All was read instead.
        assert after.touched is None
        assert_whole(store, after)


async def test_later_epoch_without_a_change_is_refused(store: PortalStore) -> None:
    known = await follow(store, None)
    tampered(store, update(epoch).values(value=epoch.c.value + 1))
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        await follow(store, known)


async def test_freeze_or_department_that_ended_may_concern_every_entry(store: PortalStore) -> None:
    known = await follow(store, None)
    for edit in (change_freezes, end_department, change_freezes):
        draw = Random(3)
        change(store, partial(edit, draw))
        known = await follow(store, known)
        assert known.touched is None
        assert_whole(store, known)


@pytest.mark.parametrize("table", [datasets, catalog_entries])
async def test_entry_without_its_table_and_records_on_no_entry_are_refused(store: PortalStore, table: Table) -> None:
    known = await follow(store, None)
    change(store, partial(lose_first, table))
    for start in (known, None):
        with pytest.raises(PolicyUnavailable):
            await follow(store, start)


async def test_quarantine_and_many_changes_are_followed_or_read_whole(store: PortalStore) -> None:
    known = await follow(store, None)
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        head = read_content(connection, store.digest_secret).head
        change_quarantine(connection, head, QUARANTINE, NOTE, store.digest_secret)
    known = await follow(store, known)
    assert known.content.quarantine == QUARANTINE
    assert known.touched is None
    assert_whole(store, known)
    for number in range(210):
        change(store, partial(rename_group, number))
    known = await follow(store, known)
    assert_whole(store, known)
