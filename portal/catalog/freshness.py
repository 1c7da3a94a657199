"""How fresh an entry's rows are: when they came, and when its update cycle asks for the next (B4)."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.catalog.entries import UpdateCycle

_ZONE = ZoneInfo("Asia/Shanghai")
_DAYS = {UpdateCycle.REALTIME: 1, UpdateCycle.DAILY: 1, UpdateCycle.WEEKLY: 7}
_MONTHS = {
    UpdateCycle.MONTHLY: 1,
    UpdateCycle.QUARTERLY: 3,
    UpdateCycle.HALF_YEARLY: 6,
    UpdateCycle.YEARLY: 12,
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the rows came, and the instant from which on they are overdue; None where the cycle sets none."""

    updated_at: datetime
    due_at: datetime | None

    def is_overdue(self, now: datetime) -> bool:
        """Return whether the next rows should have come by now."""
        return self.due_at is not None and now >= self.due_at


def assess_freshness(cycle: UpdateCycle, updated_at: datetime) -> Freshness:
    """Return how fresh rows are that came at that instant.

    The next are due by the end of the day, Asia/Shanghai, that lies one cycle behind the day on which they came; those
    of an entry that is kept in real time as if it were daily.
    """
    day = updated_at.astimezone(_ZONE).date()
    if cycle in _DAYS:
        due = day + timedelta(days=_DAYS[cycle])
    elif cycle in _MONTHS:
        due = _months_later(day, _MONTHS[cycle])
    else:
        return Freshness(updated_at, None)
    return Freshness(updated_at, datetime.combine(due + timedelta(days=1), time(), _ZONE))


def _months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
