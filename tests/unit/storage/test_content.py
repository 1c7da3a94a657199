import random
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
    digest_of,
    key_fingerprint,
    read_content,
    read_epoch_value,
    tag_of,
)
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.digests import change_total
from portal.storage.metadata import metadata
from portal.storage.postgresql import driver_address
from portal.storage.tables import (
    CONTENT_TABLES,
    changes,
    department_groups,
    departments,
    epoch,
    groups,
    key_files,
    portal,
)

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


def test_child_rows_are_one_object_when_their_cells_are_equal(connection: Connection) -> None:
    rows = {**ROWS, departments.name: {"a": department("甲", "g", "h"), "b": department("乙", "h", "g")}}
    content = store(connection, None, rows)
    first, second = (content.active(departments)[key].children[department_groups.name] for key in "ab")
    assert (first[0], first[1]) == ({"group": "g"}, {"group": "h"})
    assert first[0] is second[1]
    assert first[1] is second[0]


def test_rows_come_back_when_there_are_more_than_are_taken_at_a_time(connection: Connection) -> None:
    many = {f"{number:04}": department(f"部门 {number}", "g") for number in range(2_100)}
    content = store(connection, None, {**ROWS, departments.name: many})
    assert content.active(departments) == many


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


def signed(content: StoredContent, secret: bytes = SECRET) -> str:
    """Return the digest that the content would have, of its rows as they are."""
    tags = (tag_of(table, key, active, secret) for table, of in content.rows.items() for key, active in of.items())
    return digest_of(replace(content.head, total=change_total(0, tags, ())), secret)


def with_head(content: StoredContent, **members: object) -> StoredContent:
    return replace(content, head=replace(content.head, **members))  # type: ignore[arg-type]  # each of its kind


def changed_contents(content: StoredContent) -> Iterator[StoredContent]:
    """Return contents that differ from this one in one place each."""
    one = content.rows["groups"]["g"]
    without_groups = replace(content.rows["departments"]["a"], row=department("甲"))
    yield with_head(content, epoch=2)
    for name in PARTS:
        yield with_head(content, identity=replace(IDENTITY, **{name: "x"}))
    yield with_head(content, identity=replace(IDENTITY, key_set="x"))
    yield changed_cell(content, "groups", "g", "name", "组 ")
    yield changed_cell(content, "departments", "a", "region", "")
    yield changed_cell(content, "departments", "b", "region", "0")
    yield changed_cell(content, "departments", "b", "region", 0)
    yield changed_cell(content, "departments", "b", "region", b"0")
    yield changed_cell(content, "key_files", "k.pem", "content", '["bytes","00ff"]')
    yield changed_active(content, version=2)
    yield changed_active(content, added_in=2)
    yield replace(content, rows={**content.rows, "groups": {"g": one}})
    yield replace(content, rows={**content.rows, "groups": {"x": one}})
    yield replace(content, rows={**content.rows, "departments": {"a": without_groups}})


def test_digest_tells_every_part_of_the_content(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    changed = list(changed_contents(content))
    digests = [content.head.digest, signed(content, b"another secret"), *map(signed, changed)]
    assert signed(content) == content.head.digest
    assert len(set(digests)) == len(digests) == 2 + 4 + 13


def test_rows_that_changed_their_cells_with_each_other_are_told_apart(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    swapped = changed_cell(changed_cell(content, "departments", "a", "name", "乙"), "departments", "b", "name", "甲")
    assert signed(swapped) != content.head.digest


def test_content_that_was_signed_by_its_lines_is_read_and_signed_anew_by_the_next_change(
    connection: Connection,
) -> None:
    content = store(connection, None, ROWS)
    # The digest that the rows had before there were sums of tags.
    former = "d3c0621b0f61b3b1982f4d27ed3005e40b36366c85f376c445291b4598771409"
    connection.execute(update(epoch).values(digest=former))
    assert read_content(connection, SECRET).active(groups) == content.active(groups)
    connection.execute(update(groups).where(groups.c.code == "h").values(name="别的"))
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        read_content(connection, SECRET)
    connection.execute(update(groups).where(groups.c.code == "h").values(name="组"))
    following = store(connection, read_content(connection, SECRET), {**ROWS, departments.name: {}})
    assert following.head.digest == signed(following) != former


def test_digest_after_many_changes_is_that_of_the_rows(connection: Connection) -> None:
    draw = random.Random(5)
    content = store(connection, None, {})
    for _ in range(40):
        names = [f"{number}" for number in range(6)]
        rows = {
            departments.name: {key: department(draw.choice("甲乙丙"), *draw.sample("gh", 1)) for key in names[:4]},
            groups.name: {key: ContentRow({"name": draw.choice("甲乙")}, {}) for key in draw.sample(names, 3)},
        }
        content = store(connection, content, rows)
        assert content.head.digest == signed(content)


def test_a_change_reads_nothing_of_what_it_does_not_touch(connection: Connection) -> None:
    """Its present rows may be left unread, so a change of one row costs as much in a portal of a million."""
    content = store(connection, None, ROWS)
    untouched = replace(content, rows={table.table.name: {} for table in CONTENT_TABLES})
    added = {groups.name: {"z": ContentRow({"name": "组"}, {})}}
    store_change(connection, compare_content(untouched, WantedContent(IDENTITY, added)), NOTE, SECRET)
    following = read_content(connection, SECRET)
    assert following.active(groups) == {**ROWS[groups.name], **added[groups.name]}
    assert following.active(departments) == ROWS[departments.name]


PARTS = ("portal_id", "key_fingerprint", "profile", "title")


def test_digest_does_not_depend_on_the_order_of_reading(connection: Connection) -> None:
    content = store(connection, None, ROWS)
    turned = {
        table: dict(sorted(rows.items(), reverse=True)) for table, rows in sorted(content.rows.items(), reverse=True)
    }
    assert signed(replace(content, rows=turned)) == content.head.digest


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
