"""The fields of policy records and agreements, the live check of a change, and its trial on made-up rows."""

from dataclasses import dataclass
from typing import cast

import orjson
import strawberry

from portal.access.trying import Trial
from portal.administration.acts import Person
from portal.administration.assessing import Assessment
from portal.administration.documents import ChangeDocument, NotAChange, parse_written
from portal.administration.questions import ViewerQuestion
from portal.administration.records import RecordState, RecordWish
from portal.administration.trials import TrialQuestion
from portal.conditions.values import check_text, parse_instant
from portal.errors import BadInput, Language, Text
from portal.json_text import JsonValue, check_strings_and_depth
from portal.policies.records import PolicyKind
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.office.assessments import assessment_value
from portal.resolvers.office.policy_values import agreement_value, dossier_value, page_value
from portal.resolvers.office.questions import supposed_viewer
from portal.resolvers.root import Info, failing_here
from portal.schema.change_types import ChangeAssessmentType
from portal.schema.documents import Document
from portal.schema.policy_types import (
    AgreementDossierType,
    PolicyDossierType,
    PolicyPageType,
    TrialType,
    TriedCellType,
    TriedItemType,
)
from portal.schema.question_types import SupposedViewerInput
from portal.schema.scalars import DateTime
from portal.vocabulary import Action, ApplicationId, EntryCode, Matter, Mode, PolicyId, Purpose, UserId


@dataclass(frozen=True, slots=True)
class PolicyArguments:
    """Which records to list, as it came."""

    search: str | None = None
    resource: str | None = None
    consumer: str | None = None
    kinds: list[PolicyKind] | None = None
    state: RecordState | None = None
    first: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class TrialArguments:
    """What to try, as it came; no subject named is the public, no change is what holds now."""

    resource: str
    rows: Document
    change: Document | None = None
    application: str | None = None
    user: str | None = None
    supposed: SupposedViewerInput | None = None
    purpose: str | None = None
    mode: Mode | None = None
    matter: str | None = None
    at: DateTime | None = None


def _person(info: Info) -> Person:
    return Person(info.context.actor, info.context.asker)


async def _policies(info: Info, asked: PolicyArguments) -> PolicyPageType:
    """Return a page of records."""
    with failing_here(info):
        wish = RecordWish(
            search=check_text(asked.search or ""),
            entry=None if asked.resource is None else EntryCode(check_text(asked.resource)),
            consumer=None if asked.consumer is None else check_text(asked.consumer),
            kinds=frozenset(asked.kinds or ()),
            state=asked.state,
            first=asked.first,
            after=None if asked.after is None else PolicyId(check_text(asked.after)),
        )
        return page_value(await info.context.office.records.list(_person(info), wish))


async def _trial(info: Info, asked: TrialArguments) -> TrialType:
    """Return what becomes of made-up rows."""
    with failing_here(info):
        question = TrialQuestion(
            document=None if asked.change is None else _change(asked.change, info.context.language),
            entry=EntryCode(check_text(asked.resource)),
            viewer=_viewer(asked),
            action=Action(
                asked.mode or Mode.QUERY,
                None if asked.purpose is None else Purpose(check_text(asked.purpose).lower()),
                None if asked.matter is None else Matter(check_text(asked.matter)),
            ),
            rows=_rows(asked.rows),
        )
        return _trial_value(await info.context.office.trials.try_rows(_person(info), question))


def _viewer(asked: TrialArguments) -> ViewerQuestion:
    return ViewerQuestion(
        application=None if asked.application is None else ApplicationId(check_text(asked.application)),
        user=None if asked.user is None else UserId(check_text(asked.user)),
        supposed=None if asked.supposed is None else supposed_viewer(asked.supposed),
        at=None if asked.at is None else parse_instant(asked.at),
    )


def _change(given: Document, language: Language) -> ChangeDocument:
    """Return a change that a person is writing. Raises: BadInput with every fault of its form."""
    try:
        return parse_written(_json(given))
    except NotAChange as refused:
        line = "; ".join(fault.render(language) for fault in refused.faults)
        raise BadInput(Text(en=line, zh=line)) from None


def _json(given: Document) -> JsonValue:
    written = cast("JsonValue", given)
    check_strings_and_depth(written)
    return written


def _rows(given: Document) -> list[dict[str, JsonValue]]:
    rows = _json(given)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(
            Text(en="`rows` is a list of objects, items with their cells", zh="`rows` 应为对象的列表：信息项及其单元格")
        )
    return cast("list[dict[str, JsonValue]]", rows)


def _trial_value(trial: Trial) -> TrialType:
    items = [
        TriedItemType(
            item=one.item,
            code=None if one.code is None else one.code.value,
            policies=[*one.policies],
            cells=[
                TriedCellType(permitted=cell is not None, value=None if cell is None else _shown(cell[0]))
                for cell in one.cells
            ],
        )
        for one in trial.items
    ]
    return TrialType(items=items, returned=[*trial.returned])


def _shown(cell: object) -> str | None:
    """Return a cell as a text, as a bundle's file would have it."""
    if cell is None or isinstance(cell, str):
        return cell
    return orjson.dumps(cell).decode()


@strawberry.type
class PolicyFields:
    """What is asked of policy records and agreements."""

    policies: PolicyPageType = strawberry.field(
        description="策略记录，按编号排序", resolver=with_arguments_of(PolicyArguments)(_policies)
    )
    trial: TrialType = strawberry.field(
        description="试行：在录入的数据行上，看所选主体会看到什么；不读取共享数据；提问留痕",
        resolver=with_arguments_of(TrialArguments)(_trial),
    )

    @strawberry.field(description="一条策略记录及其各版本；从未有过的为 null")  # type: ignore[untyped-decorator]
    async def policy(self, info: Info, id: str) -> PolicyDossierType | None:  # noqa: A002  the argument's name
        """Return everything of one record."""
        with failing_here(info):
            found = await info.context.office.records.show(_person(info), PolicyId(check_text(id)))
            return None if found is None else dossier_value(found)

    @strawberry.field(description="一份三方协议，现在核验；从未有过的为 null")  # type: ignore[untyped-decorator]
    async def agreement(self, info: Info, id: str) -> AgreementDossierType | None:  # noqa: A002
        """Return an agreement, verified now."""
        with failing_here(info):
            found = await info.context.office.agreements.show(_person(info), PolicyId(check_text(id)))
            return None if found is None else agreement_value(found, info.context.language)

    @strawberry.field(description="尚未起草的变更若现在生效会怎样；不留存任何内容")  # type: ignore[untyped-decorator]
    async def foreseen_change(self, info: Info, change: Document) -> ChangeAssessmentType:
        """Return what a change would do, as it is being written."""
        language = info.context.language
        with failing_here(info):
            try:
                document = parse_written(_json(change))
            except NotAChange as refused:
                return assessment_value(Assessment(refused.faults), language)
            return assessment_value(await info.context.office.changes.foresee(_person(info), document), language)
