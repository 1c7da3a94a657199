"""The road whole, with its real recorder and store: no answer without its record, none under a policy of before."""

import asyncio
import inspect
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from portal.access.executing import Executed, SqliteSource
from portal.access.pipeline import ATTEMPTS, Answer, Asker, RefusedField, Road, answer_field, identify
from portal.access.planning import SharedField
from portal.access.shaping import Shaped
from portal.access.statement import Read
from portal.errors import AuditUnavailable, ErrorCode, PolicyUnavailable, SourceUnavailable, Text, Unauthenticated
from portal.identity.claims import SubjectKind, TokenClaims
from portal.policies.casbin_models import ModelName
from portal.policies.decision_point import DecisionPoint
from portal.vocabulary import PUBLIC, EntryCode
from tests.fixtures.planned import shared_field
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import RESIDENTS, VILLAGES, sharing_bundle
from tests.fixtures.small_bundle import BundleDraft

NAMES = "{residents(purpose: verification) {nodes {code name} access {policies receipt}}}"
CANARY = "合成甲一"


def asker(application: str = "checker") -> Asker:
    expires = datetime.now(UTC) + timedelta(hours=1)
    claims = TokenClaims(SubjectKind.APPLICATION, application, None, None, expires, "token-1")
    return Asker(claims, ip_address("192.0.2.1"), "request-1")


@dataclass
class PortalUnderTest:
    """A portal whose road can be led elsewhere, and whose content can change at any step."""

    world: PortalWorld
    folder: Path
    loads: int = 0

    @property
    def road(self) -> Road:
        return self.world.portal.road

    def load(self, change: Callable[[BundleDraft], object]) -> None:
        """Load the bundle with a change."""
        draft = sharing_bundle()
        change(draft)
        self.loads += 1
        self.world.load(draft, self.folder / f"load-{self.loads}")

    def answer(
        self, text: str = NAMES, by: Asker | None = None, road: Road | None = None, entry: str = RESIDENTS
    ) -> Answer:
        """Return the answer of a field; whoever asks is the checker unless told otherwise."""
        return self.world.run(self.ask(shared_field(text), by or asker(), road or self.road, entry))

    async def ask(self, asked: SharedField, by: Asker, road: Road, entry: str) -> Answer:
        point = await self.road.keeper.current()
        return await answer_field(road, by, point, point.snapshot.state_by_code[EntryCode(entry)], asked)

    def records(self) -> list[dict[str, Any]]:
        """Return the audit's records, oldest first."""
        path = self.folder / "home" / "portal.db"
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("SELECT record FROM audit_records ORDER BY writer, sequence").fetchall()
        return [json.loads(record) for (record,) in found]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalUnderTest]:
    with open_world(sharing_bundle(), tmp_path) as world:
        yield PortalUnderTest(world, tmp_path)


class HookedSource(SqliteSource):
    """A source at which something happens after each read."""

    def __init__(self, portal: PortalUnderTest, hook: Callable[[int], object]) -> None:
        super().__init__(portal.world.settings.data_url, 1, 5)
        self.reads = 0
        self._hook = hook

    async def execute(self, read: Read) -> Executed:
        executed = await super().execute(read)
        self.reads += 1
        outcome = self._hook(self.reads)
        if inspect.isawaitable(outcome):
            await outcome
        return executed


@pytest.fixture
def hooked(portal: PortalUnderTest) -> Iterator[Callable[[Callable[[int], object]], tuple[Road, HookedSource]]]:
    """Return what gives a road with something happening after each read, and its source."""
    sources: list[HookedSource] = []

    def make(hook: Callable[[int], object]) -> tuple[Road, HookedSource]:
        sources.append(HookedSource(portal, hook))
        return replace(portal.road, source=sources[-1]), sources[-1]

    yield make
    for source in sources:
        source.close()


Hooked = Callable[[Callable[[int], object]], tuple[Road, HookedSource]]


def set_obligations(name: str, **obligations: object) -> Callable[[BundleDraft], None]:
    def change(draft: BundleDraft) -> None:
        draft.policies[name]["obligations"] = obligations

    return change


def retitle(title: str) -> Callable[[BundleDraft], None]:
    """Return a change that raises the epoch and nothing else."""

    def change(draft: BundleDraft) -> None:
        draft.title = title

    return change


def names_of(answer: Answer) -> list[str]:
    assert isinstance(answer, Shaped)
    nodes = answer["nodes"]
    assert isinstance(nodes, list)
    return [node["code"] for node in nodes]


