from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, delete, select, update

from portal.errors import ConfigurationError, PolicyUnavailable
from portal.storage.addresses import DatabaseKind
from portal.storage.content import (
    Cell,
    ContentRow,
    ContentRows,
    PortalIdentity,
    StoredContent,
    content_digest,
    key_fingerprint,
    read_content,
    read_epoch_value,
)
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.metadata import metadata
from portal.storage.postgresql import driver_address
from portal.storage.tables import changes, department_groups, departments, epoch, groups, key_files, portal

SECRET = b"synthetic secret"
IDENTITY = PortalIdentity("test", key_fingerprint(SECRET), "nantong-2015", "测试")
NOTE = ChangeNote("2026-01-01T00:00:00Z", "测试员", "测试")


def department(name: str, *members: str) -> ContentRow:
    return ContentRow(
        {"name": name, "region": None}, {department_groups.name: tuple({"group": member} for member in members)}
    )


ROWS: ContentRows = {
    departments.name: {"a": department("甲", "g", "h"), "b": department("乙")},
    groups.name: {"g": ContentRow({"name": "组"}, {}), "h": ContentRow({"name": "组"}, {})},
    key_files.name: {"k.pem": ContentRow({"content": b"\x00\xff"}, {})},
}


@pytest.fixture(params=DatabaseKind)
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection to empty tables in either database."""
    if request.param is DatabaseKind.SQLITE:
        engine = create_engine("sqlite://")
    else:
        url = request.getfixturevalue("postgres").create_database()
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(driver_address(url)))
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()
    if request.param is DatabaseKind.POSTGRESQL:
        request.getfixturevalue("postgres").drop_databases()


def store(connection: Connection, present: StoredContent | None, rows: ContentRows) -> StoredContent:
    """Make the rows the content and return it as it is read back."""
    store_change(connection, compare_content(present, WantedContent(IDENTITY, rows)), NOTE, SECRET)
    return read_content(connection, SECRET)


def test_rows_are_the_same_when_they_come_back(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    assert (content.identity, content.epoch) == (IDENTITY, 1)
    assert content.active(departments) == ROWS[departments.name]
    assert content.active(groups) == ROWS[groups.name]
    assert content.active(key_files) == ROWS[key_files.name]
    assert {active.version for rows in content.rows.values() for active in rows.values()} == {1}


def test_only_what_differs_has_a_new_version(connection: Connection) -> None:
    first = store(connection, None, ROWS)
    second = store(
        connection, first, {**ROWS, departments.name: {"a": department("甲", "h", "g"), "c": department("丙")}}
    )
    assert second.epoch == 2
    assert {key: (active.version, active.added_in) for key, active in second.rows[departments.name].items()} == {
        "a": (2, 2),
        "c": (1, 2),
    }
    assert second.rows[groups.name] == first.rows[groups.name]
    kept = connection.execute(select(departments.c.code, departments.c.version, departments.c.withdrawn_in)).all()
    assert sorted(map(tuple, kept), key=str) == [("a", 1, 2), ("a", 2, None), ("b", 1, 2), ("c", 1, None)]


def test_versions_go_on_when_a_row_comes_back(connection: Connection) -> None:
    first = store(connection, None, ROWS)
    second = store(connection, first, {**ROWS, departments.name: {}})
    third = store(connection, second, ROWS)
    assert {active.version for active in third.rows[departments.name].values()} == {2}


def test_the_same_content_is_no_change(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    change = compare_content(content, WantedContent(IDENTITY, ROWS))
    assert not change.is_change
    assert not change.adopts
    assert store_change(connection, change, NOTE, SECRET) == 1
    assert read_content(connection, SECRET) == content
    assert len(connection.execute(select(changes)).all()) == 1


def test_a_change_is_refused_when_the_content_is_another_one_meanwhile(connection: Connection) -> None:
    first = store(connection, None, ROWS)
    store(connection, first, {})
    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        store(connection, first, {**ROWS, groups.name: {}})


def changed_cell(content: StoredContent, table: str, key: str, name: str, cell: Cell) -> StoredContent:
    active = content.rows[table][key]
    row = replace(active.row, cells={**active.row.cells, name: cell})
    return replace(content, rows={**content.rows, table: {**content.rows[table], key: replace(active, row=row)}})


def changed_active(content: StoredContent, **members: int) -> StoredContent:
    active = replace(content.rows["groups"]["g"], **members)  # type: ignore[arg-type]
    return replace(content, rows={**content.rows, "groups": {**content.rows["groups"], "g": active}})


def test_digest_tells_every_part_of_the_content(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    one = content.rows["groups"]["g"]
    without_groups = replace(content.rows["departments"]["a"], row=department("甲"))
    digests = [
        content_digest(content, SECRET),
        content_digest(content, b"another secret"),
        content_digest(replace(content, epoch=2), SECRET),
        *(content_digest(replace(content, identity=replace(IDENTITY, **{name: "x"})), SECRET) for name in PARTS),
        content_digest(changed_cell(content, "groups", "g", "name", "组 "), SECRET),
        content_digest(changed_cell(content, "departments", "a", "region", ""), SECRET),
        content_digest(changed_cell(content, "departments", "b", "region", "0"), SECRET),
        content_digest(changed_cell(content, "departments", "b", "region", 0), SECRET),
        content_digest(changed_cell(content, "departments", "b", "region", b"0"), SECRET),
        content_digest(changed_cell(content, "key_files", "k.pem", "content", '["bytes","00ff"]'), SECRET),
        content_digest(changed_active(content, version=2), SECRET),
        content_digest(changed_active(content, added_in=2), SECRET),
        content_digest(replace(content, rows={**content.rows, "groups": {"g": one}}), SECRET),
        content_digest(replace(content, rows={**content.rows, "groups": {"x": one}}), SECRET),
        content_digest(replace(content, rows={**content.rows, "departments": {"a": without_groups}}), SECRET),
    ]
    assert len(set(digests)) == len(digests)


PARTS = ("portal_id", "key_fingerprint", "profile", "title")


def test_digest_does_not_depend_on_the_order_of_reading(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    turned = {
        table: dict(sorted(rows.items(), reverse=True)) for table, rows in sorted(content.rows.items(), reverse=True)
    }
    assert content_digest(replace(content, rows=turned), SECRET) == content_digest(content, SECRET)


def test_content_is_refused_when_a_child_row_is_missing(connection: Connection) -> None:
    store(connection, None, ROWS)
    connection.execute(delete(department_groups).where(department_groups.c.position == 0))
    with pytest.raises(PolicyUnavailable, match="`department_groups` of `a` has a gap"):
        read_content(connection, SECRET)


def test_content_is_refused_when_all_but_the_record_of_changes_was_wiped(connection: Connection) -> None:
    store(connection, None, ROWS)
    connection.execute(delete(portal))
    connection.execute(delete(epoch))
    with pytest.raises(PolicyUnavailable, match="its epoch or its identity is missing"):
        read_content(connection, SECRET)


def test_epoch_is_refused_when_the_database_cannot_be_read() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(PolicyUnavailable, match="no such table: epoch"):
        read_epoch_value(connection)
    engine.dispose()


def test_epoch_rises_by_one_with_each_change(connection: Connection) -> None:
    assert read_epoch_value(connection) == 0
    content = store(connection, None, {})
    for number in range(2, 5):
        content = store(connection, content, {groups.name: {f"{number}": ContentRow({"name": "组"}, {})}})
        assert read_epoch_value(connection) == content.epoch == number


def test_a_change_made_by_other_means_is_not_signed_by_the_next_load(connection: Connection) -> None:
    """Signed is what was meant to be written: what got in between reading and writing doesn't verify."""
    content = store(connection, None, ROWS)
    connection.execute(update(groups).where(groups.c.code == "h").values(name="别的"))
    change = compare_content(content, WantedContent(IDENTITY, {**ROWS, departments.name: {}}))
    store_change(connection, change, NOTE, SECRET)
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        read_content(connection, SECRET)


@pytest.mark.parametrize(
    ("read", "cell"),
    [
        (ContentRow.text, 1),
        (ContentRow.text, None),
        (ContentRow.optional_text, b""),
        (ContentRow.number, "1"),
        (ContentRow.optional_number, ""),
        (ContentRow.octets, "x"),
    ],
)
def test_a_cell_of_another_type_is_refused(read: Callable[[ContentRow, str], object], cell: Cell) -> None:
    with pytest.raises(ValueError, match=r"no (text|number|octets)"):
        read(ContentRow({"cell": cell}, {}), "cell")


def test_fingerprint_tells_keys_apart_and_not_the_key() -> None:
    assert key_fingerprint(SECRET) == key_fingerprint(b"synthetic secret") != key_fingerprint(b"another secret")
    assert SECRET.hex() not in key_fingerprint(SECRET)
