"""Who acts on the portal, and the audit's records of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from portal.access.asker import Asker
from portal.access.snapshots import SnapshotKeeper
from portal.audit.recorder import Recorder
from portal.audit.records import Act, ActRecord, Outcome
from portal.errors import ErrorCode, Forbidden
from portal.json_text import JsonValue
from portal.policies.duties import ANYTHING, Actor, Duties, Operation, Target
from portal.vocabulary import UserId


@dataclass(frozen=True, slots=True)
class Person:
    """A person who acts, and how the request came. Applications and the public never act."""

    actor: Actor
    asker: Asker

    @property
    def id(self) -> UserId:
        """The person's id in the register; empty for who is no person, whom no duty lets act."""
        return self.actor.subject.user or UserId("")


class ActingDesk(Protocol):
    """What judges who may act, and keeps it on record."""

    @property
    def duties(self) -> Duties:
        """Whose duty is what."""

    @property
    def recorder(self) -> Recorder:
        """The way into the audit."""

    @property
    def keeper(self) -> SnapshotKeeper:
        """The content, and its clock."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done with what, or refused with this code."""

    act: Act
    target: str
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    refused: ErrorCode | None = None


async def permit(desk: ActingDesk, person: Person, operation: Operation, about: str, target: Target = ANYTHING) -> None:
    """Let a person act whose duty it is; whoever is refused is on record. Raises: Forbidden, AuditUnavailable."""
    try:
        desk.duties.check(person.actor, operation, target)
    except Forbidden as refused:
        deed = Deed(Act.ADMINISTRATION_REFUSED, about, {"operation": operation.value}, refused.code)
        await desk.recorder.record_act(act_record(person, deed, desk.keeper.now()))
        raise


def act_record(person: Person, deed: Deed, now: datetime) -> ActRecord:
    """Return the record of what a person did, or was refused to do."""
    subject, asker = person.actor.subject, person.asker
    return ActRecord(
        time=now,
        subject=subject.name,
        department=subject.department,
        application=subject.application,
        user=subject.user,
        act=deed.act,
        target=deed.target,
        decision=Outcome.PERMIT if deed.refused is None else Outcome.DENY,
        code=deed.refused,
        details=deed.details,
        client_address=None if asker.client_address is None else str(asker.client_address),
        request_id=asker.request_id,
    )