def refusal_of(answer: Answer) -> tuple[ErrorCode, dict[str, ErrorCode]]:
    assert isinstance(answer, RefusedField)
    return answer.refusal.code, dict(answer.refusal.reasons)


def test_permitted_rows_are_answered_with_the_receipt_of_their_record(portal: PortalUnderTest) -> None:
    answer = portal.answer()

    assert names_of(answer) == ["r01", "r03", "r05", "r06", "r07", "r08"]
    assert isinstance(answer, Shaped)
    (record,) = portal.records()
    assert answer["access"] == {"policies": ("verify",), "receipt": f"{record['writer']}-{record['sequence']}"}
    assert (record["decision"], record["rows"], record["items"]) == ("permit", 6, ["code", "name"])
    assert record["policies"] == [["poor", 1], ["verify", 1]]
    assert (record["subject"], record["request_id"]) == ("application:checker", "request-1")
    assert (record["purpose"], record["matter"]) == ("verification", "999999-0001")
    assert record["client_address"] == "192.0.2.1"


def test_denied_request_reads_nothing_and_leaves_its_record(portal: PortalUnderTest, hooked: Hooked) -> None:
    road, source = hooked(lambda _: None)

    answer = portal.answer("{residents {nodes {code name}}}", road=road)

    assert refusal_of(answer) == (
        ErrorCode.PURPOSE_REQUIRED,
        {"code": ErrorCode.PURPOSE_REQUIRED, "name": ErrorCode.PURPOSE_REQUIRED},
    )
    assert source.reads == 0
    (record,) = portal.records()
    assert (record["decision"], record["code"], record["rows"]) == ("deny", "PURPOSE_REQUIRED", 0)
    assert record["reasons"] == [["code", "PURPOSE_REQUIRED"], ["name", "PURPOSE_REQUIRED"]]


def test_refusal_names_no_item_beyond_the_view_though_its_record_does(portal: PortalUnderTest) -> None:
    answer = portal.answer("{residents(purpose: verification) {nodes {name id_number}}}")

    assert refusal_of(answer) == (ErrorCode.ITEM_DENIED, {})
    assert portal.records()[-1]["reasons"] == [["id_number", "ITEM_DENIED"]]


def test_arguments_that_can_not_be_used_are_refused_and_recorded(portal: PortalUnderTest) -> None:
    answer = portal.answer("{residents(first: 0) {totalCount}}")

    assert refusal_of(answer) == (ErrorCode.BAD_INPUT, {})
    (record,) = portal.records()
    assert (record["code"], record["items"], record["filter"]) == ("BAD_INPUT", [], None)


def test_cursor_of_another_request_is_refused_and_recorded(portal: PortalUnderTest) -> None:
    answer = portal.answer('{residents(purpose: verification, after: "AAAA") {nodes {code}}}')

    assert refusal_of(answer) == (ErrorCode.BAD_INPUT, {})
    assert portal.records()[-1]["code"] == "BAD_INPUT"


def test_source_that_fails_is_told_and_recorded(portal: PortalUnderTest, hooked: Hooked) -> None:
    def fail(_: int) -> None:
        raise SourceUnavailable(Text("not now", "暂不可用"))

    road, _ = hooked(fail)

    assert refusal_of(portal.answer(road=road)) == (ErrorCode.SOURCE_UNAVAILABLE, {})
    (record,) = portal.records()
    assert (record["decision"], record["code"], record["rows"]) == ("deny", "SOURCE_UNAVAILABLE", 0)


def test_public_is_answered_what_is_open(portal: PortalUnderTest) -> None:
    public = Asker(None, None, "request-2")

    answer = portal.answer("{villages {totalCount access {policies}}}", by=public, entry=VILLAGES)

    assert answer == {"totalCount": 4, "access": {"policies": ()}}
    (record,) = portal.records()
    assert (record["subject"], record["department"], record["client_address"]) == ("public", None, None)
    assert record["policies"] == [["open-villages", 1]]


def test_policy_that_is_revoked_while_rows_are_read_answers_no_more(portal: PortalUnderTest, hooked: Hooked) -> None:
    road, source = hooked(lambda read: portal.load(lambda draft: draft.policies.pop("verify")) if read == 1 else None)

    answer = portal.answer(road=road)

    assert source.reads == 1
    assert refusal_of(answer)[0] is ErrorCode.PURPOSE_DENIED
    (record,) = portal.records()
    assert (record["decision"], record["epoch"]) == ("deny", 2)


