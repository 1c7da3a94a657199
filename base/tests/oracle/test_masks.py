from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.oracle.masks import Full, Generalise, Hash, Hashed, Mask, Partial, apply_mask, shown


@pytest.mark.parametrize(
    ("value", "mask", "expected"),
    [
        ("999999200001010019", Partial(6, 4), "999999********0019"),
        ("12345", Partial(3, 2), "*****"),
        ("123456", Partial(3, 2), "123*56"),
        ("123", Partial(0, 0), "***"),
        ("王😀e\u0301", Partial(1, 0), "王***"),
        ("123", Partial(0, 2), "*23"),
        ("", Partial(1, 1), ""),
        (None, Partial(1, 1), None),
        (None, Hash(), None),
        ("x", Full(), None),
        (-1, Generalise(10), -10),
        (19, Generalise(10), 10),
        (Decimal("-0.01"), Generalise(3), Decimal(-3)),
        (Decimal("7.99"), Generalise(3), Decimal(6)),
        (date(2026, 5, 31), Generalise("month"), date(2026, 5, 1)),
        (date(2026, 5, 31), Generalise("year"), date(2026, 1, 1)),
        # 16:00 UTC is the next day in Shanghai, in 1988 already 15:00 is.
        (datetime(2025, 12, 31, 16, tzinfo=UTC), Generalise("year"), datetime(2025, 12, 31, 16, tzinfo=UTC)),
        (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), Generalise("year"), datetime(2024, 12, 31, 16, tzinfo=UTC)),
        (datetime(1988, 6, 30, 15, tzinfo=UTC), Generalise("month"), datetime(1988, 6, 30, 15, tzinfo=UTC)),
        ("x", Hash(), Hashed("d", "x")),
    ],
)
def test_mask_makes_of_a_value_what_the_page_says(value: object, mask: Mask, expected: object) -> None:
    assert apply_mask(value, mask, "d") == expected


@pytest.mark.parametrize(
    ("masks", "value", "expected"),
    [
        ([Full(), None], "abcdef", ["abcdef"]),
        ([Full(), Hash()], "abcdef", [Hashed("d", "abcdef")]),
        ([Hash(), Partial(1, 0)], "abcdef", ["a*****"]),
        ([Partial(1, 1), Partial(2, 0)], "abcdef", ["ab****"]),
        ([Partial(1, 1), Partial(0, 3)], "abcdef", ["***def"]),
        ([Partial(3, 3), Partial(2, 1)], "abcdef", ["******", "ab***f"]),
        ([Generalise("year"), Generalise("month")], date(2026, 5, 31), [date(2026, 5, 1)]),
        ([Generalise(100), Generalise(7)], 20, [14]),
        ([Full()], 20, [None]),
        ([Partial(3, 3), Full()], None, [None]),
    ],
)
def test_cell_shows_the_weakest_mask(masks: list[Mask | None], value: object, expected: list[object]) -> None:
    assert shown(value, masks, "d") == expected
