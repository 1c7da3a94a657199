"""The reference for links and rows by key: each entry decided for itself, rows counted wherever they are shown."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tests.oracle.decision import Asking, ItemVerdict, effective_matter
from tests.oracle.document import Document, Field
from tests.oracle.expectation import UNCHECKED, Answered, AnyText, CursorOf, Refused, RefusedSomewhere
from tests.oracle.ordering import ordered
from tests.oracle.reading import Arguments, Fault
from tests.oracle.refusal import Case, page_limit, refusal_of
from tests.oracle.shaping import access_facts, cell_of, is_masked, is_returned
from tests.oracle.validation import Reach, View, collect, link_arguments, root_arguments
from tests.oracle.world import Cell, Entry, Link, Row, Subject, World

PAGE_DEFAULT = 100
LINKED_DEFAULT = 20

Path = tuple[str, ...]
Counts = Counter[str]


class Ground(Protocol):
    """The portal that is asked."""

    @property
    def world(self) -> World:
        """What it has loaded."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Its clock."""

    @property
    def client_address(self) -> str:
        """Where it is asked from."""

    def verdicts(self, entry: Entry, asking: Asking, used: list[str]) -> dict[str, ItemVerdict]:
        """The verdicts of items."""

    def returned_today(self, identity: str, entry: Entry) -> int:
        """The rows of an entry that were returned today."""