def test_request_is_decided_again_when_the_epoch_changed_meanwhile(portal: PortalUnderTest, hooked: Hooked) -> None:
    def restrict(draft: BundleDraft) -> None:
        draft.policies["verify"]["scope"] = {"code": {"eq": "r01"}}

    road, source = hooked(lambda read: portal.load(restrict) if read == 1 else None)

    assert names_of(portal.answer(road=road)) == ["r01"]
    assert source.reads == 2
    (record,) = portal.records()
    assert (record["epoch"], record["rows"], record["policies"]) == (2, 1, [["poor", 1], ["verify", 2]])


def test_request_is_answered_by_the_fourth_attempt(portal: PortalUnderTest, hooked: Hooked) -> None:
    road, source = hooked(lambda read: portal.load(retitle(f"第{read}版")) if read < ATTEMPTS else None)

    assert len(names_of(portal.answer(road=road))) == 6
    assert source.reads == ATTEMPTS
    assert len(portal.records()) == 1


def test_request_is_given_up_when_the_epoch_keeps_changing(portal: PortalUnderTest, hooked: Hooked) -> None:
    road, source = hooked(lambda read: portal.load(retitle(f"第{read}版")))

    with pytest.raises(PolicyUnavailable) as refused:
        portal.answer(road=road)

    assert refused.value.code is ErrorCode.POLICY_UNAVAILABLE
    assert source.reads == ATTEMPTS
    assert portal.records() == []


def test_refusal_is_decided_again_when_the_epoch_changed_meanwhile(portal: PortalUnderTest, hooked: Hooked) -> None:
    def fail_once(read: int) -> None:
        if read == 1:
            portal.load(retitle("另一版"))
            raise SourceUnavailable(Text("not now", "暂不可用"))

    road, source = hooked(fail_once)

    assert len(names_of(portal.answer(road=road))) == 6
    assert source.reads == 2
    assert [record["decision"] for record in portal.records()] == ["permit"]


def test_entry_that_changes_meanwhile_is_not_answered(portal: PortalUnderTest, hooked: Hooked) -> None:
    def widen(draft: BundleDraft) -> None:
        draft.entries["residents"]["items"][1]["length"] = 61

    road, _ = hooked(lambda _: portal.load(widen))

    with pytest.raises(PolicyUnavailable, match="entry changed"):
        portal.answer(road=road)
    assert portal.records() == []


def test_entry_that_is_of_an_older_snapshot_is_not_answered(portal: PortalUnderTest) -> None:
    async def answer() -> Answer:
        point = await portal.road.keeper.current()
        state = point.snapshot.state_by_code[EntryCode(RESIDENTS)]
        entry = replace(state.entry, code=EntryCode("303001001/09999"))
        return await answer_field(portal.road, asker(), point, replace(state, entry=entry), shared_field(NAMES))

    with pytest.raises(PolicyUnavailable):
        portal.world.run(answer())


def test_subject_that_is_removed_meanwhile_is_refused(portal: PortalUnderTest, hooked: Hooked) -> None:
    def remove(draft: BundleDraft) -> None:
        draft.applications = [line for line in draft.applications if not line.startswith("checker")]

    road, _ = hooked(lambda read: portal.load(remove) if read == 1 else None)

    with pytest.raises(Unauthenticated):
        portal.answer(road=road)
    assert portal.records() == []


def test_day_that_fills_up_meanwhile_leaves_what_is_left(portal: PortalUnderTest, hooked: Hooked) -> None:
    portal.load(set_obligations("verify", daily_rows=8))
    # Another request of the same subject takes four rows, between the decision and the record of this one.
    road, source = hooked(lambda read: take(portal, 4) if read == 1 else None)

    answer = portal.answer("{residents(purpose: verification) {nodes {code}}}", road=road)

    assert names_of(answer) == ["r01", "r03", "r05", "r06"]
    assert source.reads == 2
    assert [record["rows"] for record in portal.records()] == [4, 4]


def test_day_that_fills_up_meanwhile_refuses_what_is_more(portal: PortalUnderTest, hooked: Hooked) -> None:
    portal.load(set_obligations("verify", daily_rows=8))
    road, source = hooked(lambda read: take(portal, 4) if read == 1 else None)

    answer = portal.answer("{residents(purpose: verification, first: 6) {nodes {code}}}", road=road)

    assert refusal_of(answer) == (ErrorCode.QUOTA_EXCEEDED, {"code": ErrorCode.QUOTA_EXCEEDED})
    assert source.reads == 1
    assert [(record["decision"], record["rows"]) for record in portal.records()] == [("permit", 4), ("deny", 0)]


