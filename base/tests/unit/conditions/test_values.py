"""Constants of conditions: what each type takes, what it refuses, and where it ends."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.conditions.tree import Value, ValueType
from portal.conditions.values import check_text, fits_scale, parse_instant, parse_value
from portal.errors import BadInput, ErrorCode

COMPARABLE = (
    ValueType.STRING,
    ValueType.INTEGER,
    ValueType.DECIMAL,
    ValueType.BOOLEAN,
    ValueType.DATE,
    ValueType.DATETIME,
)
INTEGER_MAX = 2**63 - 1
INTEGER_MIN = -(2**63)
ENORMOUS = pytest.param(10**5000, id="5001 digits")


@pytest.mark.parametrize(
    ("raw", "value_type", "value"),
    [
        ("", ValueType.STRING, ""),
        (" padded\t\n", ValueType.STRING, " padded\t\n"),
        ("e\u0301", ValueType.STRING, "e\u0301"),
        ("\U0010ffff\uffff", ValueType.STRING, "\U0010ffff\uffff"),
        ("inspectors", ValueType.TEXT_LIST, "inspectors"),
        (0, ValueType.INTEGER, 0),
        (INTEGER_MAX, ValueType.INTEGER, INTEGER_MAX),
        (INTEGER_MIN, ValueType.INTEGER, INTEGER_MIN),
        ("-9223372036854775808", ValueType.INTEGER, INTEGER_MIN),
        ("9223372036854775807", ValueType.INTEGER, INTEGER_MAX),
        ("-0", ValueType.INTEGER, 0),
        ("12.50", ValueType.DECIMAL, Decimal("12.5")),
        ("-0.001", ValueType.DECIMAL, Decimal("-0.001")),
        (7, ValueType.DECIMAL, Decimal(7)),
        (Decimal("1E+3"), ValueType.DECIMAL, Decimal(1000)),
        ("9" * 60, ValueType.DECIMAL, Decimal("9" * 60)),
        (True, ValueType.BOOLEAN, True),
        (False, ValueType.BOOLEAN, False),
        ("0001-01-01", ValueType.DATE, date(1, 1, 1)),
        ("9999-12-31", ValueType.DATE, date(9999, 12, 31)),
        ("2024-02-29", ValueType.DATE, date(2024, 2, 29)),
    ],
    ids=repr,
)
def test_constant_is_taken_exactly_when_it_fits_its_type(raw: object, value_type: ValueType, value: Value) -> None:
    parsed = parse_value(raw, value_type)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31t08:00:00z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00+08:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00:00-23:59", datetime(2026, 2, 1, 7, 59, tzinfo=UTC)),
        ("2026-01-31T08:00:00-00:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("0001-01-01T08:00:00+08:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_instant_is_put_in_utc_when_it_has_an_offset(raw: str, moment: datetime) -> None:
    assert parse_value(raw, ValueType.DATETIME) == moment
    assert parse_instant(raw).utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    ("raw", "value_type"),
    [
        *(
            (1, value_type)
            for value_type in (ValueType.STRING, ValueType.DATE, ValueType.DATETIME, ValueType.TEXT_LIST)
        ),
        *(([], value_type) for value_type in COMPARABLE),
        *(({"eq": 1}, value_type) for value_type in COMPARABLE),
        *((1.5, value_type) for value_type in COMPARABLE),
        *(("", value_type) for value_type in COMPARABLE if value_type is not ValueType.STRING),
        (True, ValueType.INTEGER),
        (True, ValueType.DECIMAL),
        (Decimal("1.0"), ValueType.INTEGER),
        *(
            (text, ValueType.INTEGER)
            for text in ("+1", "01", "1.0", "1e3", " 1", "1 ", "0x10", "\u0661", "1_000", "--1")
        ),
        *((text, ValueType.DECIMAL) for text in ("+1", "01", "1.", ".5", "1e3", " 1", "1,5", "NaN", "\u0661", "-")),
        *((Decimal(text), ValueType.DECIMAL) for text in ("NaN", "Infinity", "-Infinity", "sNaN")),
        *((raw, ValueType.BOOLEAN) for raw in (0, 1, "true", "false")),
        *(
            (text, ValueType.DATE)
            for text in ("2026-1-31", "20260131", "2026-01-31 ", "2026-W05-6", "\uff12026-01-31", "02026-01-31")
        ),
        *(
            (text, ValueType.DATETIME)
            for text in (
                "2026-01-31",
                "2026-01-31T08:00:00",
                "2026-01-31 08:00:00Z",
                "2026-01-31T08:00Z",
                "2026-01-31T08:00:00+8",
                "2026-01-31T08:00:00+0800",
                "2026-01-31T08:00:00+08:60",
                "2026-01-31T08:00:00 +08:00",
            )
        ),
    ],
    ids=repr,
)
def test_constant_is_refused_when_it_is_of_another_form(raw: object, value_type: ValueType) -> None:
    with pytest.raises(BadInput) as refused:
        parse_value(raw, value_type)

    assert refused.value.code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("raw", [INTEGER_MAX + 1, INTEGER_MIN - 1, "9223372036854775809", "9" * 70, ENORMOUS])
def test_integer_is_refused_when_it_needs_more_than_64_bits(raw: object) -> None:
    with pytest.raises(BadInput, match=r"`-?[19]\d+…?` doesn't fit in 64 bits"):
        parse_value(raw, ValueType.INTEGER)


@pytest.mark.parametrize("raw", ["9" * 62, "0." + "1" * 61, Decimal("1E+61"), Decimal("1E-61"), ENORMOUS])
def test_decimal_is_refused_when_it_has_too_many_digits(raw: object) -> None:
    with pytest.raises(BadInput, match="has too many digits"):
        parse_value(raw, ValueType.DECIMAL)


@pytest.mark.parametrize("raw", ["2026-02-29", "2026-02-30", "2026-00-01", "2026-13-01", "2026-01-00", "0000-01-01"])
def test_date_is_refused_when_it_does_not_exist(raw: str) -> None:
    with pytest.raises(BadInput, match="date that doesn't exist"):
        parse_value(raw, ValueType.DATE)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-29T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T08:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-01-31T08:00:00+24:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_instant_is_refused_when_it_does_not_exist(raw: str) -> None:
    with pytest.raises(BadInput, match="time that doesn't exist"):
        parse_value(raw, ValueType.DATETIME)


def test_instant_is_refused_when_it_has_a_fraction_of_a_second() -> None:
    with pytest.raises(BadInput, match="fraction of a second"):
        parse_value("2026-01-31T08:00:00.0Z", ValueType.DATETIME)


@pytest.mark.parametrize("value_type", [ValueType.JSON, ValueType.ADDRESS])
def test_constant_is_refused_when_its_type_knows_only_null(value_type: ValueType) -> None:
    with pytest.raises(BadInput, match="only `isNull`"):
        parse_value("{}", value_type)


@pytest.mark.parametrize("value_type", ValueType)
def test_null_is_refused_as_a_constant_of_every_type(value_type: ValueType) -> None:
    with pytest.raises(BadInput, match="use `isNull`"):
        parse_value(None, value_type)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\0\0"])
def test_text_is_refused_when_it_holds_nul(text: str) -> None:
    for value_type in (ValueType.STRING, ValueType.TEXT_LIST):
        with pytest.raises(BadInput, match="NUL"):
            parse_value(text, value_type)


@pytest.mark.parametrize("text", ["\ud800", "a\udc00b", "\udc00\ud800"])
def test_text_is_refused_when_it_holds_half_a_surrogate_pair(text: str) -> None:
    with pytest.raises(BadInput, match="surrogate"):
        check_text(text)


@pytest.mark.parametrize("text", ["\ud7ff", "\ue000", "\U00010000"])
def test_text_is_taken_when_it_borders_on_surrogates(text: str) -> None:
    assert check_text(text) == text


@pytest.mark.parametrize("raw", ["x" * 5000, ["x" * 5000], True, ENORMOUS])
def test_refusal_shows_the_value_cut_short_in_both_languages(raw: object) -> None:
    with pytest.raises(BadInput) as refused:
        parse_value(raw, ValueType.DATE)

    assert len(refused.value.text.en) < 200
    assert len(refused.value.text.zh) < 200
    assert refused.value.text.en != refused.value.text.zh


@pytest.mark.parametrize(
    ("number", "scale", "fits"),
    [
        ("1.23", 2, True),
        ("1.230", 2, False),
        ("1.234", 2, False),
        ("1", 0, True),
        ("1.0", 0, False),
        ("92233720368547758.07", 2, True),
        ("-92233720368547758.07", 2, True),
        ("92233720368547758.08", 2, False),
        ("-92233720368547758.08", 2, False),
        ("1E+18", 0, True),
        ("1E+19", 0, False),
    ],
)
def test_decimal_fits_its_scale_when_its_digits_and_64_bits_allow(number: str, scale: int, fits: bool) -> None:
    assert fits_scale(Decimal(number), scale) is fits
