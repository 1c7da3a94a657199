import hashlib
import hmac
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from random import Random
from zoneinfo import ZoneInfo

import pytest

from portal.conditions.tree import Value
from portal.conditions.values import INTEGER_MAX, INTEGER_MIN
from portal.policies.masks import department_key, generalise, mask_function, mask_on, show_partly, weakness
from portal.policies.records import FullMask, GeneraliseMask, HashMask, Mask, PartialMask, Period
from portal.vocabulary import DepartmentCode, ItemIdentifier
from tests.policies.building import CONSUMER, STRANGER, record

KEY = b"synthetic department key"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def shown(mask: Mask, value: Value) -> Value | None:
    return mask_function(mask, KEY)(value)


@pytest.mark.parametrize(
    ("head", "tail", "text", "expected"),
    [
        (6, 4, "999999199001010019", "999999********0019"),
        (1, 0, "王小明", "王**"),
        (0, 1, "王小明", "**明"),
        (0, 0, "王小明", "***"),
        (2, 1, "王小明", "***"),
        (1, 1, "王小明", "王*明"),
        (9, 9, "王小明", "***"),
        (1, 0, "", ""),
        (0, 0, "", ""),
        (1, 0, "a", "*"),
        (1, 1, "a\U0001f600b", "a*b"),
        (1, 1, "\U0001f600x\U00020000", "\U0001f600*\U00020000"),
        (1, 0, "e\u0301f", "e**"),
        (1, 1, "***", "***"),
        (1, 0, "a\nb", "a**"),
    ],
)
@pytest.mark.clause("enforcement.md §4, masks")
def test_partial_mask_shows_head_and_tail_by_code_point(head: int, tail: int, text: str, expected: str) -> None:
    assert shown(PartialMask(head, tail), text) == expected


def test_partial_mask_keeps_length_and_shows_no_more_than_it_may() -> None:
    random = Random(7)
    for _ in range(2000):
        text = "".join(random.choices("甲乙丙ab\U0001f600", k=random.randint(0, 12)))
        head, tail = random.randint(0, 6), random.randint(0, 6)
        masked = show_partly(text, head, tail)
        free = head + tail if len(text) > head + tail else 0
        assert len(masked) == len(text)
        assert masked.count("*") == len(text) - free
        assert masked.replace("*", "") == (text[:head] + text[len(text) - tail :] if free else "")


def test_full_mask_shows_null_whatever_the_value() -> None:
    for value in ("x", "", 1, Decimal(0), True, False, date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC), "[1]"):
        assert shown(FullMask(), value) is None


def test_mask_function_generalises_when_the_mask_does() -> None:
    assert shown(GeneraliseMask(Period.YEAR), date(2026, 3, 31)) == date(2026, 1, 1)
    assert shown(GeneraliseMask(Decimal(10)), 19) == 10


def test_hash_mask_is_hmac_under_the_departments_key() -> None:
    key = department_key(b"secret", CONSUMER)
    expected = hmac.new(hmac.new(b"secret", CONSUMER.encode(), hashlib.sha256).digest(), "王".encode(), hashlib.sha256)
    assert mask_function(HashMask(), key)("王") == expected.hexdigest()[:32]


@pytest.mark.clause("enforcement.md §4, hash")
def test_hash_mask_is_equal_for_one_department_and_for_no_two() -> None:
    departments = [CONSUMER, STRANGER, None, DepartmentCode(CONSUMER.lower())]
    hashes = [mask_function(HashMask(), department_key(b"secret", one))("999999199001010019") for one in departments]
    again = [mask_function(HashMask(), department_key(b"secret", one))("999999199001010019") for one in departments]
    assert hashes == again
    assert len(set(hashes)) == len(departments)
    assert all(isinstance(one, str) and len(one) == 32 and one == one.lower() for one in hashes)
    assert int("".join(map(str, hashes)), 16)


def test_hash_mask_is_another_under_another_secret_or_value() -> None:
    secrets = [department_key(secret, CONSUMER) for secret in (b"a", b"b")]
    assert len({mask_function(HashMask(), key)(text) for key in secrets for text in ("", "a", "A", "a ", "*")}) == 10


