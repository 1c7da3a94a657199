import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.json_text import DEPTH_LIMIT, JsonValue, NotJson, decode_text, describe_encoding, parse_json, render_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
FRACTIONS = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: set(str(number)) & set(".E"))
NUMBERS = st.integers() | FRACTIONS
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([0, 2]))
def test_rendered_json_reads_back_exactly(value: JsonValue, indent: int) -> None:
    assert exact(parse_json(render_json(value, indent))) == exact(value)


def exact(value: JsonValue) -> str:
    """Tells `1.0` from `1.00`, `0` from `-0.0`, and `1` from `true`, which Python finds equal."""
    return repr(value)


@given(VALUES)
def test_rendered_json_is_json_to_another_parser(value: JsonValue) -> None:
    assert json.loads(render_json(value), parse_float=Decimal) == value


def test_render_writes_one_member_a_line_when_indented() -> None:
    value: JsonValue = {"items": [{"a": Decimal("1.50")}, []], "none": {}, "open": False}
    assert render_json(value, 2) == (
        '{\n  "items": [\n    {\n      "a": 1.50\n    },\n    []\n  ],\n  "none": {},\n  "open": false\n}'
    )
    assert render_json(value) == '{"items":[{"a":1.50},[]],"none":{},"open":false}'


def test_render_writes_chinese_as_it_is() -> None:
    assert render_json(["村\n"]) == '["村\\n"]'


def test_parse_accepts_a_byte_order_mark() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_numbers_are_exact() -> None:
    value = parse_json("[0.1, 1e2, 123456789012345678901234567890, -0.0]")
    assert repr(value) == "[Decimal('0.1'), Decimal('1E+2'), 123456789012345678901234567890, Decimal('-0.0')]"


@pytest.mark.parametrize(
    ("text", "line", "path", "what"),
    [
        ('{"a": 1,\n "a": 2}', None, "", "member `a` is there twice"),
        ('{"x": [{"b": 1, "c": 2, "b": 1}]}', None, "", "member `b` is there twice"),
        ("NaN", None, "", "`NaN` is no JSON"),
        ('{"a": -Infinity}', None, "", "`-Infinity` is no JSON"),
        ('{"a": 1,\n}', 2, "", "this is no JSON at character 1"),
        ("", 1, "", "this is no JSON at character 1"),
        ("[1] [2]", 1, "", "this is no JSON at character 5"),
        ("\ufeff[1]", 1, "", "this is no JSON at character 1"),
        ('["a\tb"]', 1, "", "this is no JSON at character 4"),
        ('{"a": {"b": ["x", "\\u0000"]}}', None, "a.b[1]", "text holds NUL"),
        ('{"a": "\\ud800"}', None, "a", "half of a surrogate pair"),
        ('{"a": {"\\udfff": 1}}', None, "a", "half of a surrogate pair"),
        ("[" * 5000 + "]" * 5000, None, "", f"nested more than {DEPTH_LIMIT} deep"),
        ("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1), None, "", f"nested more than {DEPTH_LIMIT} deep"),
        ("9" * 5000, None, "", "is out of range"),
        ("1e99999999999999999999", None, "", "is out of range"),
    ],
)
def test_parse_refuses_what_is_not_strict_json(text: str, line: int | None, path: str, what: str) -> None:
    with pytest.raises(NotJson) as refused:
        parse_json(text)
    assert (refused.value.line, refused.value.path) == (line, path)
    assert what in refused.value.what.en
    assert refused.value.text.en == f"{refused.value.what.en}; {refused.value.mend.en}"


def test_parse_accepts_the_deepest_nesting_allowed() -> None:
    assert parse_json("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT) is not None


def test_parse_accepts_a_whole_surrogate_pair() -> None:
    assert parse_json('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("第一行\n村".encode("gb18030"), "GB18030"),
        ("村".encode("utf-16"), "UTF-16"),
        (b"a\xff\xff", None),
    ],
)
def test_another_encoding_is_named(content: bytes, encoding: str | None) -> None:
    said = describe_encoding(content)
    assert (f"seems to be {encoding}" in said.en) == (encoding is not None)
    assert (encoding or "不是 UTF-8") in said.zh
    with pytest.raises(NotJson):
        decode_text(content)


def test_decode_names_the_line_of_the_first_bad_byte() -> None:
    with pytest.raises(NotJson) as refused:
        decode_text(b"a\nb\nc\xff\n\xff")
    assert refused.value.line == 3


def test_parse_takes_time_in_proportion_to_the_document() -> None:
    members = ",".join(f'"m{number}":{number}' for number in range(100_000))
    start = time.process_time()
    parse_json("{" + members + "}")
    assert time.process_time() - start < 2
