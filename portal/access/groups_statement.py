"""The statements of lists of groups: how many of the rows that filter and row condition leave are alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Dialect, Table, func, select

from portal.access.compiling import entry_columns
from portal.access.plan import GroupsPlan, OrderTerm, QueryPlan
from portal.access.statement import GroupsRead, Statement, ordering, render_statement, where_clauses, within_depth
from portal.conditions.tree import Condition
from portal.policies.decision import Permit


@dataclass(frozen=True, slots=True)
class GroupsWindow:
    """How many groups each list shows at most, and how few rows a group may have to be shown."""

    first: tuple[int, ...]
    smallest: int


@dataclass(frozen=True, slots=True)
class _Counting:
    """What all lists of a field are compiled with."""

    plan: QueryPlan
    permit: Permit
    table: Table
    dialect: Dialect

    def groups(self, asked: GroupsPlan, first: int, smallest: int) -> GroupsRead:
        """Return the read of a list."""
        entry_table = entry_columns(self.plan.entry, self.table)
        where = where_clauses(replace(self.plan, filter=asked.filter), self.permit, entry_table)
        items = [entry_table.column(name) for name in asked.by]
        rows = func.count()
        # Nulls last, texts by code point, as rows are ordered: the same in every database.
        ordered = [ordering(OrderTerm(name, descending=False), entry_table) for name in asked.by]
        shown = [column.label(f"c{index}") for index, column in enumerate((*items, rows))]
        wanted = select(*shown).select_from(self.table).where(*where).group_by(*items).order_by(rows.desc(), *ordered)
        if smallest <= 1:
            return GroupsRead(render_statement(wanted.limit(first), self.dialect), first)
        # One more than is shown tells whether the list goes on.
        large = wanted.having(rows >= smallest).limit(first + 1)
        counted = tuple(map(self._count, dict.fromkeys((asked.filter, self.plan.filter))))
        return GroupsRead(render_statement(large, self.dialect), first, smallest, counted)

    def _count(self, condition: Condition) -> Statement:
        columns = entry_columns(self.plan.entry, self.table)
        where = where_clauses(replace(self.plan, filter=condition), self.permit, columns)
        return render_statement(select(func.count()).select_from(self.table).where(*where), self.dialect)


def compile_groups(
    plan: QueryPlan, permit: Permit, table: Table, window: GroupsWindow, dialect: Dialect
) -> tuple[GroupsRead, ...]:
    """Return the reads of a permitted plan's lists of groups. Raises: TooComplex as `compile_read` does."""
    counting = _Counting(plan, permit, table, dialect)

    def reads() -> Iterator[GroupsRead]:
        for asked, first in zip(plan.groups, window.first, strict=True):
            yield counting.groups(asked, first, window.smallest)

    with within_depth():
        return tuple(reads())
