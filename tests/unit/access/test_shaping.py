"""Shaping: stored rows to the answer, with masks, types, aliases, cursors and the note on the access."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest

from portal.access.cursors import NO_CURSORS, cursor_seal
from portal.access.shaping import (
    AccessNote,
    Fetched,
    Page,
    Row,
    Shaped,
    access_note,
    convert_rows,
    page_of,
    shape_answer,
)
from portal.access.statement import Position, RowLayout
from portal.catalog.entries import UpdateCycle
from portal.catalog.freshness import assess_freshness
from portal.conditions.tree import TRUE, Condition
from portal.policies.decision import MaskChoice, Permit
from portal.policies.masks import hash_text
from portal.policies.records import (
    ANY,
    Consumer,
    ConsumerKind,
    Effect,
    FullMask,
    GeneraliseMask,
    HashMask,
    Mask,
    PartialMask,
    Period,
    PolicyKind,
    PolicyRecord,
)
from portal.vocabulary import PUBLIC, EntryCode, ItemIdentifier, PolicyId
from tests.fixtures.planned import EVERYTHING, compiled, entry_of, plan
from tests.fixtures.sharing_bundle import residents

ENTRY = entry_of(residents())
KEY = bytes(32)
NOTE = AccessNote(("p1", "p2"), "2027-01-01T00:00:00Z", "1-7")
SEAL_SECRET = bytes(range(32))


def masked(name: str, *options: tuple[Mask | None, Condition]) -> Permit:
    return replace(EVERYTHING, masks=(MaskChoice(ItemIdentifier(name), options),))


def shown(name: str, stored: Sequence[object], permit: Permit = EVERYTHING) -> list[object]:
    """Return what the answer shows of one item's stored cells."""
    layout = RowLayout((ItemIdentifier(name),), (), ())
    rows: list[Row] = [(number, cell) for number, cell in enumerate(stored)]
    return [cell for (cell,) in convert_rows(layout, rows, ENTRY, permit, KEY)]


def answer(text: str, rows: Sequence[Row], total: int | None = None, *, has_more: bool = False) -> Shaped:
    """Return the shaped answer of a text for rows as they were fetched."""
    planned = plan(text)
    layout = compiled(planned).layout
    fetched = Fetched(rows, has_more, total)
    cells = convert_rows(layout, rows, ENTRY, EVERYTHING, KEY)
    seal = cursor_seal(SEAL_SECRET, PUBLIC, planned)
    return shape_answer(planned, page_of(layout, fetched, cells), NOTE, seal)


@pytest.mark.parametrize(
    ("name", "stored", "cells"),
    [
        ("name", ["甲", "", None], ["甲", "", None]),
        ("children", [2**63 - 1, -(2**63), 0, None], [2**63 - 1, -(2**63), 0, None]),
        ("present", [1, 0, None], [True, False, None]),
        ("income", [10050, -1, 0, 2**63 - 1, None], ["100.50", "-0.01", "0.00", "92233720368547758.07", None]),
        ("born", ["0001-01-01", None], ["0001-01-01", None]),
        ("seen", ["2026-01-31T08:00:00Z", None], ["2026-01-31T08:00:00Z", None]),
    ],
)
def test_cells_are_shown_as_the_contract_has_their_type(name: str, stored: list[object], cells: list[object]) -> None:
    found = shown(name, stored)

    assert found == cells
    assert [type(cell) for cell in found] == [type(cell) for cell in cells]


def test_json_cells_are_shown_as_they_were_written() -> None:
    text = '{"b": 1.0, "a": [1e400, "村"]}'

    assert orjson.dumps(shown("details", [text, "null", None])) == f"[{text},null,null]".encode()


