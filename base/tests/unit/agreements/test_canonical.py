"""The canonical form against RFC 8785's own examples, and the numbers that it would alter."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.agreements.canonical import canonical_form
from portal.errors import BadInput
from portal.json_text import JsonValue, parse_json

# RFC 8785 §3.2.2, but for the number that the form alters, and §3.2.3.
SAMPLE = r"""{"numbers": [1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
SAMPLE_FORM = r"""{"literals":[null,true,false],"numbers":[1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"""
SORTING = r"""{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
  "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"""
SORTED = ["Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign"]
SORTED += ["Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (SAMPLE, SAMPLE_FORM),
        ("[0,-0,0.0,-0.0]", "[0,0,0,0]"),
        ("[1e21,1e20,0.000001,0.0000001]", "[1e+21,100000000000000000000,0.000001,1e-7]"),
        ("[9007199254740991,-9007199254740991]", "[9007199254740991,-9007199254740991]"),
        ("[5e-324,1.7976931348623157e308]", "[5e-324,1.7976931348623157e+308]"),
        ("[true,1]", "[true,1]"),
    ],
)
def test_form_is_that_of_the_standard_when_it_alters_no_number(written: str, form: str) -> None:
    assert canonical_form(parse_json(written)).decode() == form


def test_form_sorts_members_by_their_utf_16_when_names_are_of_many_scripts() -> None:
    assert list(json.loads(canonical_form(parse_json(SORTING))).values()) == SORTED


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740992",
        "-9007199254740992",
        "9007199254740993.0",
        "333333333.33333329",
        "0.1000000000000000055",
        "1e400",
        "-1e400",
        "1e-400",
        "1e999999999",
        "9" * 60,
    ],
)
def test_number_is_refused_when_the_form_would_alter_it(number: str) -> None:
    with pytest.raises(BadInput) as refused:
        canonical_form(parse_json(f'{{"a": [{number}]}}'))
    assert "can't be signed" in refused.value.text.en
    assert "无法签名" in refused.value.text.zh
    assert len(refused.value.text.en) < 200


_JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number)))
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(_JSON)
def test_form_says_the_same_when_read_again(value: JsonValue) -> None:
    form = canonical_form(value)
    again = json.loads(form, parse_float=Decimal, parse_int=Decimal)
    assert canonical_form(again) == form
    assert again == value
