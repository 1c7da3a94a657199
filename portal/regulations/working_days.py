"""Days on which public offices work, and when an answer is due that is owed in so many of them.

Mondays to Fridays: the state's holidays, and the weekends worked in exchange for them, are published year by year and
aren't known here. So a day that is due lies too early by the holidays before it, and too late by such weekends.
"""

from datetime import date, datetime, timedelta, timezone

# China has had one offset without daylight saving since 1991.
_CHINA = timezone(timedelta(hours=8))
_SATURDAY = 5


def day_in_china(moment: datetime) -> date:
    """Return the calendar day of Asia/Shanghai in which the moment lies."""
    return moment.astimezone(_CHINA).date()


def due_day(received_at: datetime, working_days: int) -> date:
    """Return the last day of so many working days; the day on which it was received isn't counted."""
    day = day_in_china(received_at)
    while working_days > 0:
        day += timedelta(days=1)
        working_days -= day.weekday() < _SATURDAY
    return day
