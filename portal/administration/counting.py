"""How many rows a condition or a permit gives now: counted on the road that requests take, within its time limit."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Table

from portal.access.executing import DataSource
from portal.access.plan import ConnectionShape, LeafShape, QueryPlan
from portal.access.statement import Window, compile_read
from portal.conditions.tree import TRUE, Condition
from portal.errors import SourceUnavailable, TooComplex
from portal.identity.claims import MAX_AUTH_LEVEL
from portal.identity.registry import Registry
from portal.policies.checking.unreachable import CountRows
from portal.policies.decision import Deny, Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.impact import Shift
from portal.policies.information_point import EntryState
from portal.policies.matching import Request
from portal.policies.questions import Hypothetical, Viewer, imagine_viewer, registered_viewer
from portal.policies.records import Consumer, ConsumerKind
from portal.policies.snapshot import Snapshot
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    DepartmentCode,
    EntryCode,
    Environment,
    NetworkZone,
)

_COUNT = ConnectionShape((("totalCount", LeafShape("totalCount")),))


@dataclass(frozen=True, slots=True)
class RowCounter:
    """Counts rows of entries in the data store."""

    source: DataSource
    table_of: Callable[[EntryState], Table]

    async def count(self, state: EntryState, condition: Condition) -> int:
        """Return how many rows satisfy the condition. Raises: SourceUnavailable, TooComplex."""
        plan = QueryPlan(
            state=state,
            action=Action(),
            use=Use(state.entry.code, ()),
            shape=_COUNT,
            selected=(),
            filter=TRUE,
            order=(),
            first=None,
            after=None,
        )
        table = self.table_of(state)
        read = compile_read(plan, Permit(condition, (), None), table, Window(0, None), self.source.dialect)
        return (await self.source.execute(replace(read, tables=(state.table.name,)))).total or 0

    def blocking(self, snapshot: Snapshot, loop: asyncio.AbstractEventLoop) -> CountRows:
        """Return the counting function of checks, for a thread beside the loop; what can't be counted isn't empty."""

        def count_rows(code: EntryCode, condition: Condition) -> int:
            counted = asyncio.run_coroutine_threadsafe(self.count(snapshot.state_by_code[code], condition), loop)
            try:
                return counted.result()
            except (SourceUnavailable, TooComplex):
                return 1

        return count_rows


async def count_shift(
    counter: RowCounter, points: tuple[DecisionPoint, DecisionPoint], shift: Shift
) -> tuple[int | None, int | None]:
    """Return the rows that a shift's first party is given before and after, of its first item, when it begins.

    None where they can't be counted in time. Asked with the level and zone that are registered; for a department with
    the highest level, from the government's network.
    """
    before, after = [await _count(counter, point, shift) for point in points]
    return before, after


async def _count(counter: RowCounter, point: DecisionPoint, shift: Shift) -> int | None:
    viewer = _viewer(shift.who[0], point.snapshot.registry)
    state = point.snapshot.state_by_code.get(shift.entry)
    if viewer is None or state is None or state.entry.item(shift.items[0]) is None:
        return 0
    action = Action(shift.modes[0], shift.purposes[0], shift.matters[0])
    request = Request(viewer.subject, action, Environment(shift.begins, viewer.zone))
    decision = point.decide(request, Use(shift.entry, (shift.items[0],)))
    if isinstance(decision, Deny):
        return 0
    try:
        return await counter.count(state, decision.row_condition)
    except (SourceUnavailable, TooComplex):
        return None


def _viewer(consumer: Consumer, registry: Registry) -> Viewer | None:
    """Return whose request stands for the party's; None where it isn't registered."""
    if consumer.kind is ConsumerKind.APPLICATION:
        return registered_viewer(registry, ApplicationId(consumer.code), None)
    if consumer.kind is ConsumerKind.DEPARTMENT:
        supposed = Hypothetical(DepartmentCode(consumer.code), MAX_AUTH_LEVEL, NetworkZone.GOVERNMENT)
        return imagine_viewer(supposed, registry)
    return Viewer(PUBLIC, NetworkZone.INTERNET)
