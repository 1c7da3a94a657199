"""How many rows a request may have: what it asks for, held against the limits of its permit (enforcement.md §4)."""

from portal.access.plan import QueryPlan
from portal.access.planning import DEFAULT_ROWS
from portal.errors import ErrorCode
from portal.policies.decision import Deny, Limits, Permit


def allow_rows(plan: QueryPlan, permit: Permit, rows_today: int) -> int | Deny:
    """Return the page's size, or the refusal with the items whose limit is too small for it, in the entry's order.

    `rows_today` are those that the subject took from the entry in this calendar day of Asia/Shanghai.
    """
    first = plan.first
    left = tuple((item, rows - rows_today) for item, rows in permit.daily_rows)
    exceeded = _smaller_than(permit.max_rows, first or 1) | _smaller_than(left, first or 1)
    if exceeded:
        return Deny(tuple((item, ErrorCode.QUOTA_EXCEEDED) for item in plan.use.items if item in exceeded))
    if first is not None:
        return first
    return min([DEFAULT_ROWS, *(rows for _, rows in (*permit.max_rows, *left))])


def _smaller_than(limits: Limits, rows: int) -> frozenset[str]:
    return frozenset(item for item, limit in limits if limit < rows)


def daily_limit(permit: Permit) -> int | None:
    """Return the smallest daily limit of the used items; None where there is none."""
    return min((rows for _, rows in permit.daily_rows), default=None)
