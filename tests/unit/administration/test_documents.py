"""Reading what a change set says: whole, or every fault in it with its place."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.administration.documents import (
    MOST_OPERATIONS,
    ChangedKind,
    ChangeDocument,
    Declaration,
    NotAChange,
    Put,
    Restoration,
    Withdrawal,
    parse_change,
    render_change,
)
from portal.json_text import JsonValue, parse_json, render_json
from portal.vocabulary import PolicyId, Purpose

WHOLE: dict[str, JsonValue] = {
    "put": [{"kind": "policy", "document": {"id": "a", "obligations": {"max_rows": Decimal("1.5")}}}],
    "withdraw": [{"kind": "freeze", "id": "freeze:1"}],
    "restore": [
        {"table": "policy_records", "key": "b", "version": 2},
        {"table": "groups", "key": "c", "version": None},
    ],
    "declare": {"purposes": ["verification"], "lasting": ["a"], "accept": ["opens_nothing_unshared"]},
}


def places(document: JsonValue) -> list[str]:
    with pytest.raises(NotAChange) as refused:
        parse_change(document)
    assert all(fault.file == "change" for fault in refused.value.faults)
    return [fault.column for fault in refused.value.faults]


def test_change_is_read_whole() -> None:
    change = parse_change(WHOLE)
    assert change == ChangeDocument(
        (Put(ChangedKind.POLICY, {"id": "a", "obligations": {"max_rows": Decimal("1.5")}}, "put[0]"),),
        (Withdrawal(ChangedKind.FREEZE, "freeze:1", "withdraw[0]"),),
        (Restoration("policy_records", "b", 2), Restoration("groups", "c", None)),
        Declaration((Purpose("verification"),), (PolicyId("a"),), ("opens_nothing_unshared",)),
    )
    assert change.kinds == {ChangedKind.POLICY, ChangedKind.FREEZE}


def test_change_comes_back_as_it_was_written() -> None:
    written = render_json(render_change(parse_change(WHOLE)))
    assert parse_change(parse_json(written)) == parse_change(WHOLE)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, ""),
        ([], ""),
        ("put", ""),
        ({}, ""),
        ({"put": []}, ""),
        ({"put": {}}, "put"),
        ({"put": ["x"]}, "put[0]"),
        ({"put": [{"kind": "policy"}]}, "put[0].document"),
        ({"put": [{"kind": "policy", "document": []}]}, "put[0].document"),
        ({"put": [{"kind": "police", "document": {}}]}, "put[0].kind"),
        ({"put": [{"kind": 1, "document": {}}]}, "put[0].kind"),
        ({"put": [{"kind": "freeze", "document": {}}]}, "put[0].kind"),
        ({"put": [{"kind": "policy", "document": {}, "id": "x"}]}, "put[0].id"),
        ({"withdraw": [{"kind": "policy", "id": ""}]}, "withdraw[0].id"),
        ({"withdraw": [{"kind": "policy", "id": 7}]}, "withdraw[0].id"),
        ({"withdraw": [{"kind": "policy"}]}, "withdraw[0].id"),
        ({"withdraw": [{"kind": "policy", "id": "a\0b"}]}, "withdraw[0].id"),
        ({"withdraw": [{"kind": "everything", "id": "x"}]}, "withdraw[0].kind"),
        ({"restore": [{"table": "groups", "key": "a", "version": 0}]}, "restore[0].version"),
        ({"restore": [{"table": "groups", "key": "a", "version": True}]}, "restore[0].version"),
        ({"restore": [{"table": "groups", "key": "a", "version": "1"}]}, "restore[0].version"),
        ({"restore": [{"table": "", "key": "a", "version": 1}]}, "restore[0].table"),
        ({"restore": [{"table": "groups", "version": 1}]}, "restore[0].key"),
        ({"erase": []}, "erase"),
        ({**WHOLE, "declare": []}, "declare"),
        ({**WHOLE, "declare": {"purposes": "verification"}}, "declare.purposes"),
        ({**WHOLE, "declare": {"purposes": [1]}}, "declare.purposes[0]"),
        ({**WHOLE, "declare": {"accept": [""]}}, "declare.accept[0]"),
        ({**WHOLE, "declare": {"everything": True}}, "declare.everything"),
    ],
)
def test_fault_is_named_with_its_place(document: JsonValue, place: str) -> None:
    assert place in places(document)


def test_every_fault_is_named_at_once() -> None:
    assert places({"put": [{"kind": "x"}], "withdraw": [{}], "other": 1}) == [
        "other",
        "put[0].kind",
        "put[0].document",
        "withdraw[0].kind",
        "withdraw[0].id",
    ]


def test_change_has_no_more_operations_than_a_person_can_judge() -> None:
    one: JsonValue = {"kind": "policy", "id": "a"}
    most: dict[str, JsonValue] = {"withdraw": [one] * MOST_OPERATIONS}
    assert len(parse_change(most).withdrawals) == MOST_OPERATIONS
    assert places({"withdraw": [one] * (MOST_OPERATIONS + 1)}) == [""]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["put", "policy", "id", "\ud800", "x" * 5]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["put", "withdraw", "restore", "declare", "kind", "document", "id", "table", "key", "version"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_comes_is_read_or_refused(document: JsonValue) -> None:
    try:
        change = parse_change(document)
    except NotAChange:
        return
    assert parse_change(render_change(change)) == change
