"""Cells of CSV files: read exactly, refused where anything would be changed, and written back as they were."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.conditions.tree import Value, ValueType
from portal.conditions.values import parse_cell, render_cell, render_decimal, render_instant
from portal.errors import BadInput

CELLS: list[tuple[str, ValueType, int | None, Value]] = [
    ("", ValueType.STRING, None, ""),
    (' 合成，"x"\n', ValueType.STRING, None, ' 合成，"x"\n'),
    ("-9223372036854775808", ValueType.INTEGER, None, -(2**63)),
    ("100.50", ValueType.DECIMAL, 2, Decimal("100.50")),
    ("-0.01", ValueType.DECIMAL, 2, Decimal("-0.01")),
    ("7", ValueType.DECIMAL, 0, Decimal(7)),
    ("9.223372036854775807", ValueType.DECIMAL, 18, Decimal("9.223372036854775807")),
    ("true", ValueType.BOOLEAN, None, True),
    ("false", ValueType.BOOLEAN, None, False),
    ("0001-01-01", ValueType.DATE, None, date(1, 1, 1)),
    ("0999-12-31T23:59:59Z", ValueType.DATETIME, None, datetime(999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ("9999-12-31T23:59:59Z", ValueType.DATETIME, None, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ('{"b": 1.0, "a": [1e400, "\\u00e9"]}', ValueType.JSON, None, '{"b": 1.0, "a": [1e400, "\\u00e9"]}'),
    ("null", ValueType.JSON, None, "null"),
]


@pytest.mark.parametrize(("text", "value_type", "scale", "value"), CELLS)
def test_cell_is_read_and_written_back_the_same(
    text: str, value_type: ValueType, scale: int | None, value: Value
) -> None:
    parsed = parse_cell(text, value_type, scale)

    assert parsed == value
    assert type(parsed) is type(value)
    assert render_cell(parsed, value_type, scale) == text


@pytest.mark.parametrize(
    ("text", "value_type", "written"),
    [
        ("2026-01-31T08:00:00+08:00", ValueType.DATETIME, "2026-01-31T00:00:00Z"),
        ("1.5", ValueType.DECIMAL, "1.50"),
        ("-0", ValueType.DECIMAL, "0.00"),
        ("-0.0", ValueType.DECIMAL, "0.00"),
        ("-0", ValueType.INTEGER, "0"),
    ],
)
def test_cell_is_written_in_one_form_when_it_has_several(text: str, value_type: ValueType, written: str) -> None:
    assert render_cell(parse_cell(text, value_type, 2), value_type, 2) == written


@pytest.mark.parametrize("text", ["True", "FALSE", "0", "1", "yes", " true", "true ", ""])
def test_boolean_cell_is_refused_when_it_is_written_otherwise(text: str) -> None:
    with pytest.raises(BadInput, match="neither `true` nor `false`"):
        parse_cell(text, ValueType.BOOLEAN)


def test_boolean_constant_is_no_cell_and_the_other_way_round() -> None:
    assert parse_cell("true", ValueType.BOOLEAN) is True
    with pytest.raises(BadInput):
        parse_cell("1", ValueType.BOOLEAN)


@pytest.mark.parametrize("text", ["1.234", "1.230", "92233720368547758.08", "-92233720368547758.08"])
def test_decimal_cell_is_refused_when_it_is_beyond_its_scale(text: str) -> None:
    with pytest.raises(BadInput, match="beyond scale 2, or is too large"):
        parse_cell(text, ValueType.DECIMAL, 2)


def test_decimal_cell_without_scale_is_a_whole_number() -> None:
    assert parse_cell("5", ValueType.DECIMAL) == 5
    with pytest.raises(BadInput):
        parse_cell("5.0", ValueType.DECIMAL)


def test_string_cell_is_refused_when_it_has_more_code_points_than_its_length() -> None:
    assert parse_cell("\U0001f600e\u0301", ValueType.STRING, None, 3) == "\U0001f600e\u0301"
    with pytest.raises(BadInput, match="has 4 characters, 3 are allowed"):
        parse_cell("\U0001f600e\u0301x", ValueType.STRING, None, 3)


def test_length_counts_for_strings_alone() -> None:
    assert parse_cell("12345", ValueType.INTEGER, None, 1) == 12345


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'a': 1}",
        "[1,]",
        "NaN",
        "-Infinity",
        '"\t"',
        "1 2",
        "\ufeff1",
        "\0",
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_json_cell_is_refused_when_it_is_no_json(text: str) -> None:
    with pytest.raises(BadInput, match="is no JSON"):
        parse_cell(text, ValueType.JSON)


@pytest.mark.parametrize("text", ['"\\u0000"', '{"\\ud800": 1}', '{"a": ["\\udfff"]}', '[{"a": {"b": "\\u0000"}}]'])
def test_json_cell_is_refused_when_a_text_in_it_can_not_be_sent(text: str) -> None:
    with pytest.raises(BadInput, match=r"NUL|surrogate"):
        parse_cell(text, ValueType.JSON)


@pytest.mark.parametrize("text", ["2026-02-30", "9" * 20, "x\0"])
def test_cell_is_refused_when_a_constant_of_its_type_would_be(text: str) -> None:
    for value_type in (ValueType.INTEGER, ValueType.DATE, ValueType.DATETIME, ValueType.DECIMAL):
        with pytest.raises(BadInput):
            parse_cell(text, value_type, 2)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), "2026-01-31T08:00:00Z"),
    ],
)
def test_instant_is_written_in_twenty_characters(moment: datetime, text: str) -> None:
    assert render_instant(moment) == text


@pytest.mark.parametrize(
    ("number", "scale", "text"),
    [
        ("1", 0, "1"),
        ("1", 9, "1.000000000"),
        ("-0.00", 2, "0.00"),
        ("-1E+30", 2, "-1000000000000000000000000000000.00"),
        ("-12345678901234567890123456789.01", 2, "-12345678901234567890123456789.01"),
    ],
)
def test_decimal_is_written_exactly_whatever_its_size(number: str, scale: int, text: str) -> None:
    assert render_decimal(Decimal(number), scale) == text