def test_hash_of_the_public_is_under_the_empty_department() -> None:
    assert department_key(b"secret", None) == department_key(b"secret", DepartmentCode(""))


@pytest.mark.parametrize(
    ("to", "value", "expected"),
    [
        (Period.YEAR, date(2026, 3, 31), date(2026, 1, 1)),
        (Period.MONTH, date(2026, 3, 31), date(2026, 3, 1)),
        (Period.MONTH, date(2024, 2, 29), date(2024, 2, 1)),
        (Period.YEAR, date(1, 12, 31), date(1, 1, 1)),
        (Period.MONTH, date(9999, 12, 31), date(9999, 12, 1)),
    ],
)
def test_date_becomes_the_first_day_of_its_period(to: Period, value: date, expected: date) -> None:
    masked = generalise(value, to)
    assert masked == expected
    assert not isinstance(masked, datetime)


@pytest.mark.parametrize(
    ("to", "value", "expected"),
    [
        # Eight hours east of Greenwich the next month has begun.
        (Period.MONTH, "2026-01-31T15:59:59", "2025-12-31T16:00:00"),
        (Period.MONTH, "2026-01-31T16:00:00", "2026-01-31T16:00:00"),
        (Period.YEAR, "2025-12-31T16:00:00", "2025-12-31T16:00:00"),
        (Period.YEAR, "2025-12-31T15:59:59", "2024-12-31T16:00:00"),
        # Summer time, 1986 to 1991: the clock was at +9 in July, not when the month of May began.
        (Period.MONTH, "1990-07-15T00:00:00", "1990-06-30T15:00:00"),
        (Period.YEAR, "1990-07-15T00:00:00", "1989-12-31T16:00:00"),
        (Period.MONTH, "1986-05-20T00:00:00", "1986-04-30T16:00:00"),
        # 1942 to 1945 the whole year was at +9.
        (Period.YEAR, "1943-06-01T00:00:00", "1942-12-31T15:00:00"),
        # Midnight of 1 June 1940 was skipped: the month began with the change of the clock.
        (Period.MONTH, "1940-06-10T00:00:00", "1940-05-31T16:00:00"),
        # Before 1901 local mean time, 8:05:43 ahead.
        (Period.MONTH, "1900-06-10T00:00:00", "1900-05-31T15:54:17"),
        (Period.YEAR, "0999-06-10T00:00:00", "0998-12-31T15:54:17"),
    ],
)
@pytest.mark.clause("enforcement.md §4, generalise")
def test_instant_becomes_the_first_of_its_period_in_shanghai(to: Period, value: str, expected: str) -> None:
    moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    assert generalise(moment, to) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("to", Period)
def test_instant_becomes_the_first_of_its_period_by_the_words_of_the_contract(to: Period) -> None:
    random = Random(11)
    first, last = datetime(1899, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    second = timedelta(seconds=1)

    def period(moment: datetime) -> tuple[int, int]:
        local = moment.astimezone(SHANGHAI)
        return local.year, 0 if to is Period.YEAR else local.month

    for _ in range(3000):
        moment = first + random.randint(0, int((last - first).total_seconds())) * second
        start = generalise(moment, to)
        assert isinstance(start, datetime)
        assert start.tzinfo is UTC
        assert start <= moment
        assert period(start) == period(moment) == period(start + second)
        assert period(start - second) < period(moment)


@pytest.mark.parametrize("to", Period)
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_instant_shows_null_when_its_period_lies_outside_the_calendar(to: Period, moment: str) -> None:
    assert generalise(datetime.fromisoformat(moment), to) is None


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        (10, 19, 10),
        (10, 10, 10),
        (10, 0, 0),
        (10, -1, -10),
        (10, -10, -10),
        (10, -11, -20),
        (1, -7, -7),
        (7, -15, -21),
        (2**62, INTEGER_MIN, INTEGER_MIN),
        (INTEGER_MAX, INTEGER_MAX, INTEGER_MAX),
        (3, INTEGER_MAX, INTEGER_MAX - 1),
    ],
)
def test_integer_becomes_the_multiple_at_or_below(step: int, value: int, expected: int) -> None:
    masked = generalise(value, Decimal(step))
    assert masked == expected
    assert type(masked) is int


