from enum import StrEnum

import pytest

from portal.catalog.members import Members, shorten
from portal.errors import Fault
from portal.json_text import JsonValue


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def members(**document: JsonValue) -> Members:
    return Members(document, "catalog/x.json", "items[0]")


def told(reading: Members) -> list[tuple[str, str]]:
    return [(fault.column, fault.what.en) for fault in reading.faults]


def test_place_is_the_key_alone_at_the_top_of_a_document() -> None:
    assert Members({}, "catalog/x.json").place("code") == "code"
    assert members().place("code") == "items[0].code"


def test_fault_has_file_place_and_both_languages() -> None:
    reading = members()
    reading.text("name")
    [fault] = reading.faults
    assert (fault.file, fault.row, fault.column) == ("catalog/x.json", None, "items[0].name")
    assert (fault.what.zh, fault.mend.zh) == ("缺少 `name`", "请填写文本")


def test_unknown_members_are_each_a_fault_when_not_among_the_known() -> None:
    reading = members(a=1, b=2, c=3)
    assert reading.checked(("b",)).document == {"b": 2}
    assert told(reading) == [("items[0].a", "unknown member `a`"), ("items[0].c", "unknown member `c`")]
    assert reading.faults[0].mend.en == "remove it; known are b"


def test_member_is_read_as_the_missing_one_that_was_meant() -> None:
    reading = members(lenght=3, name="x", nmae="y")
    assert reading.checked(("length", "name")).document == {"length": 3, "name": "x"}
    assert told(reading) == [("items[0].lenght", "unknown member `lenght`"), ("items[0].nmae", "unknown member `nmae`")]
    assert [fault.mend.en for fault in reading.faults] == ["write `length`", "remove it; known are length, name"]


@pytest.mark.parametrize(
    ("raw", "shown"), [("", '""'), (None, "null"), (1, "1"), ([], "[]"), ({"a": True}, '{"a":true}')]
)
def test_text_is_refused_when_it_is_empty_or_none(raw: JsonValue, shown: str) -> None:
    reading = members(name=raw)
    assert reading.text("name") == ""
    assert told(reading) == [("items[0].name", f"`name` can't be `{shown}`")]


def test_text_is_returned_as_it_is() -> None:
    assert members(name=" 村 ").text("name") == " 村 "


def test_optional_text_is_none_when_null_or_left_out_but_not_empty() -> None:
    reading = members(a=None, c="x", d="")
    assert [reading.optional_text(key) for key in "abcd"] == [None, None, "x", None]
    assert told(reading) == [("items[0].d", '`d` can\'t be `""`')]


def test_flag_has_its_stand_in_when_it_is_no_boolean() -> None:
    reading = members(a=True, b=1)
    assert [reading.flag("a"), reading.flag("b"), reading.flag("c", stand_in=True)] == [True, False, True]
    assert told(reading) == [("items[0].b", "`b` can't be `1`"), ("items[0].c", "`c` is missing")]


def test_choice_has_the_first_value_as_stand_in_when_it_is_unknown() -> None:
    reading = members(a="blue", b="green", c=None)
    assert [reading.choice(key, tuple(Colour)) for key in "abc"] == [Colour.BLUE, Colour.RED, Colour.RED]
    assert told(reading) == [("items[0].b", '`b` can\'t be `"green"`'), ("items[0].c", "`c` can't be `null`")]
    assert reading.faults[0].mend.en == "write one of red, blue"


def test_choices_may_be_empty_but_not_doubled_unknown_or_left_out() -> None:
    reading = members(a=[], b=["red", "red"], c=["red", "green", 1], e="red")
    chosen = [reading.choices(key, tuple(Colour)) for key in "abcde"]
    assert chosen == [(), (Colour.RED, Colour.RED), (Colour.RED,), (), ()]
    assert told(reading) == [
        ("items[0].b", "`red` is listed twice"),
        ("items[0].c", '`c` can\'t be `"green"`'),
        ("items[0].c", "`c` can't be `1`"),
        ("items[0].d", "`d` is missing"),
        ("items[0].e", '`e` can\'t be `"red"`'),
    ]


@pytest.mark.parametrize("raw", [0, 5, True, "3", 2.0, None])
def test_whole_number_is_refused_when_it_is_outside_or_no_number(raw: JsonValue) -> None:
    reading = members(n=raw)
    assert reading.whole("n", 1, 4) == 1
    assert [fault.mend.en for fault in reading.faults] == ["write a whole number from 1 to 4"]


@pytest.mark.parametrize("raw", [1, 4])
def test_whole_number_passes_when_it_is_within(raw: int) -> None:
    reading = members(n=raw)
    assert (reading.whole("n", 1, 4), reading.faults) == (raw, [])


def test_texts_may_hold_empty_ones_but_nothing_else() -> None:
    reading = members(a=["x", ""], b=["x", 1], c=[], d=None)
    assert [reading.texts(key) for key in "abcde"] == [("x", ""), ("x",), (), (), ()]
    assert told(reading) == [("items[0].b", "the list holds something else than texts")]


def test_texts_are_refused_when_required_and_empty_or_left_out() -> None:
    reading = members(a=[], b=None)
    assert [reading.texts(key, required=True) for key in "abc"] == [(), (), ()]
    assert told(reading) == [
        ("items[0].a", "`a` can't be `[]`"),
        ("items[0].b", "`b` can't be `null`"),
        ("items[0].c", "`c` is missing"),
    ]


def test_names_are_refused_when_doubled() -> None:
    reading = members(a=["x", "y", "x", "y", "z"])
    assert reading.names("a") == ("x", "y", "x", "y", "z")
    assert told(reading) == [("items[0].a", "`x` is listed twice"), ("items[0].a", "`y` is listed twice")]


def test_parts_know_their_place_and_note_faults_in_the_same_list() -> None:
    reading = members(links=[{"many": True}, 1, {}])
    parts = reading.parts("links")
    assert [part.place("many") for part in parts] == ["items[0].links[0].many", "items[0].links[2].many"]
    assert [part.flag("many") for part in parts] == [True, False]
    assert told(reading) == [
        ("items[0].links[1]", "this is no object"),
        ("items[0].links[2].many", "`many` is missing"),
    ]


def test_part_has_a_stand_in_whose_faults_go_nowhere_when_it_is_no_object() -> None:
    reading = members(format=[], good={"a": "x"})
    assert reading.part("format").text("a") == ""
    assert reading.part("good").text("a") == "x"
    assert reading.part("good").text("b") == ""
    assert told(reading) == [
        ("items[0].format", "`format` can't be `[]`"),
        ("items[0].good.b", "`b` is missing"),
    ]


def test_long_values_are_shortened_in_messages() -> None:
    assert shorten("村" * 60) == "村" * 60
    assert shorten("村" * 61) == "村" * 60 + "…"
    reading = members(a=["x" * 1000])
    reading.text("a")
    faults: list[Fault] = reading.faults
    assert len(faults[0].what.en) < 100