@pytest.mark.parametrize(
    ("name", "mask", "stored", "cells"),
    [
        ("name", PartialMask(1, 1), ["合成甲一", "合成", "", None], ["合**一", "**", "", None]),
        ("name", PartialMask(0, 0), ["\U0001f600e\u0301"], ["***"]),
        ("name", HashMask(), ["合成", None], [hash_text("合成", KEY), None]),
        ("name", FullMask(), ["合成", None], [None, None]),
        ("born", GeneraliseMask(Period.MONTH), ["1980-01-31", None], ["1980-01-01", None]),
        ("born", GeneraliseMask(Period.YEAR), ["1980-12-31"], ["1980-01-01"]),
        ("seen", GeneraliseMask(Period.MONTH), ["2026-01-31T16:00:00Z"], ["2026-01-31T16:00:00Z"]),
        ("seen", GeneraliseMask(Period.YEAR), ["2026-01-31T16:00:00Z"], ["2025-12-31T16:00:00Z"]),
        ("children", GeneraliseMask(Decimal(5)), [7, -1, 0, None], [5, -5, 0, None]),
        ("children", GeneraliseMask(Decimal(3)), [-(2**63)], [None]),
        ("income", GeneraliseMask(Decimal("0.50")), [10075, -1, None], ["100.50", "-0.50", None]),
        ("income", GeneraliseMask(Decimal("1E+30")), [-1, 5], ["-1000000000000000000000000000000.00", "0.00"]),
        ("present", FullMask(), [1, 0, None], [None, None, None]),
        ("details", FullMask(), ["{}", None], [None, None]),
    ],
    ids=repr,
)
def test_mask_of_every_row_keeps_the_type_and_null(
    name: str, mask: Mask, stored: list[object], cells: list[object]
) -> None:
    found = shown(name, stored, masked(name, (mask, TRUE)))

    assert found == cells
    assert [type(cell) for cell in found] == [type(cell) for cell in cells]


def test_mask_that_depends_on_the_row_is_the_one_of_its_number() -> None:
    choice = MaskChoice(
        ItemIdentifier("income"), ((None, TRUE), (GeneraliseMask(Decimal(100)), TRUE), (FullMask(), TRUE))
    )
    layout = RowLayout((ItemIdentifier("code"), ItemIdentifier("income")), (), (choice,))
    rows = [(1, "a", 10050, 0), (2, "b", 10050, 1), (3, "c", 10050, 2), (4, "d", 10050, 3), (5, "e", None, 1)]

    found = convert_rows(layout, rows, ENTRY, replace(EVERYTHING, masks=(choice,)), KEY)

    # Where no option holds nothing is shown; such a row isn't returned at all.
    assert found == [("a", "100.50"), ("b", "100.00"), ("c", None), ("d", None), ("e", None)]


def test_unmasked_option_shows_plain_types_as_they_are() -> None:
    choice = MaskChoice(ItemIdentifier("name"), ((None, TRUE), (PartialMask(1, 0), TRUE)))
    layout = RowLayout((ItemIdentifier("name"),), (), (choice,))

    found = convert_rows(layout, [(1, "合成", 0), (2, "合成", 1)], ENTRY, replace(EVERYTHING, masks=(choice,)), KEY)

    assert found == [("合成",), ("合*",)]


def test_mask_on_an_item_that_is_not_selected_does_nothing() -> None:
    assert shown("code", ["a"], masked("name", (FullMask(), TRUE))) == ["a"]


def test_no_rows_and_no_items_are_shown_as_none() -> None:
    assert shown("name", []) == []
    assert convert_rows(RowLayout((), (), ()), [(1,), (2,)], ENTRY, EVERYTHING, KEY) == [(), ()]


def test_item_that_the_entry_has_not_is_a_bug_and_never_shown() -> None:
    with pytest.raises(AssertionError, match="salary"):
        shown("salary", [1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{residents {nodes {name}}}", {"nodes": [{"name": "甲"}, {"name": "乙"}]}),
        ("{residents {nodes {a: name b: name}}}", {"nodes": [{"a": "甲", "b": "甲"}, {"a": "乙", "b": "乙"}]}),
        (
            "{residents {rows: nodes {kind: __typename name}}}",
            {"rows": [{"kind": "residents", "name": "甲"}, {"kind": "residents", "name": "乙"}]},
        ),
        ("{residents {nodes {name @skip(if: true)}}}", {"nodes": [{}, {}]}),
        (
            "{residents {edges {__typename node {name}}}}",
            {
                "edges": [
                    {"__typename": "residents_edge", "node": {"name": "甲"}},
                    {"__typename": "residents_edge", "node": {"name": "乙"}},
                ]
            },
        ),
        ("{residents {edges {node {__typename}}}}", {"edges": [{"node": {"__typename": "residents"}}] * 2}),
        (
            "{residents {pageInfo {more: hasNextPage __typename}}}",
            {"pageInfo": {"more": True, "__typename": "PageInfo"}},
        ),
        ("{residents {__typename n: totalCount}}", {"__typename": "residents_connection", "n": 12}),
        (
            "{residents {access {policies validUntil r: receipt __typename}}}",
            {
                "access": {
                    "policies": ("p1", "p2"),
                    "validUntil": "2027-01-01T00:00:00Z",
                    "r": "1-7",
                    "__typename": "Access",
                }
            },
        ),
        ("{residents {nodes @skip(if: true) {name}}}", {}),
    ],
)
def test_answer_has_the_keys_of_the_document(text: str, expected: dict[str, object]) -> None:
    rows = [(1, "甲"), (2, "乙")] if "name" in text and "skip" not in text else [(1,), (2,)]

    found = answer(text, rows, 12, has_more=True)

    assert found == expected
    assert type(found) is Shaped