@pytest.mark.parametrize("step", [3, 10, INTEGER_MAX])
def test_integer_shows_null_when_the_multiple_does_not_fit_in_64_bits(step: int) -> None:
    assert generalise(INTEGER_MIN, Decimal(step)) is None


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        ("10", "19.99", "10"),
        ("10", "-0.01", "-10"),
        ("0.5", "1.49", "1.0"),
        ("0.5", "-1.51", "-2.0"),
        ("0.01", "123.45", "123.45"),
        ("0.25", "0", "0"),
        ("0.3", "1", "0.9"),
        ("92233720368547758.07", "-92233720368547758.07", "-92233720368547758.07"),
        ("92233720368547758.07", "-0.01", "-92233720368547758.07"),
        ("92233720368547758.06", "-92233720368547758.07", "-184467440737095516.12"),
    ],
)
def test_decimal_becomes_the_multiple_at_or_below_exactly(step: str, value: str, expected: str) -> None:
    masked = generalise(Decimal(value), Decimal(step))
    assert isinstance(masked, Decimal)
    assert masked == Decimal(expected)


def test_number_becomes_the_multiple_by_the_words_of_the_contract() -> None:
    random = Random(13)
    for _ in range(2000):
        value = Decimal(random.randint(INTEGER_MIN, INTEGER_MAX)).scaleb(-2)
        step = Decimal(random.randint(1, 10 ** random.randint(1, 19))).scaleb(-2)
        masked = generalise(value, step)
        assert isinstance(masked, Decimal)
        # In hundredths, where Python counts exactly.
        whole, part = int(masked * 100), int(step * 100)
        assert whole == masked * 100
        assert whole % part == 0
        assert whole <= int(value * 100) < whole + part


def test_text_is_never_generalised() -> None:
    with pytest.raises(AssertionError):
        generalise("2026-01-31", Period.YEAR)


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        (None, PartialMask(9, 9)),
        (PartialMask(4, 4), PartialMask(3, 4)),
        (PartialMask(4, 4), PartialMask(4, 3)),
        (PartialMask(4, 3), PartialMask(3, 4)),
        (PartialMask(7, 0), PartialMask(0, 7)),
        (PartialMask(0, 1), PartialMask(0, 0)),
        (PartialMask(0, 0), HashMask()),
        (PartialMask(0, 0), FullMask()),
        (GeneraliseMask(Period.MONTH), GeneraliseMask(Period.YEAR)),
        (GeneraliseMask(Period.YEAR), FullMask()),
        (GeneraliseMask(Decimal(9)), GeneraliseMask(Decimal(10))),
        (GeneraliseMask(Decimal("0.01")), GeneraliseMask(Decimal("0.1"))),
        (GeneraliseMask(Decimal(10**18)), FullMask()),
        (GeneraliseMask(Decimal(10**18)), HashMask()),
        (PartialMask(0, 0), GeneraliseMask(Period.MONTH)),
        (HashMask(), FullMask()),
        (None, FullMask()),
    ],
)
@pytest.mark.clause("enforcement.md §4, weakest mask")
def test_weakest_mask_comes_first(weaker: Mask | None, stronger: Mask | None) -> None:
    assert weakness(weaker) < weakness(stronger)


def test_order_of_masks_is_total_on_one_item() -> None:
    texts = [None, HashMask(), FullMask(), *(PartialMask(head, tail) for head in range(4) for tail in range(4))]
    for one, other in combinations(texts, 2):
        assert weakness(one) != weakness(other)


def test_mask_is_never_guessed_when_its_kind_is_unknown() -> None:
    with pytest.raises(AssertionError):
        weakness("blur")  # type: ignore[arg-type]  # no mask, which is the point


def test_mask_lies_on_the_items_that_the_record_names() -> None:
    found = record(items=["*"], obligations={"mask": {"name": {"full": {}}, "born": {"generalise": {"to": "year"}}}})
    assert mask_on(found, ItemIdentifier("name")) == FullMask()
    assert mask_on(found, ItemIdentifier("born")) == GeneraliseMask(Period.YEAR)
    assert mask_on(found, ItemIdentifier("note")) is None
