"""The reference: what a request of a subject must be answered, over rows in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.oracle.decision import Asking, ItemVerdict, effective_matter, every_record, verdict_of, view_of
from tests.oracle.document import Document, Field
from tests.oracle.expectation import (
    Answered,
    AnyText,
    Executed,
    Expected,
    NotValid,
    Refused,
    RefusedSomewhere,
    Sightings,
)
from tests.oracle.links import LinkedField, RootOf
from tests.oracle.masks import SHANGHAI
from tests.oracle.ordering import compare_rows, ordered
from tests.oracle.reading import Arguments, Fault
from tests.oracle.refusal import Case, page_limit, refusal_of
from tests.oracle.shaping import Shape, is_masked, is_returned
from tests.oracle.validation import Reach, View, arguments_of, collect, faults_of, gather, reach_of
from tests.oracle.world import Caller, Entry, Record, Row, Subject, World, subject_of

PAGE_DEFAULT = 100
EITHER_CODE = frozenset({"NOT_VALID", "BAD_INPUT"})


@dataclass(slots=True)
class Reference:
    """A portal that has loaded a world; `returned` are the rows of a day, by identity and entry."""

    world: World
    clock: Callable[[], datetime]
    sightings: Sightings = field(default_factory=Sightings)
    returned: dict[tuple[str, str, date], int] = field(default_factory=dict)
    client_address: str = "127.0.0.1"
    former_rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    records: tuple[Record, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.records = every_record(self.world)

    def view(self, subject: Subject) -> View:
        """The items that the subject's schema holds, by entry."""
        views = ((entry, view_of(self.records, entry, subject, self.clock())) for entry in self.world.entries)
        return {
            entry.identifier: {item.identifier: item for item in entry.items if item.identifier in names}
            for entry, names in views
            if names
        }

    def expect(self, caller: Caller, document: Document) -> Expected:
        """What the reply to a document must be."""
        subject = subject_of(self.world, caller)
        view = self.view(subject)
        reach = reach_of(self.world, view)
        faults = faults_of(document, view, reach)
        if Fault.NOT_VALID in faults:
            return NotValid(EITHER_CODE if Fault.EITHER in faults else frozenset({"NOT_VALID"}))
        execution = _Execution(self, subject, view, reach, document, {})
        into: dict[str, list[Field]] = {}
        gather(document.selections, document, into)
        tree: dict[str, object] = {
            key: AnyText() if selected[0].name == "__typename" else execution.shared(key, selected)
            for key, selected in into.items()
        }
        return Executed(tree, execution.fields, perhaps_not_valid=Fault.EITHER in faults)

    def verdicts(self, entry: Entry, asking: Asking, used: list[str]) -> dict[str, ItemVerdict]:
        """The verdicts of items, in the catalog's order."""
        return {
            item.identifier: verdict_of(self.records, entry, item, asking)
            for item in entry.items
            if item.identifier in used
        }

    def returned_today(self, identity: str, entry: Entry) -> int:
        """The rows of an entry that were returned in the calendar day of Asia/Shanghai."""
        return self.returned.get((identity, entry.code, self.clock().astimezone(SHANGHAI).date()), 0)

    def count(self, caller: Caller, expected: Expected) -> None:
        """Takes the rows of an answer that was given as returned today."""
        if not isinstance(expected, Executed):
            return
        identity, today = subject_of(self.world, caller).identity, self.clock().astimezone(SHANGHAI).date()
        for answer in expected.fields.values():
            if isinstance(answer, Answered):
                for code, rows in ((answer.entry_code, answer.rows_returned), *answer.linked):
                    self.returned[identity, code, today] = self.returned.get((identity, code, today), 0) + rows


@dataclass(frozen=True, slots=True)
class _Execution:
    reference: Reference
    subject: Subject
    view: View
    reach: Reach
    document: Document
    fields: dict[tuple[str, str], Answered | Refused | RefusedSomewhere]

    def shared(self, key: str, selected: list[Field]) -> dict[str, object]:
        tree: dict[str, object] = {}
        for inner_key, roots in collect(selected, self.document).items():
            if roots[0].name == "__typename":
                tree[inner_key] = AnyText()
                continue
            answer = self._linked(roots) if self.reference.world.linked else self._root(roots)
            self.fields[key, inner_key] = answer
            tree[inner_key] = answer.tree if isinstance(answer, Answered) else None
        return tree

    def _linked(self, roots: list[Field]) -> Answered | RefusedSomewhere:
        ground = RootOf(self.reference, self.view, self.reach, self.document, self.subject)
        return LinkedField(ground).answer(roots)

    def _root(self, roots: list[Field]) -> Answered | Refused:
        case = self._case(roots)
        limit = page_limit(case, self.reference.returned_today(self.subject.identity, case.entry))
        cursor = self.reference.sightings.cursors.get(case.arguments.after or "")
        refused = refusal_of(case, limit, tuple(self.view[case.entry.identifier]), cursor)
        if refused is not None:
            return refused
        rows = ordered([row for row in case.entry.rows if is_returned(case, row)], case.arguments.order)
        following = rows if cursor is None else self._after(rows, case, cursor.row)
        size = case.arguments.first or min(PAGE_DEFAULT, PAGE_DEFAULT if limit is None else limit)
        page = tuple(following[:size])
        tree = Shape(case, self.document, page, len(rows), len(following) > size).connection(roots)
        inner = {fields[0].name for fields in collect(roots, self.document).values()}
        returned = len(page) if inner & {"nodes", "edges"} else 0
        masked = any(is_masked(case, row, name) for row in page for name in case.verdicts)
        return Answered(tree, returned, case.entry.code, len(rows), masked)

    def _after(self, rows: list[Row], case: Case, number: int) -> list[Row]:
        """The rows that come after the row of that number, whether or not it is still there itself."""
        known = {row.number: row for row in case.entry.rows}
        last = known.get(number) or self.reference.former_rows[case.entry.identifier, number]
        return [row for row in rows if compare_rows(last, row, case.arguments.order) < 0]

    def _case(self, roots: list[Field]) -> Case:
        entry = self.reference.world.entry(roots[0].name)
        assert entry is not None
        arguments = arguments_of(roots[0], self.document, self.view)
        matter = effective_matter(arguments.matter, self.subject)
        address, now = self.reference.client_address, self.reference.clock()
        asking = Asking(self.subject, now, arguments.purpose, matter, client_address=address)
        used = used_items(roots, arguments, self.document, entry)
        return Case(entry, arguments, asking, self.reference.verdicts(entry, asking, used))


def used_items(roots: list[Field], arguments: Arguments, document: Document, entry: Entry) -> list[str]:
    """The items that a root field uses; the key where it uses none."""
    used = arguments.filtered | arguments.ordered
    for fields in collect(roots, document).values():
        nodes = fields if fields[0].name == "nodes" else []
        if fields[0].name == "edges":
            inner = collect(fields, document).values()
            nodes = [one for each in inner if each[0].name == "node" for one in each]
        used |= {each[0].name for each in collect(nodes, document).values()} - {"__typename"}
    return sorted(used) or list(entry.key)
