"""Granting: the decision on a plan and on each link below it, each for itself, and the limits of all together."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from portal.access.limits import allow_groups, allow_rows, refuse_rows, refuse_whole
from portal.access.linking import LinkedRows
from portal.access.plan import LinkPlan, QueryPlan
from portal.access.planning import DEFAULT_LINKED_ROWS, DEFAULT_ROWS
from portal.catalog.entries import CatalogEntry
from portal.errors import BadInput, Text
from portal.policies.decision import Deny, Permit
from portal.policies.decision_point import DecisionPoint
from portal.policies.matching import Request
from portal.regulations.profiles import load_profile
from portal.vocabulary import EntryCode

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A plan with its permit, and those of the links below it. `rows` is the page's size, or that of each parent.

    `groups` are the sizes of its lists of groups; none of them shows a group of fewer rows than `smallest_group`.
    """

    plan: QueryPlan
    permit: Permit
    path: Path
    links: tuple["Grant", ...]
    default_rows: int
    rows: int = 0
    groups: tuple[int, ...] = ()
    smallest_group: int = 1

    @property
    def entry(self) -> CatalogEntry:
        """The entry that is read."""
        return self.plan.entry


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a root field is refused, of which entry, and the response keys from the root field to where it is read."""

    path: Path
    entry: CatalogEntry
    deny: Deny


def decide_plan(point: DecisionPoint, request: Request, plan: QueryPlan) -> Grant | Withheld:
    """Return the grant of a root field's plan and its links, or the first refusal in the document's order.

    Raises: BadInput for more lists of groups than the public may ask for.
    """
    granted = _decide(point, request, plan, None)
    if isinstance(granted, Withheld) or not plan.groups or not request.subject.is_public:
        return granted
    if len(plan.groups) > 1:
        raise _one_list_alone(len(plan.groups))
    return replace(granted, smallest_group=load_profile(point.snapshot.content.profile).smallest_group)


def _one_list_alone(lists: int) -> BadInput:
    """Return the refusal of several lists: the sums of one, less what another shows, tell of groups too small."""
    return BadInput(
        Text(
            en=f"`groups` is asked for {lists} times in one field, and the public may once; leave the others out",
            zh=f"同一字段中有 {lists} 处 `groups`，公众每个字段只能用一处；请去掉其余各处",
        )
    )


def _decide(point: DecisionPoint, request: Request, plan: QueryPlan, link: LinkPlan | None) -> Grant | Withheld:
    path = () if link is None else link.path
    decision = point.decide(request, plan.use)
    if isinstance(decision, Deny):
        return Withheld(path, plan.entry, decision)
    grants = []
    for below in plan.links:
        grant = _decide(point, request, below.plan, below)
        if isinstance(grant, Withheld):
            return grant
        grants.append(grant)
    return Grant(plan, decision, path, tuple(grants), _default_rows(link))


def _default_rows(link: LinkPlan | None) -> int:
    if link is None:
        return DEFAULT_ROWS
    return DEFAULT_LINKED_ROWS if link.link.many else 1


def every_grant(grant: Grant) -> Iterator[Grant]:
    """Yield the grant and those below it, in the document's order."""
    yield grant
    for below in grant.links:
        yield from every_grant(below)


def allow_pages(grant: Grant, rows_today: Mapping[EntryCode, int]) -> Grant | Withheld:
    """Return the grant with the size of each page, or the refusal of one that its limits are too small for."""
    rows = allow_rows(grant.plan, grant.permit, rows_today.get(grant.entry.code, 0), grant.default_rows)
    if isinstance(rows, Deny):
        return Withheld(grant.path, grant.entry, rows)
    groups = allow_groups(grant.plan, grant.permit, rows_today.get(grant.entry.code, 0))
    if isinstance(groups, Deny):
        return Withheld(grant.path, grant.entry, groups)
    sized = []
    for below in grant.links:
        allowed = allow_pages(below, rows_today)
        if isinstance(allowed, Withheld):
            return allowed
        sized.append(allowed)
    return replace(grant, rows=rows, links=tuple(sized), groups=groups)


def rows_shown(grant: Grant, rows: int, links: Sequence[LinkedRows]) -> tuple[int, ...]:
    """Return how many rows the answer shows of each grant, in the order of `every_grant`."""
    below = (rows_shown(each, found.shown, found.links) for each, found in zip(grant.links, links, strict=True))
    return (rows, *(count for counts in below for count in counts))


def rows_by_entry(grant: Grant, shown: Sequence[int], groups: int = 0) -> Mapping[EntryCode, int]:
    """Return the rows of each entry, wherever in the answer they are, and the groups of the root field's with them."""
    counts: Counter[EntryCode] = Counter({grant.entry.code: groups})
    for each, rows in zip(every_grant(grant), shown, strict=True):
        counts[each.entry.code] += rows
    return counts


def check_shown(grant: Grant, rows: Mapping[EntryCode, int], rows_today: Mapping[EntryCode, int]) -> Withheld | None:
    """Return the refusal of an answer with more rows of an entry than one of its limits allows, links first.

    The page of a root field lies within its limits already; links and groups of the same entry count with it.
    """
    root, *links = every_grant(grant)
    for each in (*links, root) if links or grant.groups else ():
        code = each.entry.code
        deny = refuse_rows(each.plan, each.permit, rows[code], rows_today.get(code, 0))
        if deny is not None:
            return Withheld(each.path, each.entry, deny)
    return None


def check_whole(grant: Grant, total: int | None, rows_today: Mapping[EntryCode, int]) -> Withheld | None:
    """Return the refusal of a transfer of all rows where a limit is smaller than their count, before any row leaves."""
    part = grant.plan.part
    if part is None or part.wanted is not None or total is None:
        return None
    deny = refuse_whole(grant.plan, grant.permit, total, rows_today.get(grant.entry.code, 0))
    return None if deny is None else Withheld(grant.path, grant.entry, deny)
