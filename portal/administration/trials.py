"""Trying a change on rows that its author makes up, through the eyes of a chosen subject; no shared row is read."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.access.trying import MOST_ROWS, Trial, TrialRow, try_rows
from portal.administration.acts import Deed, Person
from portal.administration.desk import ChangeDesk
from portal.administration.documents import ChangeDocument
from portal.administration.questions import QuestionDesk, ViewerQuestion
from portal.audit.records import Act
from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.tree import Value
from portal.conditions.values import parse_cell
from portal.errors import BadInput, Text
from portal.json_text import JsonValue
from portal.policies.matching import Request
from portal.vocabulary import Action, EntryCode, Environment, ItemIdentifier

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class TrialQuestion:
    """What is tried: the change (None: what holds now), who asks for what, and the rows as cells' texts by item."""

    document: ChangeDocument | None
    entry: EntryCode
    viewer: ViewerQuestion
    action: Action
    rows: Sequence[Mapping[str, JsonValue]]


@dataclass(frozen=True)
class TrialDesk:
    """Tries changes, for those who may draft them and ask questions on policies."""

    changes: ChangeDesk
    questions: QuestionDesk

    async def try_rows(self, person: Person, question: TrialQuestion) -> Trial:
        """Return what becomes of the rows; that it was asked is in the audit before.

        Raises: Forbidden, BadInput, AuditUnavailable.
        """
        keeper = self.changes.keeper
        asked = Deed(Act.POLICY_ASKED, f"try {question.entry}", {"viewer": question.viewer.name})
        if question.document is None:
            point = await keeper.current()
        else:
            point = await self.changes.point_after(person, question.document)
        entry = await self.questions.admitted_entry(person, asked, point, question.entry)
        rows = [*_rows(entry, question.rows)]
        viewer = self.questions.viewer_of(question.viewer, point)
        request = Request(viewer.subject, question.action, Environment(question.viewer.at or keeper.now(), viewer.zone))
        # A key of the moment: hashes of chosen values under a department's own would tell whose its pseudonyms are.
        key, state = secrets.token_bytes(_KEY_BYTES), point.snapshot.state_by_code[entry.code]
        tried = await asyncio.to_thread(try_rows, point, request, state, rows, key)
        await self.questions.keep_on_record(person, asked)
        return tried


def _rows(entry: CatalogEntry, rows: Sequence[Mapping[str, JsonValue]]) -> Iterator[TrialRow]:
    if not 1 <= len(rows) <= MOST_ROWS:
        raise BadInput(Text(en=f"try 1 to {MOST_ROWS} rows at a time", zh=f"每次试行 1 至 {MOST_ROWS} 行"))
    items = {str(item.identifier): item for item in entry.items}
    for number, row in enumerate(rows, start=1):
        unknown = [name for name in row if name not in items]
        if unknown:
            raise BadInput(
                Text(
                    en=f"row {number}: unknown item `{unknown[0]}`; the entry has {', '.join(items)}",
                    zh=f"第 {number} 行：未知信息项 `{unknown[0]}`；该条目有 {'、'.join(items)}",
                )
            )
        yield {
            ItemIdentifier(name): None if cell is None else _cell(number, items[name], cell)
            for name, cell in row.items()
        }


def _cell(number: int, item: InformationItem, cell: JsonValue) -> Value:
    if not isinstance(cell, str):
        raise BadInput(
            Text(
                en=f"row {number}, `{item.identifier}`: write the cell as text, or null",
                zh=f"第 {number} 行，`{item.identifier}`：请以文本填写单元格，或填 null",
            )
        )
    try:
        return parse_cell(cell, item.type, item.scale, item.length)
    except BadInput as refused:
        raise BadInput(
            Text(
                en=f"row {number}, `{item.identifier}`: {refused.text.en}",
                zh=f"第 {number} 行，`{item.identifier}`：{refused.text.zh}",
            )
        ) from None
