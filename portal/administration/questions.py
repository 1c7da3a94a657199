"""Questions on policies, by those whose duty it is: each is in the audit before it is answered."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import TypeVar

from portal.access.snapshots import SnapshotKeeper
from portal.administration.acts import Deed, Person, act_record
from portal.administration.database import ContentDatabase
from portal.audit.recorder import Recorder
from portal.audit.records import Act
from portal.audit.searching import load_record, parse_receipt
from portal.catalog.entries import CatalogEntry
from portal.errors import BadInput, ErrorCode, Forbidden, Text
from portal.identity.registry import Registry
from portal.json_text import JsonValue, parse_json
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import ANYTHING, Duties, Operation, Target
from portal.policies.questions import (
    Hypothetical,
    PastRefusal,
    Permission,
    RefusalExplained,
    Sight,
    Viewer,
    explain_refusal,
    imagine_viewer,
    registered_viewer,
    what_can_see,
    who_can_see,
)
from portal.regulations.profiles import load_profile
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    CaseReference,
    DepartmentCode,
    EntryCode,
    Environment,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    PolicyId,
    Purpose,
    UserId,
)

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class ItemQuestion:
    """Who can see the item; `at` None is now."""

    entry: EntryCode
    item: ItemIdentifier
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ViewerQuestion:
    """What an application, a person, somebody supposed or the public (nobody named) can see; `at` None is now."""

    application: ApplicationId | None = None
    user: UserId | None = None
    supposed: Hypothetical | None = None
    at: datetime | None = None

    @property
    def name(self) -> str:
        """Whom it is about, for the audit."""
        if self.application is not None:
            return f"application:{self.application}"
        if self.user is not None:
            return f"user:{self.user}"
        return "public" if self.supposed is None else f"department:{self.supposed.department}"


@dataclass(frozen=True)
class QuestionDesk:
    """Answers questions on policies."""

    database: ContentDatabase
    keeper: SnapshotKeeper
    recorder: Recorder
    duties: Duties

    async def who_can_see(self, person: Person, question: ItemQuestion) -> tuple[Sight, ...]:
        """Return who can see an item at a moment. Raises: Forbidden, BadInput, AuditUnavailable."""
        point = await self.keeper.current()
        entry = _known_entry(point, question.entry)
        at = question.at or self.keeper.now()
        asked = Deed(Act.POLICY_ASKED, f"who {question.entry} {question.item}", {"at": at.isoformat()})
        await self._admit(person, asked, entry)
        if entry.item(question.item) is None:
            known = [item.identifier for item in entry.items]
            raise BadInput(
                Text(
                    en=f"unknown item `{question.item}`; the entry has {', '.join(known)}",
                    zh=f"未知信息项 `{question.item}`；该条目有 {'、'.join(known)}",
                )
            )
        return await self._answer(person, asked, lambda: who_can_see(point.snapshot, entry.code, question.item, at))

    async def what_can_see(self, person: Person, question: ViewerQuestion) -> tuple[Permission, ...]:
        """Return what somebody can see, of the entries that the person answers for.

        Raises: Forbidden, BadInput, AuditUnavailable.
        """
        point = await self.keeper.current()
        at = question.at or self.keeper.now()
        asked = Deed(Act.POLICY_ASKED, f"what {question.name}", {"at": at.isoformat()})
        codes = [state.entry.code for state in point.snapshot.content.entries if self._reaches(person, state.entry)]
        if not codes:
            await self._admit(person, asked, None)
        viewer = _viewer_of(question, point.snapshot.registry)
        purposes = load_profile(point.snapshot.content.profile).purposes
        return await self._answer(person, asked, lambda: what_can_see(point, viewer, codes, at, purposes))

    async def why_refused(self, person: Person, receipt: str) -> RefusalExplained:
        """Return why a request was refused. Raises: Forbidden, BadInput, AuditUnavailable."""
        point, place = await self.keeper.current(), parse_receipt(receipt)
        asked = Deed(Act.POLICY_ASKED, f"why {place.receipt}")
        try:
            found = await self.database.read(lambda connection: load_record(connection, place))
        except BadInput:
            # Who may not ask of every entry isn't told which receipts there are.
            await self._admit(person, asked, None)
            raise
        refusal = parse_refusal(found.text)
        state = None if refusal is None else point.snapshot.state_by_code.get(refusal.entry)
        await self._admit(person, asked, None if state is None else state.entry)
        if refusal is None:
            raise BadInput(
                Text(
                    en=f"the record `{place.receipt}` is of no refused request; name the receipt of one that was",
                    zh=f"记录 `{place.receipt}` 不是被拒绝的请求；请填写被拒绝请求的回执",
                )
            )
        return await self._answer(person, asked, lambda: explain_refusal(point, refusal))

    async def admitted_entry(self, person: Person, asked: Deed, point: DecisionPoint, code: EntryCode) -> CatalogEntry:
        """Return the entry that a question is about, for who may ask of it. Raises: Forbidden, BadInput."""
        entry = _known_entry(point, code)
        await self._admit(person, asked, entry)
        return entry

    def viewer_of(self, question: ViewerQuestion, point: DecisionPoint) -> Viewer:
        """Return whose eyes are looked through. Raises: BadInput."""
        return _viewer_of(question, point.snapshot.registry)

    async def keep_on_record(self, person: Person, asked: Deed) -> None:
        """Put a question into the audit, before it is answered. Raises: AuditUnavailable."""
        await self.recorder.record_act(act_record(person, asked, self.keeper.now()))

    def _reaches(self, person: Person, entry: CatalogEntry) -> bool:
        return self.duties.permits(person.actor, Operation.ASK_POLICY, Target(provider=entry.provider))

    async def _admit(self, person: Person, asked: Deed, entry: CatalogEntry | None) -> None:
        """Raise Forbidden, once that is in the audit, unless the person may ask of the entry; None: of all."""
        target = ANYTHING if entry is None else Target(provider=entry.provider)
        try:
            self.duties.check(person.actor, Operation.ASK_POLICY, target)
        except Forbidden:
            refused = Deed(asked.act, asked.target, asked.details, ErrorCode.FORBIDDEN)
            await self.recorder.record_act(act_record(person, refused, self.keeper.now()))
            raise

    async def _answer(self, person: Person, asked: Deed, work: Callable[[], _Answer]) -> _Answer:
        """Return what the work gives, once the question is in the audit; others' requests don't wait meanwhile."""
        answer = await asyncio.to_thread(work)
        await self.keep_on_record(person, asked)
        return answer


def _known_entry(point: DecisionPoint, code: EntryCode) -> CatalogEntry:
    state = point.snapshot.state_by_code.get(code)
    if state is None:
        raise BadInput(
            Text(
                en=f"unknown entry `{code}`; write a code of the catalog",
                zh=f"未知目录条目 `{code}`；请填写目录中的代码",
            )
        )
    return state.entry


def _viewer_of(question: ViewerQuestion, registry: Registry) -> Viewer:
    """Return whose eyes are looked through. Raises: BadInput for more than one, or somebody who isn't registered."""
    named = [one for one in (question.application, question.user, question.supposed) if one is not None]
    if len(named) > 1:
        raise BadInput(
            Text(
                en="more than one subject is named; name an application, a person or a department",
                zh="指定了多个主体；请只指明一个应用、人员或部门",
            )
        )
    if not named:
        return Viewer(PUBLIC, NetworkZone.INTERNET)
    if question.supposed is not None:
        viewer = imagine_viewer(question.supposed, registry)
    else:
        viewer = registered_viewer(registry, question.application, question.user)
    if viewer is None:
        raise BadInput(
            Text(
                en=f"`{question.name}` isn't registered, or not in good standing; name one that is",
                zh=f"`{question.name}` 未登记或状态不正常；请指明已登记的主体",
            )
        )
    return viewer