@dataclass(frozen=True, slots=True)
class RootOf:
    """Where a root field is asked: the portal, what the subject's schema holds, and the document."""

    portal: Ground
    view: View
    reach: Reach
    document: Document
    subject: Subject


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of one entry, at a place; `link` None at the root. `links` are by their place below this one."""

    fields: list[Field]
    case: Case
    path: Path
    link: Link | None
    limit: int | None
    links: dict[Path, "Plan"]

    @property
    def is_connection(self) -> bool:
        """Whether it is shown as a connection, not as nodes."""
        return self.case.arguments.keys is None and (self.link is None or self.link.many)

    @property
    def size(self) -> int:
        """The most rows of a page."""
        default = PAGE_DEFAULT if self.link is None else LINKED_DEFAULT
        return self.case.arguments.first or min(default, default if self.limit is None else self.limit)

    def everywhere(self) -> Iterator["Plan"]:
        """This one and those below."""
        yield self
        for below in self.links.values():
            yield from below.everywhere()


@dataclass(slots=True)
class LinkedField:
    """The answer of one root field, with what its links lead to."""

    ground: RootOf
    shown: dict[tuple[int, tuple[Cell, ...]], tuple[object, Counts]] = field(default_factory=dict)
    permitted: dict[int, list[Row]] = field(default_factory=dict)
    is_masked: bool = False

    def answer(self, roots: list[Field]) -> Answered | RefusedSomewhere:
        """What the root field must be answered."""
        plan = self._root_plan(roots)
        refused = self._refusals(plan)
        if refused:
            return RefusedSomewhere(refused)
        tree, counts = self._show(plan, self._root_rows(plan))
        exceeded = {
            each.path: Refused(frozenset({"QUOTA_EXCEEDED"}))
            for each in (plan.everywhere() if plan.links else ())
            if each.limit is not None and counts[each.case.entry.code] > each.limit
        }
        if exceeded:
            return RefusedSomewhere(exceeded)
        total = len(self._permitted(plan))
        return Answered(tree, 0, plan.case.entry.code, total, self.is_masked, tuple(counts.items()))

    def _root_plan(self, roots: list[Field]) -> Plan:
        by_key = self.ground.reach.keys.get(roots[0].name)
        entry = by_key.entry if by_key else self.ground.portal.world.entry(roots[0].name)
        assert entry is not None
        arguments = root_arguments(roots[0], self.ground.document, self.ground.view, self.ground.reach)
        return self._plan(roots, entry, arguments, (arguments, (), None))

    def _plan(
        self, fields: list[Field], entry: Entry, arguments: Arguments, at: tuple[Arguments, Path, Link | None]
    ) -> Plan:
        root, path, link = at
        connection = arguments.keys is None and (link is None or link.many)
        links = self.ground.reach.links.get(entry.identifier, {})
        used = arguments.filtered | arguments.ordered
        compared = set(link.target_items if link else ()) | set(entry.key if arguments.keys is not None else ())
        below: dict[Path, Plan] = {}
        for place, nodes in self._nodes(fields, connection=connection):
            for key, selected in collect(nodes, self.ground.document).items():
                name = selected[0].name
                if name in links:
                    compared |= set(links[name].items)
                    below[*place, key] = self._below(selected, links[name], (root, (*path, *place, key)))
                elif name != "__typename":
                    used.add(name)
        case = self._case(entry, arguments, (root, used | compared, compared))
        today = self.ground.portal.returned_today(self.ground.subject.identity, entry)
        return Plan(fields, case, path, link, page_limit(case, today), below)

    def _below(self, selected: list[Field], link: Link, at: tuple[Arguments, Path]) -> Plan:
        target = self.ground.portal.world.entry(link.target)
        assert target is not None
        arguments = Arguments()
        if link.many:
            arguments = link_arguments(selected[0], self.ground.document, self.ground.view[link.target])
        return self._plan(selected, target, arguments, (*at, link))

    def _case(self, entry: Entry, arguments: Arguments, of: tuple[Arguments, set[str], set[str]]) -> Case:
        root, used, compared = of
        subject, portal = self.ground.subject, self.ground.portal
        matter = effective_matter(root.matter, subject)
        asking = Asking(subject, portal.clock(), root.purpose, matter, client_address=portal.client_address)
        arguments.purpose, arguments.matter = root.purpose, root.matter
        verdicts = portal.verdicts(entry, asking, sorted(used) or list(entry.key))
        return Case(entry, arguments, asking, verdicts, frozenset(compared))

    def _nodes(self, fields: list[Field], *, connection: bool) -> Iterator[tuple[Path, list[Field]]]:
        """The places of nodes below a field, and what is selected there."""
        if not connection:
            yield (), fields
            return
        for key, inner in collect(fields, self.ground.document).items():
            if inner[0].name == "nodes":
                yield (key,), inner
            elif inner[0].name == "edges":
                for inner_key, members in collect(inner, self.ground.document).items():
                    if members[0].name == "node":
                        yield (key, inner_key), members

    def _refusals(self, root: Plan) -> dict[Path, Refused]:
        """The refusals that are right, by place: limits only where nothing else is refused."""
        found = {}
        for plan in root.everywhere():
            view = tuple(self.ground.view[plan.case.entry.identifier])
            refused = refusal_of(plan.case, plan.limit, view, None)
            if refused is not None:
                found[plan.path] = refused
            if plan.case.arguments.faults & {Fault.BAD_INPUT, Fault.EITHER}:
                # Of what can't be planned the page names no place but the root field.
                codes = found[()].codes if () in found else frozenset()
                found[()] = Refused(codes | {"BAD_INPUT"}, UNCHECKED)
        earlier = {path: each for path, each in found.items() if each.codes != {"QUOTA_EXCEEDED"}}
        return earlier or found

    def _permitted(self, plan: Plan) -> list[Row]:
        """The rows that filter and decision leave, in the order asked."""
        if id(plan) not in self.permitted:
            case = plan.case
            rows = [row for row in case.entry.rows if is_returned(case, row)]
            self.permitted[id(plan)] = ordered(rows, case.arguments.order)
        return self.permitted[id(plan)]

    def _root_rows(self, plan: Plan) -> list[Row | None]:
        rows, keys = self._permitted(plan), plan.case.arguments.keys
        if keys is None:
            return list(rows)
        by_key = {_cells(row, plan.case.entry.key): row for row in rows}
        return [by_key.get(key) for key in keys]

    def _show(self, plan: Plan, rows: list[Row | None]) -> tuple[object, Counts]:
        """What is shown of rows, and how many rows of each entry that takes."""
        there = [row for row in rows if row is not None]
        if plan.is_connection:
            return self._connection(plan, there)
        counts: Counts = Counter()
        nodes = [None if row is None else self._node(plan, (), plan.fields, row, counts) for row in rows]
        counts[plan.case.entry.code] += len(there)
        several = plan.link is None and self.ground.reach.keys[plan.fields[0].name].several
        return (nodes if several else next(iter(nodes), None)), counts

    def _connection(self, plan: Plan, rows: list[Row]) -> tuple[object, Counts]:
        page, tree, counts = rows[: plan.size], dict[str, object](), Counts()
        selected = collect(plan.fields, self.ground.document)
        for key, fields in selected.items():
            match fields[0].name:
                case "nodes":
                    tree[key] = [self._node(plan, (key,), fields, row, counts) for row in page]
                case "edges":
                    tree[key] = [self._edge(plan, key, fields, row, counts) for row in page]
                case "pageInfo":
                    end = self._cursor(plan, page[-1]) if page else None
                    facts = {"hasNextPage": len(rows) > len(page), "endCursor": end, "__typename": AnyText()}
                    tree[key] = self._leaves(fields, facts)
                case "access":
                    tree[key] = self._leaves(fields, access_facts(plan.case))
                case "totalCount":
                    tree[key] = len(rows)
                case _:
                    tree[key] = f"{plan.case.entry.identifier}_connection"
        if {fields[0].name for fields in selected.values()} & {"nodes", "edges"}:
            counts[plan.case.entry.code] += len(page)
        return tree, counts

    def _leaves(self, fields: list[Field], facts: dict[str, object]) -> dict[str, object]:
        return {key: facts[inner[0].name] for key, inner in collect(fields, self.ground.document).items()}

    def _cursor(self, plan: Plan, row: Row) -> object:
        return CursorOf(plan.case.binding, row.number) if plan.link is None else AnyText()

    def _edge(self, plan: Plan, place: str, fields: list[Field], row: Row, counts: Counts) -> dict[str, object]:
        tree: dict[str, object] = {}
        for key, inner in collect(fields, self.ground.document).items():
            match inner[0].name:
                case "node":
                    tree[key] = self._node(plan, (place, key), inner, row, counts)
                case "cursor":
                    tree[key] = self._cursor(plan, row)
                case _:
                    tree[key] = f"{plan.case.entry.identifier}_edge"
        return tree

    def _node(self, plan: Plan, place: Path, fields: list[Field], row: Row, counts: Counts) -> dict[str, object]:
        tree: dict[str, object] = {}
        for key, inner in collect(fields, self.ground.document).items():
            name = inner[0].name
            below = plan.links.get((*place, key))
            if below is not None:
                tree[key], taken = self._linked(below, row)
                counts.update(taken)
            elif name == "__typename":
                tree[key] = plan.case.entry.identifier
            else:
                tree[key] = cell_of(plan.case, row, name)
                self.is_masked |= is_masked(plan.case, row, name)
        return tree

    def _linked(self, plan: Plan, parent: Row) -> tuple[object, Counts]:
        """What a link shows of a parent; a null joins nothing."""
        assert plan.link is not None
        values = tuple(parent.cells[name] for name in plan.link.items)
        if (id(plan), values) not in self.shown:
            names = plan.link.target_items
            rows = [row for row in self._permitted(plan) if None not in values and values == _cells(row, names)]
            self.shown[id(plan), values] = self._show(plan, list(rows))
        return self.shown[id(plan), values]


def _cells(row: Row, names: tuple[str, ...]) -> tuple[Cell, ...]:
    return tuple(row.cells[name] for name in names)
