"""How many rows a request may have: what it asks for, held against the limits of its permit (enforcement.md §4)."""

from portal.access.plan import Part, QueryPlan
from portal.access.planning import DEFAULT_ROWS
from portal.errors import ErrorCode
from portal.policies.decision import Deny, Limits, Permit


def allow_rows(plan: QueryPlan, permit: Permit, rows_today: int, default: int = DEFAULT_ROWS) -> int | Deny:
    """Return the page's size, or the refusal with the items whose limit is too small for it, in the entry's order.

    `rows_today` are those that the subject took from the entry in this calendar day of Asia/Shanghai; `default` is the
    size where the request leaves it open and no limit is smaller.
    """
    if plan.part is not None:
        return _allow_part(plan, plan.part, permit, rows_today)
    return allow_first(plan, permit, plan.first, rows_today, default)


def allow_groups(plan: QueryPlan, permit: Permit, rows_today: int) -> tuple[int, ...] | Deny:
    """Return the size of each list of groups, where a group counts as a row, or the refusal of one."""
    sizes: tuple[int, ...] = ()
    for groups in plan.groups:
        size = allow_first(plan, permit, groups.first, rows_today)
        if isinstance(size, Deny):
            return size
        sizes = (*sizes, size)
    return sizes


def allow_first(
    plan: QueryPlan, permit: Permit, first: int | None, rows_today: int, default: int = DEFAULT_ROWS
) -> int | Deny:
    """Return how many rows may be shown where `first` are asked for, as `allow_rows` does."""
    refused = refuse_rows(plan, permit, first or 1, rows_today)
    if refused is not None:
        return refused
    if first is not None:
        return first
    return min([default, *(rows for _, rows in (*permit.max_rows, *_left(permit, rows_today)))])


def _allow_part(plan: QueryPlan, part: Part, permit: Permit, rows_today: int) -> int | Deny:
    """Return the size of a transfer's part: `max_rows` bounds the whole of it, a day's rows what is still to come."""
    wanted = part.taken + 1 if part.wanted is None else part.wanted
    refused = refuse_whole(plan, permit, wanted, rows_today)
    return refused or min(part.rows, part.rows if part.wanted is None else part.wanted - part.taken)


def refuse_whole(plan: QueryPlan, permit: Permit, wanted: int, rows_today: int) -> Deny | None:
    """Return the refusal of a transfer that is to have so many rows in all, None where no limit is smaller."""
    taken = 0 if plan.part is None else plan.part.taken
    exceeded = _smaller_than(permit.max_rows, wanted) | _smaller_than(_left(permit, rows_today), wanted - taken)
    return _exceeding(plan, exceeded)


def refuse_rows(plan: QueryPlan, permit: Permit, rows: int, rows_today: int) -> Deny | None:
    """Return the refusal with the items whose limit is smaller than so many rows, None where none is."""
    exceeded = _smaller_than(permit.max_rows, rows) | _smaller_than(_left(permit, rows_today), rows)
    return _exceeding(plan, exceeded)


def _exceeding(plan: QueryPlan, exceeded: frozenset[str]) -> Deny | None:
    if not exceeded:
        return None
    return Deny(tuple((item, ErrorCode.QUOTA_EXCEEDED) for item in plan.use.items if item in exceeded))


def _left(permit: Permit, rows_today: int) -> Limits:
    return tuple((item, rows - rows_today) for item, rows in permit.daily_rows)


def _smaller_than(limits: Limits, rows: int) -> frozenset[str]:
    return frozenset(item for item, limit in limits if limit < rows)


def daily_limit(permit: Permit) -> int | None:
    """Return the smallest daily limit of the used items; None where there is none."""
    return min((rows for _, rows in permit.daily_rows), default=None)
