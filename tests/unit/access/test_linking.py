"""Following links in a store: values of every type join by value, groups keep order and size, and there are bounds."""

from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portal.access.executing import Executed
from portal.access.linking import LinkBounds, LinkedRows, follow_links, take_steps
from portal.conditions.tree import Comparison, Operator, Value
from portal.errors import SourceUnavailable
from portal.policies.decision import Permit
from portal.storage.data_store import open_read_connection
from portal.vocabulary import EntryIdentifier
from tests.fixtures.linked_bundle import link
from tests.fixtures.planned import entry_of, fetch
from tests.fixtures.planned_links import Entries, execute, linked_entries
from tests.fixtures.small_bundle import entry, item

STREETS = [{"code": "s1", "name": "东街"}, {"code": "s2", "name": "西街"}, {"code": "s3", "name": "空街"}]
VILLAGES = [{"code": f"v{n}", "name": f"{n % 3}", "street_code": f"s{1 + n % 2}"} for n in range(7)] + [
    {"code": "v8", "name": "9", "street_code": None}
]


async def follow(text: str, folder: Path, permits: dict[EntryIdentifier, Permit] | None = None) -> Executed:
    entries = linked_entries()
    url = entries.write(folder, {"streets": STREETS, "villages": VILLAGES})
    return await execute(url, entries.read(entries.plan(text), permits))


def shown(found: LinkedRows) -> dict[object, tuple[list[object], bool, int]]:
    """The first selected item of each row by join value, whether more follow, and the count."""
    return {
        key[0]: ([row[1] for row in found.rows[group.start : group.end]], group.has_more, group.total)
        for key, group in found.groups.items()
    }


async def test_groups_keep_order_and_size_and_count_all(tmp_path: Path) -> None:
    found = await follow(
        "{streets {nodes {villages(first: 2, orderBy: {name: DESC}) {totalCount nodes {code}}}}}", tmp_path
    )
    (villages,) = found.links
    assert shown(villages) == {"s1": (["v2", "v4"], True, 4), "s2": (["v5", "v1"], True, 3)}
    assert villages.shown == 4


async def test_count_without_rows_shows_none(tmp_path: Path) -> None:
    (villages,) = (await follow("{streets {nodes {villages {totalCount}}}}", tmp_path)).links
    assert shown(villages) == {"s1": ([], False, 4), "s2": ([], False, 3)}
    assert villages.shown == 0


async def test_filter_and_row_condition_leave_rows_out_of_counts(tmp_path: Path) -> None:
    permit = Permit(Comparison("code", Operator.NE, "v2"), (), None)
    text = '{streets {nodes {villages(where: {name: {in: ["0", "2"]}}) {totalCount nodes {code}}}}}'
    (villages,) = (await follow(text, tmp_path, {EntryIdentifier("villages"): permit})).links
    assert shown(villages) == {"s1": (["v0", "v6"], False, 2), "s2": (["v3", "v5"], False, 2)}


async def test_each_occurrence_counts_however_few_rows_are_read(tmp_path: Path) -> None:
    (streets,) = (await follow("{villages {nodes {street {name villages(first: 2) {nodes {code}}}}}}", tmp_path)).links
    assert (len(streets.rows), streets.shown) == (2, 7)
    assert (len(streets.links[0].rows), streets.links[0].shown) == (4, 14)


PAIRS: list[tuple[str, dict[str, object], list[Value]]] = [
    ("string", {}, ["a", "A", "é", "e\u0301", '"', "\\", "\x01", "𠀀", "ab", "", " a"]),
    ("integer", {}, [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1, 2**53]),
    ("decimal", {"scale": 2}, [Decimal("0.10"), Decimal("1.00"), Decimal("-1.00"), Decimal("92233720368547758.07")]),
    ("boolean", {}, [True, False]),
    ("date", {}, [date(2026, 1, 31), date(1, 1, 1), date(9999, 12, 31)]),
    ("datetime", {}, [datetime(2026, 1, 31, 8, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC)]),
]


@pytest.mark.parametrize("items", [1, 2])
@pytest.mark.parametrize(("kind", "members", "values"), PAIRS, ids=[kind for kind, _, _ in PAIRS])
async def test_values_join_by_value_and_type(
    kind: str, members: dict[str, object], values: list[Value], items: int, tmp_path: Path
) -> None:
    pairs = {"value": "value", "number": "number"} if items == 2 else {"value": "value"}
    both = [item("number", "integer"), item("value", kind, **members)]
    entries = Entries(
        {
            EntryIdentifier("ones"): entry_of(
                entry("ones", "303001009/00001", both, links=[link("others", pairs, "others", many=True)])
            ),
            EntryIdentifier("others"): entry_of(entry("others", "303001009/00002", both)),
        }
    )
    rows = [{"number": number, "value": value} for number, value in enumerate(values)]
    url = entries.write(tmp_path, {"ones": [*rows, {"number": 99}], "others": [*reversed(rows), {"number": 99}]})
    read = entries.read(entries.plan("{ones {nodes {number others {totalCount nodes {number}}}}}"))
    (others,) = (await execute(url, read)).links
    found = [others.rows[group.start][1] for group in others.groups.values()]
    assert sorted(map(str, found)) == sorted(str(number) for number in range(len(values)))
    assert {group.total for group in others.groups.values()} == {1}
    assert len(others.groups) == len(values)


def follow_within(text: str, folder: Path, bounds: LinkBounds) -> tuple[LinkedRows, ...]:
    entries = linked_entries()
    read = entries.read(entries.plan(text))
    connection = open_read_connection(entries.write(folder, {"streets": STREETS, "villages": VILLAGES}))
    with closing(connection):
        return take_steps(follow_links(read, fetch(connection, read.rows), bounds), lambda sql: fetch(connection, sql))


def test_more_rows_than_memory_is_given_are_refused(tmp_path: Path) -> None:
    text = "{streets {nodes {a: villages {nodes {code}} b: villages {nodes {code}}}}}"
    assert follow_within(text, tmp_path / "in", LinkBounds(rows=14))[1].shown == 7
    with pytest.raises(SourceUnavailable, match="more than 13 rows"):
        follow_within(text, tmp_path / "over", LinkBounds(rows=13))


def test_more_cells_than_an_answer_may_hold_are_refused(tmp_path: Path) -> None:
    # Eight villages show a street or null, seven of them one of a member; each of those shows up to two villages.
    text = "{villages {nodes {street {villages(first: 2) {nodes {code name}}}}}}"
    cells = 8 + 7 + 7 + 14 * 2
    assert follow_within(text, tmp_path / "in", LinkBounds(cells=cells))[0].shown == 7
    with pytest.raises(SourceUnavailable, match="cells"):
        follow_within(text, tmp_path / "over", LinkBounds(cells=cells - 1))
