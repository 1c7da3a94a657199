"""The tree of an answer: the rows of a page as the request's selections ask for them."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from tests.oracle.conditions import evaluate
from tests.oracle.decision import applying, masks_of
from tests.oracle.document import Document, Field
from tests.oracle.expectation import AnyText, CursorOf, OneOf
from tests.oracle.masks import shown
from tests.oracle.refusal import Case
from tests.oracle.validation import collect
from tests.oracle.world import Item, JsonText, Row


def is_returned(case: Case, row: Row) -> bool:
    """Whether filter and decision leave a row."""
    if evaluate(case.arguments.where, row.cells.get, {"": None}.get) is not True:
        return False
    return all(applying(verdict, row, case.asking) for verdict in case.verdicts.values())


def is_masked(case: Case, row: Row, name: str) -> bool:
    """Whether a cell is shown through a mask."""
    masks = masks_of(applying(case.verdicts[name], row, case.asking), name)
    return row.cells[name] is not None and None not in masks


def cell_of(case: Case, row: Row, name: str) -> object:
    """What the answer shows of a cell."""
    verdict = case.verdicts[name]
    masks = masks_of(applying(verdict, row, case.asking), name)
    readings = shown(row.cells[name], masks, case.asking.subject.department or "")
    rendered = tuple(render_cell(reading, verdict.item) for reading in readings)
    return rendered[0] if len(rendered) == 1 else OneOf(rendered)


def render_cell(value: object, item: Item) -> object:
    """A value as the answer's JSON holds it."""
    match value:
        case Decimal():
            return f"{value:.{item.scale}f}"
        case datetime():
            return render_instant(value)
        case date():
            return value.isoformat()
        case JsonText():
            return json.loads(value.text)
        case _:
            return value


def render_instant(instant: datetime) -> str:
    """An instant as the contract writes it."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the selections of a root field are shaped from; `more` says whether rows follow the page."""

    case: Case
    document: Document
    page: tuple[Row, ...]
    total: int
    more: bool

    def connection(self, roots: list[Field]) -> dict[str, object]:
        """The value of the root field."""
        tree: dict[str, object] = {}
        for key, fields in collect(roots, self.document).items():
            match fields[0].name:
                case "nodes":
                    tree[key] = [self._node(fields, row) for row in self.page]
                case "edges":
                    tree[key] = [self._edge(fields, row) for row in self.page]
                case "pageInfo":
                    tree[key] = self._leaves(fields, self._page_facts())
                case "access":
                    tree[key] = self._leaves(fields, access_facts(self.case))
                case "totalCount":
                    tree[key] = self.total
                case _:
                    tree[key] = f"{self.case.entry.identifier}_connection"
        return tree

    def _node(self, fields: list[Field], row: Row) -> dict[str, object]:
        selected = {key: inner[0].name for key, inner in collect(fields, self.document).items()}
        identifier = self.case.entry.identifier
        return {
            key: identifier if name == "__typename" else cell_of(self.case, row, name) for key, name in selected.items()
        }

    def _edge(self, fields: list[Field], row: Row) -> dict[str, object]:
        tree: dict[str, object] = {}
        for key, inner in collect(fields, self.document).items():
            match inner[0].name:
                case "node":
                    tree[key] = self._node(inner, row)
                case "cursor":
                    tree[key] = CursorOf(self.case.binding, row.number)
                case _:
                    tree[key] = f"{self.case.entry.identifier}_edge"
        return tree

    def _leaves(self, fields: list[Field], facts: dict[str, object]) -> dict[str, object]:
        return {key: facts[inner[0].name] for key, inner in collect(fields, self.document).items()}

    def _page_facts(self) -> dict[str, object]:
        end = CursorOf(self.case.binding, self.page[-1].number) if self.page else None
        return {"hasNextPage": self.more, "endCursor": end, "__typename": AnyText()}


def access_facts(case: Case) -> dict[str, object]:
    """What `access` tells of a decision."""
    verdicts = () if case.asking.subject.is_public else tuple(case.verdicts.values())
    records = {record.id: record for verdict in verdicts for record in verdict.allows}
    ends = [record.valid_until for record in records.values() if record.valid_until is not None]
    until = render_instant(min(ends)) if ends else None
    return {"policies": sorted(records), "validUntil": until, "receipt": AnyText(), "__typename": AnyText()}
