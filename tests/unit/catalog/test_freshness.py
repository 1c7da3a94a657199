from datetime import UTC, datetime, timedelta

import pytest

from portal.catalog.entries import UpdateCycle
from portal.catalog.freshness import assess_freshness

SECOND = timedelta(seconds=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.clause("NT-23")
@pytest.mark.parametrize(
    ("cycle", "came", "due"),
    [
        (UpdateCycle.REALTIME, "2026-01-31T08:00:00+08:00", "2026-02-02T00:00:00+08:00"),
        (UpdateCycle.DAILY, "2026-01-31T08:00:00+08:00", "2026-02-02T00:00:00+08:00"),
        (UpdateCycle.DAILY, "2026-01-31T16:00:00+00:00", "2026-02-03T00:00:00+08:00"),
        (UpdateCycle.WEEKLY, "2026-01-31T08:00:00+08:00", "2026-02-08T00:00:00+08:00"),
        (UpdateCycle.MONTHLY, "2026-01-31T08:00:00+08:00", "2026-03-01T00:00:00+08:00"),
        (UpdateCycle.MONTHLY, "2026-12-15T08:00:00+08:00", "2027-01-16T00:00:00+08:00"),
        (UpdateCycle.QUARTERLY, "2025-11-30T08:00:00+08:00", "2026-03-01T00:00:00+08:00"),
        (UpdateCycle.HALF_YEARLY, "2026-01-31T08:00:00+08:00", "2026-08-01T00:00:00+08:00"),
        (UpdateCycle.YEARLY, "2024-02-29T08:00:00+08:00", "2025-03-01T00:00:00+08:00"),
    ],
)
def test_rows_are_overdue_from_the_day_behind_their_cycle(cycle: UpdateCycle, came: str, due: str) -> None:
    freshness = assess_freshness(cycle, instant(came))
    assert freshness.due_at == instant(due)
    assert not freshness.is_overdue(instant(due) - SECOND)
    assert freshness.is_overdue(instant(due))


@pytest.mark.parametrize("cycle", [UpdateCycle.IRREGULAR, UpdateCycle.OTHER])
def test_rows_without_a_cycle_are_never_overdue(cycle: UpdateCycle) -> None:
    freshness = assess_freshness(cycle, datetime(2000, 1, 1, tzinfo=UTC))
    assert freshness.due_at is None
    assert not freshness.is_overdue(datetime(2026, 1, 1, tzinfo=UTC))
