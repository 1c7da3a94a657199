import pytest

from portal.catalog.entries import EntryStatus
from portal.errors import ErrorCode
from portal.policies.explanation import Explanation, ItemFinding, explain_entry
from portal.policies.matching import Request, Stage
from portal.policies.records import FullMask, PolicyRecord
from portal.vocabulary import PUBLIC, EntryCode, ItemIdentifier, Matter
from tests.policies.building import (
    CHECKER,
    CODE,
    OTHER,
    PROVIDER,
    changed,
    entry,
    open_entry,
    point,
    record,
    request,
    restriction,
)

NAME, NOTE = ItemIdentifier("name"), ItemIdentifier("note")


def explain(*records: PolicyRecord, asked: Request | None = None) -> Explanation:
    found = explain_entry(point(*records), asked or request(), CODE, [NAME, NOTE])
    assert found is not None
    return found


def name_finding(*records: PolicyRecord, asked: Request | None = None) -> ItemFinding:
    return explain(*records, asked=asked).items[0]


def test_explanation_is_none_when_the_entry_is_unknown() -> None:
    assert explain_entry(point(record()), request(), EntryCode("303001001/00009")) is None


def test_explanation_is_of_every_item_when_none_is_named() -> None:
    found = explain_entry(point(record()), request(), CODE)
    assert found is not None
    assert [one.item for one in found.items] == [one.identifier for one in entry().items]
    assert [one.code for one in found.items][:2] == [None, ErrorCode.ITEM_DENIED]
    assert (found.entry, found.request, found.matter_refused) == (entry(), request(), False)


def test_explanation_is_of_the_named_items_in_their_order() -> None:
    found = explain_entry(point(record()), request(), CODE, [NOTE, NAME])
    assert found is not None
    assert [(one.item, one.code) for one in found.items] == [(NOTE, ErrorCode.ITEM_DENIED), (NAME, None)]


def test_explanation_lists_the_furthest_first_and_denies_before_allows() -> None:
    records = (
        record(id="a", purposes=["work_reference"]),
        record(id="b", scope={"division": {"eq": "a"}}),
        restriction(id="c", scope={"division": {"eq": "b"}}),
        record(id="d", valid_until="2020-01-01T00:00:00Z"),
        record(id="e", kind="unconditional"),
        record(id="f"),
        record(id="g", modes=["exchange"]),
    )
    found = name_finding(*records)
    assert found.code is None
    assert [(one.record.id, one.stage, one.applies) for one in found.records] == [
        ("c", Stage.APPLIES, True),
        ("b", Stage.APPLIES, True),
        ("f", Stage.APPLIES, True),
        ("d", Stage.PERIOD, False),
        ("a", Stage.PURPOSE, False),
        ("g", Stage.MODE, False),
        ("e", None, False),
    ]


def test_explanation_leaves_out_records_of_other_items_and_of_others() -> None:
    records = (
        record(id="a"),
        record(id="b", items=["note"]),
        record(id="c", consumer="group:strangers"),
        record(id="d", applications=["other"]),
        record(id="e", items=["*"]),
    )
    assert [one.record.id for one in name_finding(*records).records] == ["a", "e"]
    assert name_finding(*records, asked=request(OTHER)).records == ()


def test_explanation_tells_the_mask_of_each_record() -> None:
    records = (record(id="a", obligations={"mask": {"name": {"full": {}}}}), record(id="b"))
    assert [(one.record.id, one.mask) for one in name_finding(*records).records] == [("a", FullMask()), ("b", None)]


def test_explanation_tells_the_code_of_a_refusal() -> None:
    found = name_finding(record(), restriction())
    assert found.code is ErrorCode.ITEM_DENIED
    assert [one.record.id for one in found.records if one.applies] == ["restriction-1", "statute-1"]


def test_explanation_says_when_the_matter_is_not_registered() -> None:
    found = explain(record(), asked=request(matter="999999-0009"))
    assert found.matter_refused
    assert [one.code for one in found.items] == [ErrorCode.PURPOSE_DENIED] * 2
    assert [one.stage for one in found.items[0].records] == [Stage.APPLIES]


def test_explanation_takes_the_only_registered_matter() -> None:
    found = record(matters=["a"])
    asked = request(changed(CHECKER, matters=(Matter("a"),)))
    assert name_finding(found, asked=asked).code is None
    assert name_finding(found, asked=asked).records[0].stage is Stage.APPLIES


def test_explanation_knows_no_record_of_an_item_that_is_not_there() -> None:
    found = explain_entry(point(record(items=["*"])), request(), CODE, [ItemIdentifier("salery")])
    assert found is not None
    assert found.items == (ItemFinding(ItemIdentifier("salery"), ErrorCode.ITEM_DENIED, ()),)


@pytest.mark.parametrize("subject", [PUBLIC, OTHER])
def test_explanation_of_an_unpublished_entry_stops_at_the_consumer(subject: object) -> None:
    of = open_entry(status=EntryStatus.DRAFT)
    opened = record(of, kind="open_data", consumer="public", items=["code"])
    own = record(of, id="provider-residents", kind="provider", consumer=f"department:{PROVIDER}", items=["*"])
    asked = changed(request(), subject=subject)
    found = explain_entry(point(opened, own, of=of), asked, CODE, [ItemIdentifier("code")])
    assert found is not None
    assert found.items[0].code is ErrorCode.ITEM_DENIED
    assert [(one.record.id, one.stage) for one in found.items[0].records] == [("statute-1", Stage.CONSUMER)]
