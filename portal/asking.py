"""What the command line asks of a portal in its own process: queries, schemas, explanations, down the same road."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from graphql import print_schema

from portal.access.asker import Asker, identify
from portal.app import Portal, open_portal
from portal.errors import BadInput, Language, Text
from portal.identity.claims import SubjectKind, TokenClaims
from portal.policies.decision_point import DecisionPoint
from portal.policies.explanation import Explanation, explain_entry
from portal.policies.matching import Request
from portal.resolvers.context import actor_of
from portal.resolvers.endpoint import Operation
from portal.resolvers.operation import answer_operation
from portal.resolvers.over_http import render_payload
from portal.settings import Settings
from portal.vocabulary import (
    UNSTATED,
    Action,
    CaseReference,
    EntryCode,
    Environment,
    ItemIdentifier,
    NetworkZone,
    Subject,
)

_END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NamedSubject:
    """A registered application or user, with its registered level and zone."""

    kind: SubjectKind
    id: str


@dataclass(frozen=True, slots=True)
class Question:
    """What an explanation is asked about; `at` is now where it is None, no items are all of the entry's."""

    resource: EntryCode
    action: Action
    at: datetime | None = None
    items: tuple[ItemIdentifier, ...] = ()
    reference: CaseReference = UNSTATED


@dataclass(frozen=True, slots=True)
class Asked:
    """The JSON text of an answer, and whether it has errors."""

    payload: bytes
    has_errors: bool


def _asker(named: NamedSubject | None) -> Asker:
    """Return the asker for a subject, the public for None; claims without level and zone take the register's."""
    claims = None if named is None else TokenClaims(named.kind, named.id, None, None, _END, uuid4().hex)
    return Asker(claims, None, uuid4().hex)


async def ask(settings: Settings, named: NamedSubject | None, operation: Operation, language: Language) -> Asked:
    """Return the answer of a GraphQL document, asked by a registered subject or the public (None)."""
    async with open_portal(settings) as portal:
        outcome = await answer_operation(portal.endpoint, _asker(named), operation, language)
        return Asked(render_payload(outcome.payload), "errors" in outcome.payload)


async def render_schema(settings: Settings, named: NamedSubject | None) -> str:
    """Return the schema as the subject sees it, in GraphQL's schema language.

    Raises: Unauthenticated for a subject that isn't registered, PolicyUnavailable.
    """
    async with open_portal(settings) as portal:
        point, subject, _ = await _identify(portal, named)
        view = portal.endpoint.view_of(subject, point, portal.road.now())
        actor = actor_of(_asker(named), subject)
        return print_schema(portal.endpoint.whole_schema(view, point.snapshot.content.profile, actor).schema)


async def explain(settings: Settings, named: NamedSubject | None, question: Question) -> Explanation:
    """Return the decision on an entry, item by item, for a registered subject or the public (None).

    Raises: BadInput for an unknown entry or item, Unauthenticated, PolicyUnavailable.
    """
    async with open_portal(settings) as portal:
        point, subject, zone = await _identify(portal, named)
        environment = Environment(question.at or portal.road.now(), zone, None, question.reference)
        request = Request(subject, question.action, environment)
        explanation = explain_entry(point, request, question.resource, question.items)
    if explanation is None:
        raise BadInput(
            Text(
                en=f"unknown entry `{question.resource}`; write a code of the catalog",
                zh=f"未知目录条目 `{question.resource}`；请填写目录中的代码",
            )
        )
    known = [item.identifier for item in explanation.entry.items]
    for item in question.items:
        if item not in known:
            raise BadInput(
                Text(
                    en=f"unknown item `{item}`; the entry has {', '.join(known)}",
                    zh=f"未知信息项 `{item}`；该条目有 {'、'.join(known)}",
                )
            )
    return explanation


async def _identify(portal: Portal, named: NamedSubject | None) -> tuple[DecisionPoint, Subject, NetworkZone | None]:
    point = await portal.road.keeper.current()
    return point, *identify(_asker(named), point.snapshot.registry)
