from datetime import UTC, date, datetime

import pytest

from portal.regulations.profiles import load_profile, profile_names
from portal.regulations.working_days import day_in_china, due_day


@pytest.mark.parametrize(
    ("received_at", "days", "due"),
    [
        # A Monday.
        (datetime(2026, 3, 2, 1, tzinfo=UTC), 1, date(2026, 3, 3)),
        (datetime(2026, 3, 2, 1, tzinfo=UTC), 5, date(2026, 3, 9)),
        (datetime(2026, 3, 2, 1, tzinfo=UTC), 10, date(2026, 3, 16)),
        # A Friday, and the weekend behind it.
        (datetime(2026, 3, 6, 1, tzinfo=UTC), 1, date(2026, 3, 9)),
        (datetime(2026, 3, 7, 1, tzinfo=UTC), 1, date(2026, 3, 9)),
        # Friday evening in London is Saturday in China.
        (datetime(2026, 3, 6, 17, tzinfo=UTC), 1, date(2026, 3, 9)),
        # Thursday evening is Friday.
        (datetime(2026, 3, 5, 17, tzinfo=UTC), 1, date(2026, 3, 9)),
    ],
)
def test_due_day_counts_mondays_to_fridays(received_at: datetime, days: int, due: date) -> None:
    assert due_day(received_at, days) == due


def test_day_begins_at_midnight_in_china() -> None:
    assert day_in_china(datetime(2026, 3, 5, 15, 59, tzinfo=UTC)) == date(2026, 3, 5)
    assert day_in_china(datetime(2026, 3, 5, 16, 0, tzinfo=UTC)) == date(2026, 3, 6)


@pytest.mark.parametrize("name", profile_names())
def test_profile_says_when_the_public_is_answered(name: str) -> None:
    profile = load_profile(name)
    assert (profile.fault_answer_days, profile.wish_answer_days) == (10, 20)
