from datetime import UTC, datetime

import pytest

from portal.conditions.tree import TRUE, Comparison, Operator
from portal.errors import ErrorCode
from portal.policies.decision import Deny, MaskChoice
from portal.policies.records import FullMask, HashMask, PartialMask, PolicyRecord
from portal.vocabulary import ItemIdentifier
from tests.policies.building import Document, code_of, permitted, point, record, request, restriction, use

NAME, NOTE = ItemIdentifier("name"), ItemIdentifier("note")
WITHIN = {"division": {"eq": "a"}}
IN_A, IN_B = Comparison("division", Operator.EQ, "a"), Comparison("division", Operator.EQ, "b")
FULL: Document = {"full": {}}
HASH: Document = {"hash": {}}


def partial(head: int) -> dict[str, object]:
    return {"partial": {"head": head, "tail": 0}}


def masked(form: object, **members: object) -> PolicyRecord:
    """Return a record that lays the mask on `name`."""
    return record(obligations={"mask": {"name": form}}, **members)


@pytest.mark.parametrize(
    ("records", "is_masked"),
    [
        ([record()], False),
        ([masked(FULL)], True),
        ([masked(FULL), record(id="b")], False),
        ([masked(FULL), record(id="b", scope=WITHIN)], True),
        ([masked(FULL), record(id="b", scope=WITHIN), record(id="c", scope={"division": {"eq": "b"}})], True),
        ([masked(FULL), record(id="b", scope={"and": []})], True),
        ([masked(FULL, scope=WITHIN), record(id="b")], False),
        ([masked(FULL), masked(HASH, id="b")], True),
        ([record(scope=WITHIN), record(id="b", scope={"division": {"eq": "b"}})], False),
        ([masked(FULL, purposes=["work_reference"]), record(id="b", scope=WITHIN)], False),
        ([record(obligations={"mask": {"note": FULL}}, items=["name", "note"])], False),
    ],
)
@pytest.mark.clause("enforcement.md §4, MASKED_ITEM")
def test_item_is_compared_only_when_it_is_shown_plainly(records: list[PolicyRecord], *, is_masked: bool) -> None:
    decide = point(*records).decide
    expected = ErrorCode.MASKED_ITEM if is_masked else None
    assert code_of(decide(request(), use("name", compared=["name"]))) is expected
    assert code_of(decide(request(), use("name"))) is None


def test_masked_items_are_all_named_when_they_are_compared() -> None:
    found = record(items=["name", "note", "division"], obligations={"mask": {"name": FULL, "note": HASH}})
    decision = point(found).decide(request(), use("name", "division", "note", compared=["name", "division", "note"]))
    assert decision == Deny(((NAME, ErrorCode.MASKED_ITEM), (NOTE, ErrorCode.MASKED_ITEM)))


def test_masked_item_is_not_told_of_when_another_item_is_refused() -> None:
    decision = point(masked(FULL)).decide(request(), use("name", "note", compared=["name"]))
    assert decision == Deny(((NOTE, ErrorCode.ITEM_DENIED),))


def test_mask_is_the_weakest_when_several_records_apply_to_every_row() -> None:
    records = (masked(FULL), masked(HASH, id="b"), masked(partial(2), id="c"), masked(partial(3), id="d"))
    decision = permitted(point(*records).decide(request(), use("name")))
    assert decision.masks == (MaskChoice(NAME, ((PartialMask(3, 0), TRUE),)),)


def test_mask_is_none_when_one_record_shows_every_row_plainly() -> None:
    assert permitted(point(masked(FULL), record(id="b")).decide(request(), use("name"))).masks == ()


def test_mask_depends_on_the_row_when_weaker_ones_have_a_scope() -> None:
    records = (
        masked(FULL),
        masked(HASH, id="b", scope=WITHIN),
        record(id="c", scope={"division": {"eq": "b"}}),
        masked(partial(1), id="d", purposes=["work_reference"]),
    )
    decision = permitted(point(*records).decide(request(), use("name")))
    assert decision.masks == (MaskChoice(NAME, ((None, IN_B), (HashMask(), IN_A), (FullMask(), TRUE))),)


