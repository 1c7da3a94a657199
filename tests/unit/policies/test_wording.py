"""What `portal explain` says; only values, no portal."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.catalog.entries import (
    CatalogEntry,
    EntryKind,
    EntryStatus,
    FormatCategory,
    InformationItem,
    UpdateCycle,
)
from portal.conditions.tree import Comparison, Operator, ValueType
from portal.errors import ErrorCode, Language
from portal.policies.explanation import Explanation, ItemFinding, RecordFinding
from portal.policies.matching import Request, Stage
from portal.policies.records import (
    ANY,
    Consumer,
    ConsumerKind,
    Effect,
    FullMask,
    GeneraliseMask,
    HashMask,
    Mask,
    Obligations,
    PartialMask,
    Period,
    PolicyKind,
    PolicyRecord,
)
from portal.policies.wording import render_explanation
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    DepartmentCode,
    EntryCode,
    EntryIdentifier,
    Environment,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    PolicyId,
    Purpose,
    ShareClass,
    Subject,
)

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
NAME = ItemIdentifier("name")
ENTRY = CatalogEntry(
    code=EntryCode("303001001/00001"),
    identifier=EntryIdentifier("residents"),
    name="常住人口",
    provider=DepartmentCode("11999999MB0000027M"),
    abstract="",
    format_category=FormatCategory.DATABASE,
    format_type="sqlite",
    kind=EntryKind.DEPARTMENT,
    share_class=ShareClass.CONDITIONAL,
    share_modes=(Mode.QUERY,),
    open=False,
    update_cycle=UpdateCycle.DAILY,
    published_on=date(2026, 1, 2),
    key=(NAME,),
    items=(InformationItem(NAME, "姓名", ValueType.STRING, ShareClass.CONDITIONAL, open=False, sensitivity=3),),
    status=EntryStatus.PUBLISHED,
)
SUBJECT = Subject(DepartmentCode("11999999MB0000019T"), application=ApplicationId("checker"), auth_level=2)
REQUEST = Request(SUBJECT, Action(Mode.QUERY, Purpose("verification")), Environment(NOW, NetworkZone.GOVERNMENT))
RECORD = PolicyRecord(
    id=PolicyId("statute-1"),
    effect=Effect.ALLOW,
    kind=PolicyKind.STATUTORY,
    consumer=Consumer(ConsumerKind.ANY_DEPARTMENT),
    resource=ENTRY.code,
    items=ANY,
    purposes=(Purpose("verification"), Purpose("work_reference")),
    modes=(Mode.QUERY,),
)
CONDITION = Comparison("region", Operator.EQ, "37")


def explain(
    *found: RecordFinding, code: ErrorCode | None = None, request: Request = REQUEST, matter_refused: bool = False
) -> str:
    explanation = Explanation(ENTRY, request, matter_refused, (ItemFinding(NAME, code, found),))
    return "\n".join(line.render(Language.ENGLISH) for line in render_explanation(explanation))


def finding(record: PolicyRecord = RECORD, stage: Stage | None = Stage.APPLIES, mask: Mask | None = None) -> str:
    return explain(RecordFinding(record, stage, mask)).splitlines()[-1]


def test_explanation_begins_with_entry_and_request() -> None:
    assert explain().splitlines()[:5] == [
        "常住人口  residents  303001001/00001",
        "  provider 11999999MB0000027M, conditional, published",
        "  asked by application:checker of 11999999MB0000019T, level 2, zone government",
        "  mode query, purpose verification, matter -, at 2026-03-01T08:00:00Z",
        "",
    ]
    assert "asked by the public, level 0, zone internet" in explain(request=Request(PUBLIC, Action(), Environment(NOW)))


def test_explanation_says_when_the_matter_is_not_the_applications() -> None:
    action = Action(matter=Matter("999999-0009"))
    told = explain(request=replace(REQUEST, action=action), code=ErrorCode.PURPOSE_DENIED, matter_refused=True)
    assert "the application isn't registered for this matter" in told
    assert "name: refused, PURPOSE_DENIED: not for this purpose or matter" in told


@pytest.mark.parametrize(
    ("record", "stage", "words"),
    [
        (RECORD, None, "the catalog doesn't let it cover this item"),
        (RECORD, Stage.CONSUMER, "stops: the entry isn't published"),
        (RECORD, Stage.MODE, "stops: for mode query"),
        (RECORD, Stage.PURPOSE, "stops: for purpose verification, work_reference"),
        (
            replace(RECORD, purposes=ANY, matters=(Matter("1"), Matter("2"))),
            Stage.PURPOSE,
            "stops: for purpose * / 1, 2",
        ),
        (replace(RECORD, valid_from=NOW), Stage.PERIOD, "stops: in force [2026-03-01T08:00:00Z, )"),
        (replace(RECORD, valid_until=NOW), Stage.PERIOD, "stops: in force [, 2026-03-01T08:00:00Z)"),
        (
            replace(RECORD, condition=CONDITION),
            Stage.CONDITION,
            'stops: its condition {"region": {"eq": "37"}} isn\'t met',
        ),
        (RECORD, Stage.APPLIES, "allows every row"),
        (replace(RECORD, scope=CONDITION), Stage.APPLIES, 'allows rows where {"region": {"eq": "37"}}'),
        (
            replace(RECORD, effect=Effect.DENY, kind=PolicyKind.RESTRICTION, scope=CONDITION),
            Stage.APPLIES,
            'denies rows where {"region": {"eq": "37"}}',
        ),
        (
            replace(RECORD, obligations=Obligations(max_rows=10, daily_rows=50), valid_until=NOW),
            Stage.APPLIES,
            "allows every row; 10 rows a request; 50 rows a day; until 2026-03-01T08:00:00Z",
        ),
    ],
)
def test_record_is_told_with_where_it_stopped_or_what_it_allows(
    record: PolicyRecord, stage: Stage | None, words: str
) -> None:
    assert finding(record, stage) == f"  statute-1 ({record.kind}): {words}"


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (PartialMask(6, 4), "first 6 and last 4 characters shown"),
        (GeneraliseMask(Period.MONTH), "generalised to month"),
        (GeneraliseMask(Decimal(1000)), "generalised to 1000"),
        (HashMask(), "shown as a hash"),
        (FullMask(), "shown as null"),
    ],
)
def test_mask_is_told_where_the_record_applies(mask: Mask, words: str) -> None:
    assert finding(mask=mask).endswith(f"allows every row; {words}")
    assert words not in finding(stage=Stage.MODE, mask=mask)


def test_item_is_permitted_in_the_rows_of_a_scope_when_every_allow_has_one() -> None:
    scoped = RecordFinding(replace(RECORD, scope=CONDITION), Stage.APPLIES, None)
    stopped = RecordFinding(RECORD, Stage.PERIOD, None)
    denies = RecordFinding(replace(RECORD, effect=Effect.DENY), Stage.MODE, None)
    assert "name: permitted in the rows of a scope\n" in explain(scoped, stopped, denies)
    assert "name: permitted\n" in explain(scoped, RecordFinding(RECORD, Stage.APPLIES, None))


def test_item_without_record_says_so() -> None:
    told = explain(code=ErrorCode.ITEM_DENIED)
    assert "name: refused, ITEM_DENIED: no record allows it, or a restriction denies it" in told
    assert told.endswith("  no record names this subject and item")