def parse_refusal(text: str) -> PastRefusal | None:
    """Return the refusal that a record of the log holds; None for any other record."""
    record = parse_json(text)
    if not isinstance(record, dict) or record.get("decision") != "deny" or "act" in record or "mode" not in record:
        return None
    return PastRefusal(
        entry=EntryCode(str(record["entry"])),
        items=tuple(map(ItemIdentifier, _texts(record["items"]))),
        application=_named(record, "application", ApplicationId),
        user=_named(record, "user", UserId),
        department=_named(record, "department", DepartmentCode),
        action=Action(
            Mode(str(record["mode"])),
            _named(record, "purpose", Purpose),
            _named(record, "matter", Matter),
        ),
        environment=_environment(record),
        epoch=int(str(record["epoch"])),
        code=_named(record, "code", ErrorCode),
        reasons={ItemIdentifier(item): ErrorCode(code) for item, code in map(_texts, _list(record["reasons"]))},
        policies=tuple((PolicyId(name), int(version)) for name, version in map(_texts, _list(record["policies"]))),
    )


def _environment(record: Mapping[str, JsonValue]) -> Environment:
    address = _text(record, "client_address")
    return Environment(
        datetime.fromisoformat(str(record["time"])),
        None,
        None if address is None else ip_address(address),
        CaseReference(_text(record, "case"), _text(record, "operator")),
    )


def _text(record: Mapping[str, JsonValue], name: str) -> str | None:
    member = record.get(name)
    return None if member is None else str(member)


def _named(record: Mapping[str, JsonValue], name: str, make: Callable[[str], _Answer]) -> _Answer | None:
    text = _text(record, name)
    return None if text is None else make(text)


def _list(member: JsonValue) -> Sequence[JsonValue]:
    return member if isinstance(member, list) else ()


def _texts(member: JsonValue) -> tuple[str, ...]:
    return tuple(map(str, _list(member)))