def test_members_keep_the_order_of_the_document() -> None:
    found = answer("{residents {totalCount nodes {income code name}}}", [(1, 5, "a", "甲")], 1)

    assert list(found) == ["totalCount", "nodes"]
    assert orjson.dumps(found["nodes"]) == '[{"income":"0.05","code":"a","name":"甲"}]'.encode()


def test_cursors_open_to_the_places_of_their_rows() -> None:
    text = "{residents(orderBy: [{income: DESC}]) {edges {cursor node {code}} pageInfo {endCursor}}}"
    found = answer(text, [(11, "a", 500), (7, "b", None)])
    seal = cursor_seal(SEAL_SECRET, PUBLIC, plan(text))
    edges, page_info = found["edges"], found["pageInfo"]
    assert isinstance(edges, list)
    assert isinstance(page_info, dict)

    positions = [seal.open(edge["cursor"]) for edge in edges]

    assert positions == [Position((500,), 11), Position((None,), 7)]
    assert seal.open(page_info["endCursor"]) == Position((None,), 7)


def test_end_cursor_is_null_when_there_are_no_rows() -> None:
    assert answer("{residents {nodes {code} pageInfo {endCursor hasNextPage}}}", []) == {
        "nodes": [],
        "pageInfo": {"endCursor": None, "hasNextPage": False},
    }


def test_page_knows_where_each_item_stands() -> None:
    planned = plan("{residents {nodes {name code}}}")
    rows = [(3, "甲", "a")]

    page = page_of(compiled(planned).layout, Fetched(rows, False, None), [("甲", "a")])

    assert page == Page(
        {ItemIdentifier("name"): 0, ItemIdentifier("code"): 1},
        [("甲", "a")],
        slice(3, 3),
        Fetched(rows, False, None),
    )
    assert page.position(0) == Position((), 3)


def record(name: str) -> PolicyRecord:
    return PolicyRecord(
        PolicyId(name),
        Effect.ALLOW,
        PolicyKind.STATUTORY,
        Consumer(ConsumerKind.ANY_DEPARTMENT),
        EntryCode("303001001/00002"),
        ANY,
        ANY,
        ANY,
    )


def test_access_names_policies_and_the_earliest_end() -> None:
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    permit = Permit(TRUE, (record("a"), record("b")), ends)

    assert access_note(permit, public=False, receipt="1-7") == AccessNote(("a", "b"), "2027-01-01T00:00:00Z", "1-7")
    assert access_note(replace(permit, valid_until=None), public=False, receipt="1-7").valid_until is None


def test_access_tells_the_public_of_no_policy() -> None:
    permit = Permit(TRUE, (record("a"),), datetime(2027, 1, 1, tzinfo=UTC))

    assert access_note(permit, public=True, receipt="1-7") == AccessNote((), None, "1-7")


@pytest.mark.parametrize(("hours", "overdue"), [(0, False), (39, False), (40, True)])
def test_access_tells_when_rows_came_and_from_when_on_they_are_overdue(hours: int, overdue: bool) -> None:
    came = datetime(2026, 3, 1, 0, tzinfo=UTC)
    note = replace(NOTE, freshness=assess_freshness(UpdateCycle.DAILY, came), now=came + timedelta(hours=hours))
    planned = plan("{residents {access {updatedAt dueAt isOverdue}}}")

    shown = shape_answer(planned, page_of(compiled(planned).layout, Fetched([], False, None), []), note, NO_CURSORS)

    due = "2026-03-02T16:00:00Z"
    assert shown == {"access": {"updatedAt": "2026-03-01T00:00:00Z", "dueAt": due, "isOverdue": overdue}}


def test_access_tells_nothing_of_rows_of_which_nobody_knows_when_they_came() -> None:
    planned = plan("{residents {access {updatedAt dueAt isOverdue}}}")
    page = page_of(compiled(planned).layout, Fetched([], False, None), [])
    shown = shape_answer(planned, page, NOTE, NO_CURSORS)
    assert shown == {"access": {"updatedAt": None, "dueAt": None, "isOverdue": None}}
    later = replace(NOTE, freshness=assess_freshness(UpdateCycle.IRREGULAR, datetime(2026, 3, 1, tzinfo=UTC)))
    assert shape_answer(planned, page, later, NO_CURSORS)["access"]["dueAt"] is None  # type: ignore[index]