async def take(portal: PortalUnderTest, rows: int) -> None:
    """Let the checker take rows by a request of their own."""
    text = f"{{residents(purpose: verification, first: {rows}) {{nodes {{code}}}}}}"
    assert len(names_of(await portal.ask(shared_field(text), asker(), portal.road, RESIDENTS))) == rows


def test_rows_without_a_limit_count_all_the_same(portal: PortalUnderTest) -> None:
    portal.answer()
    portal.load(set_obligations("verify", daily_rows=8))

    answer = portal.answer("{residents(purpose: verification, first: 3) {nodes {code}}}")

    assert refusal_of(answer)[0] is ErrorCode.QUOTA_EXCEEDED


def test_failure_that_nobody_foresaw_is_recorded_and_answered_with_a_number(
    portal: PortalUnderTest, hooked: Hooked, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: int) -> None:
        raise RuntimeError(CANARY)

    road, _ = hooked(fail)
    with caplog.at_level(logging.DEBUG):
        answer = portal.answer(
            '{residents(purpose: verification, where: {name: {eq: "合成甲一"}}) {nodes {name}}}', road=road
        )

    assert refusal_of(answer) == (ErrorCode.INTERNAL, {})
    assert isinstance(answer, RefusedField)
    assert answer.text is not None
    number = answer.text.en.split()[-1]
    assert answer.text.zh.endswith(number)
    assert f"internal failure {number}: RuntimeError" in caplog.text
    assert CANARY not in caplog.text
    (record,) = portal.records()
    assert (record["decision"], record["code"], record["rows"]) == ("deny", "INTERNAL", 0)


def test_failure_in_planning_is_recorded_without_a_plan(portal: PortalUnderTest) -> None:
    answer = portal.answer("{residents {nodes {...Missing}}}")

    assert refusal_of(answer) == (ErrorCode.INTERNAL, {})
    assert portal.records()[-1]["items"] == []


def test_nothing_is_answered_when_the_audit_is_down(portal: PortalUnderTest) -> None:
    portal.world.run(asyncio.to_thread(portal.road.recorder.close))

    for text in (NAMES, "{residents {nodes {code}}}", "{residents(first: 0) {totalCount}}"):
        with pytest.raises(AuditUnavailable):
            portal.answer(text)
    assert portal.records() == []


def test_nothing_is_answered_when_the_day_can_not_be_read(portal: PortalUnderTest) -> None:
    portal.load(set_obligations("verify", daily_rows=8))
    portal.world.run(asyncio.to_thread(portal.road.recorder.close))

    with pytest.raises(AuditUnavailable):
        portal.answer()


class FailingMatcher:
    """A matcher whose model can't be evaluated."""

    def matching(self, *_: object) -> tuple[()]:
        raise PolicyUnavailable(Text("a policy record can't be evaluated", "有策略记录无法求值"))


def test_nothing_is_answered_when_a_policy_can_not_be_evaluated(portal: PortalUnderTest) -> None:
    async def answer() -> Answer:
        point = await portal.road.keeper.current()
        broken: Any = dict.fromkeys(ModelName, FailingMatcher())
        state = point.snapshot.state_by_code[EntryCode(RESIDENTS)]
        return await answer_field(
            portal.road, asker(), DecisionPoint(point.snapshot, broken), state, shared_field(NAMES)
        )

    with pytest.raises(PolicyUnavailable):
        portal.world.run(answer())
    assert portal.records() == []


def test_tables_are_kept_by_name_and_never_mixed_up(portal: PortalUnderTest) -> None:
    point = portal.world.run(portal.road.keeper.current())
    residents, villages = (point.snapshot.state_by_code[EntryCode(code)] for code in (RESIDENTS, VILLAGES))

    assert portal.road.table_of(residents) is portal.road.table_of(residents)
    assert portal.road.table_of(residents).name != portal.road.table_of(villages).name


def test_subject_without_a_token_is_the_public(portal: PortalUnderTest) -> None:
    registry = portal.world.run(portal.road.keeper.current()).snapshot.registry

    assert identify(Asker(None, None, "r"), registry)[0] == PUBLIC
    assert identify(asker(), registry)[0].application == "checker"
    with pytest.raises(Unauthenticated):
        identify(asker("nobody"), registry)


def test_portal_s_clock_is_aware(portal: PortalUnderTest) -> None:
    assert abs(portal.road.now() - datetime.now(UTC)) < timedelta(seconds=2)
