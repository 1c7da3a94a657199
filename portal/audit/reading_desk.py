"""Where people read the audit: what they may, within bounds, and never without a record of their own reading (T65)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from portal.audit.affected import AffectedQuestion, Uses, read_uses
from portal.audit.log_readings import LogReadings, Reading
from portal.audit.proving import ProofState, prove_record
from portal.audit.reach_search import RecordPage, ShownRecord, read_page, read_record
from portal.audit.readers import AuditReach, Sight, reach_of, sight_of
from portal.audit.receipts import Recorded
from portal.audit.recorder import Recorder
from portal.audit.records import Act, ActRecord, Outcome, render_time
from portal.audit.searching import Place, Search, load_record
from portal.audit.signing import SigningKeys
from portal.audit.statistics import Count, StatisticsQuestion, read_statistics
from portal.audit.walking import ChainPiece, CheckpointPage, check_pieces, read_checkpoints, read_pieces
from portal.errors import AuditUnavailable, PortalError
from portal.json_text import JsonValue
from portal.policies.duties import ANYTHING, Actor, Duties, Operation
from portal.vocabulary import DepartmentCode, EntryCode

_UNBOUNDED = 24 * 3600.0
_Result = TypeVar("_Result")
_Work = Callable[[Reading, AuditReach], _Result]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and under which catalog: it says whose entries are whose."""

    actor: Actor
    providers: Mapping[EntryCode, DepartmentCode]
    client_address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProvedRecord:
    """A record as a reader sees it, and what became of its proof.

    `document` is what `portal-verify receipt` checks; None where it would show more than the reader may see.
    """

    shown: ShownRecord
    state: ProofState
    checkpoint: int | None
    document: str | None


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """Answers what people ask of the audit; made once a process.

    INVARIANT: what was asked, and how much was found, is on the disk before any of it is answered; refusals too.
    """

    readings: LogReadings
    recorder: Recorder
    duties: Duties
    keys: Callable[[], SigningKeys]
    now: Callable[[], datetime]

    async def page(self, reader: Reader, search: Search) -> RecordPage:
        """Return a page of records. Raises: Forbidden, BadInput, TooComplex, AuditUnavailable."""

        def work(reading: Reading, reach: AuditReach) -> RecordPage:
            if search.act is not None:
                self._only_whole(reader)
            return read_page(reading, reach, search)

        return await self._audited(reader, _Asked("records", stated(search)), work, lambda page: len(page.records))

    async def record(self, reader: Reader, place: Place) -> ProvedRecord | None:
        """Return a record with its proof; None where it isn't there, or not to be read.

        Raises: Forbidden, TooComplex, AuditUnavailable.
        """

        def work(reading: Reading, reach: AuditReach) -> ProvedRecord | None:
            return self._prove(reading, reach, place)

        return await self._audited(
            reader, _Asked(f"record {place.receipt}"), work, lambda found: int(found is not None)
        )

    async def checkpoints(self, reader: Reader, after: int | None, first: int) -> CheckpointPage:
        """Return checkpoints in their order; only who may read all may walk along the log.

        Raises: Forbidden, TooComplex, AuditUnavailable.
        """

        def work(reading: Reading, _reach: AuditReach) -> CheckpointPage:
            self._only_whole(reader)
            return read_checkpoints(reading.connection, after, first)

        asked = _Asked("checkpoints", {"after": after, "first": first})
        return await self._audited(reader, asked, work, lambda page: len(page.checkpoints))

    async def links(self, reader: Reader, pieces: Sequence[ChainPiece]) -> list[list[str]]:
        """Return the links of pieces of chains; of older records these are the texts, so only who may read all may.

        Raises: Forbidden, BadInput, TooComplex, AuditUnavailable.
        """

        def work(reading: Reading, _reach: AuditReach) -> list[list[str]]:
            self._only_whole(reader)
            return read_pieces(reading.connection, check_pieces(pieces))

        asked = _Asked("links", {"pieces": len(pieces)})
        return await self._audited(reader, asked, work, lambda found: sum(map(len, found)))

    async def statistics(self, reader: Reader, question: StatisticsQuestion) -> list[Count]:
        """Return counts. Raises: Forbidden, TooComplex, AuditUnavailable."""

        def work(reading: Reading, reach: AuditReach) -> list[Count]:
            return read_statistics(reading, reach, question)

        return await self._audited(reader, _Asked("statistics", stated(question)), work, len)

    async def affected(self, reader: Reader, question: AffectedQuestion) -> list[Uses]:
        """Return who was answered from what is frozen, without time limit; only who may read all may know.

        Raises: Forbidden, AuditUnavailable.
        """

        def work(reading: Reading, _reach: AuditReach) -> list[Uses]:
            self._only_whole(reader)
            return read_uses(reading, question)

        return await self._audited(reader, _Asked("affected", stated(question), seconds=_UNBOUNDED), work, len)

    async def export(
        self, reader: Reader, search: Search, write: Callable[[Connection], int], *, is_bounded: bool = False
    ) -> int:
        """Let records be written whole, and return how many; only who may read all may have them.

        Without a time limit, but where it `is_bounded`. Raises: Forbidden, AuditUnavailable, and what writing raises.
        """

        def work(reading: Reading, _reach: AuditReach) -> int:
            self._only_whole(reader)
            return write(reading.connection)

        asked = _Asked("evidence", stated_export(search), seconds=None if is_bounded else _UNBOUNDED)
        return await self._audited(reader, asked, work, lambda count: count)

    async def follow(self, reader: Reader, target: str, lines: int) -> Recorded:
        """Let the log be read as it is written, and return the record of that; only who may read all may.

        Raises: Forbidden, AuditUnavailable.
        """
        asked = _Asked(target, {"lines": lines})
        try:
            self._only_whole(reader)
        except PortalError as refusal:
            await self._refused(reader, asked, refusal)
            raise
        told = replace(asked, details={**asked.details, "whole": True})
        return await self.recorder.record_act(_act(reader, self.now(), told))

    def _only_whole(self, reader: Reader) -> None:
        self.duties.check(reader.actor, Operation.READ_AUDIT, ANYTHING)

    def _prove(self, reading: Reading, reach: AuditReach, place: Place) -> ProvedRecord | None:
        shown = read_record(reading, reach, place)
        if shown is None:
            return None
        proof = prove_record(reading.connection, load_record(reading.connection, place), self.keys().public_keys)
        # Of a record that a provider sees in part the proof would show the whole, and of older ones their neighbours.
        may_have = reach.everything or (sight_of(reach, shown.members) is Sight.WHOLE and proof.is_sealed)
        document = proof.document if may_have and proof.state is ProofState.PROVED else None
        return ProvedRecord(shown, proof.state, proof.checkpoint, document)

    async def _refused(self, reader: Reader, asked: "_Asked", refusal: PortalError) -> None:
        await self.recorder.record_act(_act(reader, self.now(), asked, refusal))

    async def _audited(
        self, reader: Reader, asked: "_Asked", work: _Work[_Result], count: Callable[[_Result], int]
    ) -> _Result:
        try:
            reach = reach_of(self.duties, reader.actor, reader.providers)
            result = await self.readings.run(lambda reading: work(reading, reach), asked.seconds)
        except AuditUnavailable:
            raise
        except PortalError as refusal:
            await self._refused(reader, asked, refusal)
            raise
        found: dict[str, JsonValue] = {"found": count(result), "whole": reach.everything}
        told = replace(asked, details={**asked.details, **found})
        await self.recorder.record_act(_act(reader, self.now(), told))
        return result


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is read, as the record of the reading says it; `seconds`: how long it may take, None: as is set."""

    target: str
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    seconds: float | None = None


def _act(reader: Reader, now: datetime, asked: _Asked, refusal: PortalError | None = None) -> ActRecord:
    subject = reader.actor.subject
    return ActRecord(
        time=now,
        subject=subject.name,
        department=subject.department,
        application=subject.application,
        user=subject.user,
        act=Act.AUDIT_READ,
        target=asked.target,
        decision=Outcome.PERMIT if refusal is None else Outcome.DENY,
        code=None if refusal is None else refusal.code,
        details=asked.details,
        client_address=reader.client_address,
        request_id=reader.request_id,
    )


def stated_export(search: Search) -> dict[str, JsonValue]:
    """Return what was asked to be exported: all that fits, whatever a page of it would hold."""
    return {name: value for name, value in stated(search).items() if name != "limit"}


def stated(question: Search | StatisticsQuestion | AffectedQuestion) -> dict[str, JsonValue]:
    """Return what was asked for, without what was left open."""
    members: dict[str, JsonValue] = {}
    for name in type(question).__slots__:
        value = getattr(question, name)
        match value:
            case None | False:
                continue
            case datetime():
                members[name] = render_time(value)
            case Place():
                members[name] = value.receipt
            case int():
                members[name] = value
            case _:
                members[name] = str(value)
    return members
