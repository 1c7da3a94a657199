from dataclasses import replace

import pytest

from tests.oracle.document import (
    Directive,
    Document,
    Field,
    Flag,
    Inline,
    Literal,
    Members,
    Null,
    Number,
    Several,
    Text,
    Word,
)
from tests.oracle.expectation import Answered, CursorOf, Executed, NotValid, Refused
from tests.oracle.masks import Full, Generalise, Partial
from tests.oracle.samples import (
    APP,
    IN_REGION,
    PUBLIC,
    answer_to,
    asked,
    days,
    nodes_of,
    reference_of,
    restriction,
    statute,
)
from tests.oracle.world import Kind, Record


def order(*pairs: tuple[str, str]) -> Several:
    return Several(tuple(Members(((name, Word(word)),)) for name, word in pairs))


def where(name: str, operator: str, operand: Literal) -> Members:
    return Members(((name, Members(((operator, operand),))),))


def codes_of(answer: Answered | Refused | None) -> str:
    nodes = nodes_of(answer)
    assert isinstance(nodes, list)
    return "".join(node["code"] for node in nodes)


def refused(codes: str, *items: str) -> Refused:
    return Refused(frozenset({codes}), items or None)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ((), "cabd"),
        ((("count", "ASC"),), "dcba"),
        ((("count", "DESC"),), "cbda"),
        ((("count", "DESC"), ("code", "ASC")), "bcda"),
        ((("division", "ASC"),), "acbd"),
        ((("division", "DESC"),), "bcad"),
        ((("name", "ASC"),), "dbca"),
    ],
)
def test_rows_come_in_the_order_asked(pairs: tuple[tuple[str, str], ...], expected: str) -> None:
    assert codes_of(answer_to(reference_of(statute()), APP, asked("code", orderBy=order(*pairs)))) == expected


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        (where("count", "eq", Text("3")), "cb"),
        (where("count", "lt", Number("3")), "d"),
        (where("name", "isNull", Flag(value=False)), "cbd"),
        (where("name", "eq", Text("")), "d"),
        (where("name", "ne", Text("王一")), "bd"),
        (Members((("not", where("name", "in", Several((Text("王一"),)))),)), "bd"),
        (Members((("or", Several(())),)), ""),
        (Members((("and", Several(())),)), "cabd"),
        (where("division", "startsWith", Text("3710")), "ca"),
        (Null(), "cabd"),
    ],
)
def test_filter_leaves_the_rows_that_meet_it(literal: Literal, expected: str) -> None:
    assert codes_of(answer_to(reference_of(statute()), APP, asked("code", where=literal))) == expected


def test_filtered_item_is_used() -> None:
    reference = reference_of(statute(), restriction(items=("name",)))
    answer = answer_to(
        reference, APP, asked("code", where=Members((("or", Several((where("name", "isNull", Flag(value=True)),))),)))
    )
    assert answer == refused("ITEM_DENIED", "name")


def test_request_without_items_is_decided_as_by_the_key() -> None:
    reference = reference_of(statute(), restriction(items=("code",), scope=IN_REGION))
    answer = answer_to(reference, APP, asked())
    assert isinstance(answer, Answered)
    # In the row without a division the restriction's scope is unknown, and so applies.
    assert answer.total == 1


def test_key_outside_the_view_is_not_named() -> None:
    reference = reference_of(statute(items=("name",)))
    assert answer_to(reference, APP, asked()) == Refused(frozenset({"ITEM_DENIED"}), ())


def test_unknown_and_forbidden_items_are_not_valid_alike() -> None:
    reference = reference_of(statute(items=("code",)))
    for name in ("name", "nowhere"):
        assert reference.expect(APP, asked("code", name)) == NotValid()
        assert reference.expect(APP, asked("code", where=where(name, "isNull", Flag(value=True)))) == NotValid()
        assert reference.expect(APP, asked("code", orderBy=order((name, "ASC")))) == NotValid()


def test_left_out_item_is_not_used_but_validated() -> None:
    reference = reference_of(statute(items=("code", "name")), restriction(items=("name",)))
    skipped = Directive("skip", Flag(value=True))
    nodes = Field("nodes", (Field("code"), Inline(None, (Field("name"),), (skipped,))))
    document = Document((Field("shared", (Field("residents", (nodes,)),)),))
    assert codes_of(answer_to(reference, APP, document)) == "cabd"
    hidden = Document(
        (Field("shared", (Field("residents", (nodes, Field("nodes", (Field("count", directives=(skipped,)),)))),)),)
    )
    assert reference.expect(APP, hidden) == NotValid()


MASKED = statute(masks={"name": Partial(1, 0), "count": Generalise(2)})


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((MASKED,), refused("MASKED_ITEM", "name")),
        ((MASKED, statute("free", items=("name",), scope=IN_REGION)), refused("MASKED_ITEM", "name")),
        ((MASKED, statute("free", items=("name",), modes=("exchange",))), refused("MASKED_ITEM", "name")),
        ((statute(masks={"name": Full()}, items=("code",)), statute("free", scope=IN_REGION)), None),
        ((MASKED, statute("free", items=("name",))), None),
    ],
)
def test_filter_on_a_masked_item_is_refused(records: tuple[Record, ...], expected: Refused | None) -> None:
    answer = answer_to(reference_of(*records), APP, asked("code", orderBy=order(("name", "ASC"))))
    assert answer == expected or (expected is None and isinstance(answer, Answered))


