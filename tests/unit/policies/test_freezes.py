"""Freezes as restrictions: on which entries, on whom, and which of several keeps an item from a subject."""

from dataclasses import replace

import pytest

from portal.policies.freezes import Freeze, FreezeTarget, Frozen, load_freeze, store_freeze
from portal.policies.records import ANY, Effect
from portal.policies.snapshot import Snapshot
from portal.vocabulary import PUBLIC, EntryCode, ItemIdentifier, PolicyId
from tests.policies.building import CHECKER, CODE, CONSUMER, STRANGER, snapshot

OTHER = EntryCode("303001001/00009")
NAME, NUMBER = ItemIdentifier("name"), ItemIdentifier("id_number")


def freeze(number: int, frozen: Frozen) -> Freeze:
    return Freeze(PolicyId(f"freeze:{number}"), frozen, "合成理由", "officer", "2026-03-01T08:00:00Z")


def frozen_snapshot(*frozen: Frozen) -> Snapshot:
    freezes = tuple(freeze(number, one) for number, one in enumerate(frozen, start=1))
    return Snapshot(replace(snapshot([], []).content, freezes=freezes))


@pytest.mark.parametrize(
    "frozen",
    [
        Frozen(FreezeTarget.ITEM, CODE, NAME),
        Frozen(FreezeTarget.ENTRY, CODE),
        Frozen(FreezeTarget.DEPARTMENT, CONSUMER),
        Frozen(FreezeTarget.APPLICATION, "checker"),
        Frozen(FreezeTarget.EVERYTHING),
    ],
    ids=str,
)
def test_freeze_is_a_restriction_on_what_it_names(frozen: Frozen) -> None:
    made = freeze(1, frozen)
    record = made.record_on(CODE)
    assert record is not None
    assert (record.effect, record.scope, record.valid_from, record.valid_until) == (Effect.DENY, None, None, None)
    assert (record.items, record.purposes, record.modes) == (ANY if frozen.item is None else (NAME,), ANY, ANY)
    assert (made.record_on(OTHER) is None) == (frozen.kind in (FreezeTarget.ITEM, FreezeTarget.ENTRY))
    assert load_freeze(made.id, store_freeze(made)) == made


def test_first_freeze_that_keeps_the_item_from_the_subject_is_told() -> None:
    frozen = frozen_snapshot(
        Frozen(FreezeTarget.ENTRY, OTHER),
        Frozen(FreezeTarget.DEPARTMENT, STRANGER),
        Frozen(FreezeTarget.ITEM, CODE, NUMBER),
        Frozen(FreezeTarget.ITEM, CODE, NAME),
        Frozen(FreezeTarget.EVERYTHING),
    )
    found = [frozen.freeze_of(CODE, item, CHECKER) for item in (NAME, NUMBER, ItemIdentifier("born"))]
    assert [one and one.id for one in found] == ["freeze:4", "freeze:3", "freeze:5"]
    assert frozen_snapshot(Frozen(FreezeTarget.DEPARTMENT, STRANGER)).freeze_of(CODE, NAME, CHECKER) is None
    assert frozen_snapshot().freeze_of(CODE, NAME, PUBLIC) is None


def test_freezes_are_among_the_records_of_an_entry_and_of_those_they_name() -> None:
    frozen = frozen_snapshot(Frozen(FreezeTarget.DEPARTMENT, STRANGER), Frozen(FreezeTarget.ENTRY, CODE))
    assert [record.id for record in frozen.records_on(CODE)] == ["freeze:1", "freeze:2"]
    assert [record.id for record in frozen.candidates(CODE, CHECKER)] == ["freeze:2"]
    assert [record.id for record in frozen.candidates(CODE, PUBLIC)] == ["freeze:2"]
    assert [record.id for record in frozen.candidates(OTHER, CHECKER)] == []