def test_mask_is_of_its_item_alone() -> None:
    found = record(items=["name", "note"], obligations={"mask": {"note": HASH}})
    decision = permitted(point(found).decide(request(), use("name", "note")))
    assert [choice.item for choice in decision.masks] == ["note"]


@pytest.mark.parametrize(
    ("first", "second", "limit"),
    [
        (None, None, ()),
        (5, None, ()),
        (None, 5, ()),
        (5, 9, ((NAME, 9),)),
        (9, 5, ((NAME, 9),)),
        (5, 5, ((NAME, 5),)),
    ],
)
@pytest.mark.parametrize("name", ["max_rows", "daily_rows"])
@pytest.mark.clause("enforcement.md §4, limits")
def test_limit_of_an_item_is_the_largest_among_its_records(
    name: str, first: int | None, second: int | None, limit: object
) -> None:
    records = (record(obligations={name: first}), record(id="b", scope=WITHIN, obligations={name: second}))
    decision = permitted(point(*records).decide(request(), use("name")))
    assert getattr(decision, name) == limit
    assert getattr(decision, {"max_rows": "daily_rows", "daily_rows": "max_rows"}[name]) == ()


def test_limits_are_told_for_each_item_in_the_order_used() -> None:
    records = (
        record(obligations={"max_rows": 5}),
        record(id="b", items=["note"], obligations={"max_rows": 7, "daily_rows": 50}),
        record(id="c", items=["division"]),
    )
    decision = permitted(point(*records).decide(request(), use("note", "division", "name")))
    assert decision.max_rows == ((NOTE, 7), (NAME, 5))
    assert decision.daily_rows == ((NOTE, 50),)


def test_limit_of_a_record_that_does_not_apply_counts_for_nothing() -> None:
    late = record(id="b", valid_until="2020-01-01T00:00:00Z", obligations={"max_rows": 1000})
    decision = permitted(point(record(obligations={"max_rows": 5}), late).decide(request(), use("name")))
    assert decision.max_rows == ((NAME, 5),)


@pytest.mark.clause("enforcement.md §5, access.policies")
def test_policies_are_the_allows_that_could_apply_in_code_point_order() -> None:
    records = [
        record(id=name, items=["name", "note"], scope=WITHIN if name == "b" else None)
        for name in ("b", "a", "Z", "10", "9", "a.b", "a-b")
    ]
    others = (
        record(id="0", purposes=["work_reference"]),
        record(id="1", items=["division"]),
        restriction(id="2", scope=WITHIN),
    )
    decision = permitted(point(*records, *others).decide(request(), use("name", "note")))
    assert [one.id for one in decision.records] == ["10", "9", "Z", "a", "a-b", "a.b", "b"]
    assert [one.id for one in decision.restrictions] == ["2"]


@pytest.mark.clause("enforcement.md §5, access.validUntil")
def test_permit_is_valid_until_the_earliest_end_among_its_records() -> None:
    late, soon = record(id="a", valid_until="2027-01-01T00:00:00Z"), record(id="b", valid_until="2026-06-01T00:00:00Z")
    unused = record(id="c", items=["note"], valid_until="2026-04-01T00:00:00Z")
    denying = restriction(scope=WITHIN, valid_until="2026-05-01T00:00:00Z")
    decide = point(late, soon, unused, denying, record(id="d")).decide
    assert permitted(decide(request(), use("name"))).valid_until == datetime(2026, 6, 1, tzinfo=UTC)
    assert permitted(decide(request(), use("name", "note"))).valid_until == datetime(2026, 4, 1, tzinfo=UTC)
    assert permitted(point(record()).decide(request(), use("name"))).valid_until is None
