"""The root field `explain`: what would be decided for the subject that asks, in the words of `portal explain`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from portal.access.case_reference import CASE, OPERATOR, read_reference
from portal.conditions.values import check_text, parse_instant, render_instant
from portal.errors import Language, Text
from portal.policies.explanation import (
    Explanation,
    ItemFinding,
    RecordFinding,
    explain_entry,
    explain_to_subject,
)
from portal.policies.matching import Request
from portal.policies.wording import render_decision, render_explanation, render_question, render_record
from portal.resolvers.context import RequestContext
from portal.schema.explanation_types import (
    ExplainedItemType,
    ExplainedRecordType,
    ExplanationType,
)
from portal.schema.scalars import DateTime
from portal.vocabulary import Action, EntryCode, ItemIdentifier, Matter, Mode, Purpose


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """What a subject asks of itself, as it came; None is left out. The schema takes no purpose but the profile's."""

    resource: str
    purpose: str | None = None
    mode: Mode | None = None
    matter: str | None = None
    case: str | None = None
    operator: str | None = None
    at: DateTime | None = None
    items: list[str] | None = None


def explain_own(context: RequestContext, question: OwnQuestion) -> ExplanationType | None:
    """Return the decision on an entry; None where it, or an item named, isn't in the subject's view, or not at all.

    Raises: BadInput.
    """
    request = _request(context, question)
    code = EntryCode(check_text(question.resource))
    named = tuple(dict.fromkeys(ItemIdentifier(check_text(item)) for item in question.items or ()))
    known = _known_items(context, code)
    if not known or not set(named).issubset(known):
        return None
    explanation = explain_entry(context.point, request, code, named or known)
    return None if explanation is None else _value(explain_to_subject(explanation, known), context.language)


def _known_items(context: RequestContext, code: EntryCode) -> tuple[ItemIdentifier, ...]:
    state = context.point.snapshot.state_by_code.get(code)
    view = None if state is None else context.view.get(state.entry.identifier)
    # An identifier may have gone from an entry that was removed to another one.
    if view is None or view.entry.code != code:
        return ()
    return tuple(item.identifier for item in view.items)


def _request(context: RequestContext, question: OwnQuestion) -> Request:
    now = context.now if question.at is None else parse_instant(question.at)
    matter = Matter(check_text(question.matter)) if question.matter else None
    purpose = Purpose(question.purpose) if question.purpose else None
    action = Action(question.mode or Mode.QUERY, purpose, matter)
    environment = context.asker.environment(now, context.network_zone)
    stated = read_reference({CASE: question.case, OPERATOR: question.operator}, environment.reference)
    return Request(context.subject, action, replace(environment, reference=stated))


def _value(explanation: Explanation, language: Language) -> ExplanationType:
    action = explanation.request.action
    return ExplanationType(
        resource=explanation.entry.code,
        purpose=None if action.purpose is None else action.purpose.upper(),
        mode=action.mode,
        matter=action.matter,
        at=DateTime(render_instant(explanation.request.environment.now)),
        matter_refused=explanation.matter_refused,
        items=[_item_value(finding, language) for finding in explanation.items],
        lines=[line.render(language) for line in _lines(explanation)],
    )


def _lines(explanation: Explanation) -> Iterator[Text]:
    if not explanation.request.subject.is_public:
        yield from render_explanation(explanation)
        return
    # The public is told of no policy, so not that there is none either (enforcement.md §5).
    yield from render_question(explanation)
    yield from map(render_decision, explanation.items)


def _item_value(finding: ItemFinding, language: Language) -> ExplainedItemType:
    return ExplainedItemType(
        item=finding.item,
        permitted=finding.code is None,
        code=None if finding.code is None else finding.code.value,
        text=render_decision(finding).render(language),
        records=[_record_value(found, language) for found in finding.records],
    )


def _record_value(found: RecordFinding, language: Language) -> ExplainedRecordType:
    record = found.record
    return ExplainedRecordType(
        id=record.id,
        kind=record.kind,
        effect=record.effect,
        applies=found.applies,
        text=render_record(found).render(language),
        basis=record.basis,
        valid_from=None if record.valid_from is None else DateTime(render_instant(record.valid_from)),
        valid_until=None if record.valid_until is None else DateTime(render_instant(record.valid_until)),
    )