def test_cell_shows_the_weakest_mask_of_those_that_apply_to_it() -> None:
    reference = reference_of(MASKED, statute("free", items=("name",), scope=IN_REGION))
    assert nodes_of(answer_to(reference, APP, asked("name", "count"))) == [
        {"name": "王一", "count": 2},
        {"name": None, "count": None},
        {"name": "李*", "count": 2},
        {"name": "", "count": -2},
    ]


@pytest.mark.parametrize(
    ("first", "limits", "expected"),
    [
        (None, (2,), "ca"),
        (2, (2,), "ca"),
        (3, (2,), "QUOTA_EXCEEDED"),
        (3, (2, 3), "cab"),
        (1000, (2, None), "cabd"),
    ],
)
def test_page_is_bounded_by_the_largest_limit(first: int | None, limits: tuple[int | None, ...], expected: str) -> None:
    records = [statute(f"s{serial}", max_rows=limit) for serial, limit in enumerate(limits)]
    arguments = {} if first is None else {"first": Number(str(first))}
    answer = answer_to(reference_of(*records), APP, asked("code", **arguments))
    assert answer == refused(expected) if isinstance(answer, Refused) else codes_of(answer) == expected


def test_day_is_used_up() -> None:
    reference = reference_of(statute(daily_rows=3))
    for first, expected in ((2, "ca"), (2, None), (None, "c"), (None, None)):
        document = asked("code", **({} if first is None else {"first": Number(str(first))}))
        answer = answer_to(reference, APP, document)
        reference.count(APP, reference.expect(APP, document))
        assert answer == refused("QUOTA_EXCEEDED") if expected is None else codes_of(answer) == expected


def test_access_names_the_records_that_could_apply_and_their_earliest_end() -> None:
    reference = reference_of(
        statute("b", valid_until=days(20)),
        statute("Z", items=("name",), valid_until=days(10), scope=IN_REGION),
        statute("a", items=("count",), valid_until=days(1)),
        statute("gone", valid_until=days(-1)),
    )
    answer = answer_to(reference, APP, asked("name"))
    assert isinstance(answer, Answered)
    assert isinstance(answer.tree, dict)
    assert answer.tree["access"] == {"policies": ["Z", "b"], "validUntil": "2026-06-25T04:00:00Z"}


def test_public_is_told_of_no_policy() -> None:
    reference = reference_of(statute("o", kind=Kind.OPEN_DATA, consumer="public", valid_until=days(1)))
    answer = answer_to(reference, PUBLIC, asked("code"))
    assert isinstance(answer, Answered)
    assert isinstance(answer.tree, dict)
    assert answer.tree["access"] == {"policies": [], "validUntil": None}


def test_page_goes_on_after_the_cursor_s_row() -> None:
    reference = reference_of(statute())
    by_count = order(("count", "ASC"))
    answer = answer_to(reference, APP, asked("code", orderBy=by_count, first=Number("2")))
    assert isinstance(answer, Answered)
    assert isinstance(answer.tree, dict)
    cursor = answer.tree["pageInfo"]["endCursor"]
    assert isinstance(cursor, CursorOf)
    assert answer.tree["pageInfo"]["hasNextPage"] is True
    reference.sightings.cursors["sealed"] = cursor
    onwards = asked("code", orderBy=by_count, after=Text("sealed"))
    assert codes_of(answer_to(reference, APP, onwards)) == "ba"
    assert answer_to(reference, APP, asked("code", after=Text("sealed"))) == refused("BAD_INPUT")
    assert answer_to(reference, replace(APP, application="app-2"), onwards) == refused("BAD_INPUT")
    assert answer_to(reference, APP, asked("code", orderBy=by_count, after=Text("seale"))) == refused("BAD_INPUT")


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": Number("0")},
        {"first": Number("1001")},
        {"where": Members((("name", Members(())),))},
        {"where": where("name", "eq", Null())},
        {"where": where("name", "in", Several((Text("x"), Null())))},
        {"where": where("count", "eq", Text("9223372036854775808"))},
        {"orderBy": Several((Members(()),))},
        {"orderBy": Several((Members((("name", Word("ASC")), ("count", Word("ASC")))),))},
    ],
)
def test_bad_input_is_refused_at_the_field(arguments: dict[str, Literal]) -> None:
    expected = reference_of(statute()).expect(APP, asked("code", **arguments))
    assert isinstance(expected, Executed)
    assert expected.fields == {("shared", "residents"): refused("BAD_INPUT")}
    assert expected.tree == {"shared": {"residents": None}}


@pytest.mark.parametrize("first", [Text("1"), Number("2147483648"), Number("1.5")])
def test_first_that_is_no_int_is_wrong_either_way(first: Literal) -> None:
    expected = reference_of(statute()).expect(APP, asked("code", first=first))
    assert isinstance(expected, Executed)
    assert expected.perhaps_not_valid
    assert expected.fields == {("shared", "residents"): refused("BAD_INPUT")}


@pytest.mark.parametrize(
    "arguments",
    [
        {"where": where("name", "eq", Number("1"))},
        {"where": where("name", "like", Text("1"))},
        {"purpose": Text("VERIFICATION")},
        {"orderBy": Several((Members((("name", Word("UP")),)),))},
        {"limit": Number("1")},
    ],
)
def test_wrong_kind_is_not_valid(arguments: dict[str, Literal]) -> None:
    assert reference_of(statute()).expect(APP, asked("code", **arguments)) == NotValid()
