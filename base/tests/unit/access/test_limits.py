"""How many rows a page may have: what is asked, held against limits a request and a day."""

import pytest

from portal.access.limits import allow_rows, daily_limit
from portal.access.plan import QueryPlan
from portal.conditions.tree import TRUE
from portal.errors import ErrorCode
from portal.policies.decision import Deny, Limits, Permit
from portal.vocabulary import ItemIdentifier
from tests.fixtures.planned import plan


def limits(**rows: int) -> Limits:
    return tuple((ItemIdentifier(item), count) for item, count in rows.items())


def permit(max_rows: Limits = (), daily_rows: Limits = ()) -> Permit:
    return Permit(TRUE, (), None, max_rows=max_rows, daily_rows=daily_rows)


def asked(first: int | None) -> QueryPlan:
    argument = "null" if first is None else str(first)
    return plan(f"{{residents(first: {argument}) {{nodes {{code name income}}}}}}")


@pytest.mark.parametrize(
    ("first", "max_rows", "daily_rows", "taken", "allowed"),
    [
        (None, (), (), 0, 100),
        (1000, (), (), 0, 1000),
        (None, limits(name=7), (), 0, 7),
        (None, limits(name=700), (), 0, 100),
        (7, limits(name=7), (), 0, 7),
        (None, limits(name=9, income=4), (), 0, 4),
        (None, (), limits(name=50), 20, 30),
        (30, (), limits(name=50), 20, 30),
        (None, limits(name=40), limits(name=50), 20, 30),
        (None, limits(name=10), limits(name=50), 20, 10),
        (None, (), limits(name=1000), 0, 100),
        (None, (), limits(name=5, code=3), 2, 1),
    ],
)
def test_page_has_what_was_asked_or_what_the_limits_leave(
    first: int | None, max_rows: Limits, daily_rows: Limits, taken: int, allowed: int
) -> None:
    assert allow_rows(asked(first), permit(max_rows, daily_rows), taken) == allowed


@pytest.mark.parametrize(
    ("first", "max_rows", "daily_rows", "taken", "items"),
    [
        (8, limits(name=7), (), 0, ["name"]),
        (8, limits(name=7, income=9), (), 0, ["name"]),
        (8, limits(income=7), limits(code=7), 0, ["code", "income"]),
        (31, (), limits(name=50), 20, ["name"]),
        (1, (), limits(name=50), 50, ["name"]),
        (None, (), limits(name=50), 50, ["name"]),
        (None, (), limits(name=50), 51, ["name"]),
        (None, (), limits(name=50, income=60), 55, ["name"]),
    ],
)
def test_page_is_refused_with_the_items_whose_limit_it_exceeds_in_the_order_of_the_entry(
    first: int | None, max_rows: Limits, daily_rows: Limits, taken: int, items: list[str]
) -> None:
    assert allow_rows(asked(first), permit(max_rows, daily_rows), taken) == Deny(
        tuple((ItemIdentifier(item), ErrorCode.QUOTA_EXCEEDED) for item in items)
    )


def test_daily_limit_is_the_smallest_of_the_items() -> None:
    assert daily_limit(permit()) is None
    assert daily_limit(permit(daily_rows=limits(name=50, income=20))) == 20
