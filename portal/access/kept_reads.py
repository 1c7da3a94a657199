"""Plans and compiled statements, kept for requests that ask for the same again.

What a plan depends on is its key, or held against it: the document's field, the arguments, and the entries as they
stand. What a compiled read depends on besides is what was granted. Nothing is decided here: each request is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from graphql.language.ast import FieldNode

from portal.access.granting import Grant, every_grant
from portal.access.kept import Kept
from portal.access.plan import Part, QueryPlan
from portal.access.planning import SharedField, Targets, plan_query
from portal.access.statement import Position, Read
from portal.policies.information_point import EntryState

_KEPT_PLANS = 1000
_KEPT_READS = 1000
_LONGEST = 4096
"""Characters of arguments and variables that a plan is kept for."""
_ANY_PART = Part(0)


@dataclass(frozen=True, slots=True)
class _KeptPlan:
    """A plan, and what its key names by their addresses: as long as it is kept, nothing else has these."""

    plan: QueryPlan
    nodes: tuple[FieldNode, ...]
    arguments: object


@dataclass(frozen=True, slots=True)
class _KeptRead:
    """A compiled read, and the grant that its key names by addresses."""

    read: Read
    grant: Grant


@dataclass(frozen=True, slots=True)
class KeptReads:
    """Keeps what the last requests made. For one event loop."""

    plans: Kept[_KeptPlan] = field(default_factory=lambda: Kept(_KEPT_PLANS))
    reads: Kept[_KeptRead] = field(default_factory=lambda: Kept(_KEPT_READS))

    def plan(self, state: EntryState, asked: SharedField, targets: Targets) -> QueryPlan:
        """Return the plan of a root field, as `plan_query` does. Raises: BadInput."""
        if asked.part is None:
            return self._plan(state, asked, targets)
        after = asked.arguments.get("after")
        # All parts of a transfer are planned alike: each begins behind another row, and that is all.
        others = {name: value for name, value in asked.arguments.items() if name != "after"}
        base = self._plan(state, replace(asked, arguments=others, part=_ANY_PART), targets)
        return replace(base, after=None if after is None else str(after), part=asked.part, base=base)

    def _plan(self, state: EntryState, asked: SharedField, targets: Targets) -> QueryPlan:
        # INVARIANT: `repr` tells 1 from `true`, "1" and 1.0, which a dictionary takes for the same.
        said = repr((asked.arguments, asked.document.variables))
        if len(said) > _LONGEST:
            return plan_query(state, asked, targets)
        key = (tuple(map(id, asked.nodes)), asked.kind, asked.as_text, asked.part is None, said)
        kept = self.plans.find(key)
        if kept is None or not _stands(kept.plan, state, targets):
            plan = plan_query(state, asked, targets)
            arguments = (asked.arguments, asked.document.variables)
            kept = self.plans.keep(key, _KeptPlan(plan, asked.nodes, arguments))
        return kept.plan

    def read(self, grant: Grant, after: Position | None, compile_read: Callable[[Position | None], Read]) -> Read:
        """Return the compiled read of a grant; what `compile_read` returns, the first time. Raises what that does."""
        if grant.plan.base is None and (after is not None or grant.plan.part is not None):
            # Each of these is asked for once.
            return compile_read(after)
        open_places = None if after is None else after.blanked()
        granted = tuple((id(each.plan.base or each.plan), id(each.permit), each.rows) for each in every_grant(grant))
        key = (granted, open_places, grant.groups, grant.smallest_group)
        kept = self.reads.find(key)
        if kept is None:
            kept = self.reads.keep(key, _KeptRead(compile_read(open_places), grant))
        if after is None or kept.read.rows is None:
            return kept.read
        return replace(kept.read, rows=kept.read.rows.after(after))


def _stands(plan: QueryPlan, state: EntryState, targets: Targets) -> bool:
    """Return whether the entries that the plan reads are those that stand now."""
    return plan.state is state and all(_stands(link.plan, targets(link.link.target), targets) for link in plan.links)
