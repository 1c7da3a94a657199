"""What changes between a decision and its record is never overlooked: the request is decided again, or given up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.access.pipeline import ATTEMPTS
from portal.audit.receipts import Recording
from portal.audit.records import AuditRecord, Quota
from portal.errors import ErrorCode, PolicyUnavailable, SourceUnavailable, Text, Unauthenticated
from portal.vocabulary import EntryCode
from tests.fixtures.planned import shared_field
from tests.fixtures.sharing_bundle import RESIDENTS
from tests.fixtures.small_bundle import BundleDraft
from tests.unit.access.road import Hooked, PortalUnderTest, asker, names_of, refusal_of, retitle, set_obligations


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


def test_day_that_fills_up_again_and_again_ends_with_what_is_left_and_not_with_a_failure(
    portal: PortalUnderTest, hooked: Hooked
) -> None:
    portal.load(set_obligations("verify", daily_rows=11))
    # More often than a change of policy may overtake a request.
    road, source = hooked(lambda read: take(portal, 6 if read == 1 else 1) if read < 6 else None)

    answer = portal.answer("{residents(purpose: verification) {nodes {code}}}", road=road)

    assert source.reads == 6 > ATTEMPTS
    assert names_of(answer) == ["r01"]
    assert sum(record["rows"] for record in portal.records()) == 11


class Clock:
    """The portal's clock, which can be put forward, as for a process that was stopped."""

    def __init__(self, portal: PortalUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta(0)
        keeper = portal.road.keeper
        now = keeper.now
        monkeypatch.setattr(type(keeper), "now", lambda _: now() + self.ahead)

        def end_soon(draft: BundleDraft) -> None:
            draft.policies["verify"]["valid_until"] = (now() + timedelta(minutes=5)).isoformat(timespec="seconds")

        portal.load(end_soon)

    def put_forward(self) -> None:
        self.ahead = timedelta(minutes=6)


@pytest.fixture
def clock(portal: PortalUnderTest, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(portal, monkeypatch)


@pytest.mark.clause("threats.md R11 R12")
def test_period_that_ends_while_rows_are_read_answers_no_more(
    portal: PortalUnderTest, hooked: Hooked, clock: Clock
) -> None:
    road, source = hooked(lambda _: clock.put_forward())

    assert refusal_of(portal.answer(road=road))[0] is ErrorCode.EXPIRED
    assert source.reads == 1
    assert [record["decision"] for record in portal.records()] == ["deny"]


@pytest.mark.clause("threats.md R11 R12")
def test_period_that_ends_while_the_record_is_written_answers_no_more(portal: PortalUnderTest, clock: Clock) -> None:
    class LateRecorder:
        """Stands still once a record was written."""

        async def record(self, record: AuditRecord, quotas: Sequence[Quota] = ()) -> Recording:
            recorded = await portal.road.recorder.record(record, quotas)
            clock.put_forward()
            return recorded

        async def rows_today(self, subject: str, entry: EntryCode, day: date) -> int:
            return await portal.road.recorder.rows_today(subject, entry, day)

    road = replace(portal.road, recorder=LateRecorder())  # type: ignore[arg-type]  # what the road asks of one

    assert refusal_of(portal.answer(road=road))[0] is ErrorCode.EXPIRED
    # The rows of the first record were never released; the second one says so.
    assert [record["decision"] for record in portal.records()] == ["permit", "deny"]


async def take(portal: PortalUnderTest, rows: int) -> None:
    """Let the checker take rows by a request of their own."""
    text = f"{{residents(purpose: verification, first: {rows}) {{nodes {{code}}}}}}"
    assert len(names_of(await portal.ask(shared_field(text), asker(), portal.road, RESIDENTS))) == rows
