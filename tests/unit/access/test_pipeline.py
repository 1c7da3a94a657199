"""The road whole, with its real recorder and store: no answer without its record, none under a policy of before."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.access.asker import Asker, identify
from portal.access.pipeline import Answer, RefusedField, answer_field
from portal.access.shaping import Shaped
from portal.errors import AuditUnavailable, ErrorCode, PolicyUnavailable, SourceUnavailable, Text, Unauthenticated
from portal.policies.casbin_models import ModelName
from portal.policies.decision_point import DecisionPoint
from portal.vocabulary import PUBLIC, EntryCode
from tests.fixtures.planned import shared_field
from tests.fixtures.sharing_bundle import RESIDENTS, VILLAGES
from tests.unit.access.road import NAMES, Hooked, PortalUnderTest, asker, names_of, refusal_of, set_obligations

CANARY = "合成甲一"


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


def test_entry_that_is_of_an_older_snapshot_is_not_answered(portal: PortalUnderTest) -> None:
    async def answer() -> Answer:
        point = await portal.road.keeper.current()
        state = point.snapshot.state_by_code[EntryCode(RESIDENTS)]
        entry = replace(state.entry, code=EntryCode("303001001/09999"))
        return await answer_field(portal.road, asker(), point, replace(state, entry=entry), shared_field(NAMES))

    with pytest.raises(PolicyUnavailable):
        portal.world.run(answer())


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


def test_what_a_stopping_server_ends_is_recorded(portal: PortalUnderTest, hooked: Hooked) -> None:
    def cancel(_: int) -> None:
        raise asyncio.CancelledError

    road, _ = hooked(cancel)
    with pytest.raises(asyncio.CancelledError):
        portal.answer(road=road)

    (record,) = portal.records()
    assert (record["decision"], record["code"], record["rows"]) == ("deny", "INTERNAL", 0)


def test_what_a_stopping_server_ends_stays_ended_when_it_can_not_be_recorded(
    portal: PortalUnderTest, hooked: Hooked
) -> None:
    def cancel(_: int) -> None:
        portal.road.recorder.close()
        raise asyncio.CancelledError

    road, _ = hooked(cancel)
    with pytest.raises(asyncio.CancelledError):
        portal.answer(road=road)
    assert portal.records() == []


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
