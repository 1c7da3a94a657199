from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError
from portal.policies.records import ANY, Consumer, ConsumerKind, PolicyKind, PolicyRecord
from tests.fixtures.small_bundle import (
    CONSUMER,
    PROVIDER,
    BundleDraft,
    Document,
    add_agreement,
    content_of,
    entry,
    item,
    load,
    new_store,
    small_bundle,
)

UNCONDITIONAL: Document = {
    "id": "own-villages",
    "effect": "allow",
    "kind": "unconditional",
    "consumer": "any_department",
    "resource": "303001001/00001",
    "items": ["code"],
    "purposes": ["*"],
    "modes": ["query"],
}


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


@pytest.fixture
def load_changed(store: PortalStore, tmp_path: Path) -> Callable[..., dict[str, PolicyRecord]]:
    """Return what loads the small bundle with a change made to it, and gives the records then."""
    count = iter(range(100))

    def load_it(
        change: Callable[[BundleDraft], object] = lambda _: None, *, derive: bool = True
    ) -> dict[str, PolicyRecord]:
        draft = small_bundle()
        draft.policies.clear()
        change(draft)
        load(draft.read(tmp_path / f"bundle-{next(count)}"), store, derive=derive)
        return {record.id: record for record in content_of(store).records}

    return load_it


Load = Callable[..., dict[str, PolicyRecord]]


def test_providers_read_their_own_entries_always(load_changed: Load) -> None:
    records = load_changed(lambda draft: draft.entries["residents"].update(status="draft"), derive=False)
    assert set(records) == {"provider-residents", "provider-villages"}
    record = records["provider-residents"]
    assert (record.kind, record.consumer) == (PolicyKind.PROVIDER, Consumer(ConsumerKind.DEPARTMENT, PROVIDER))
    assert (record.items, record.purposes, record.modes) == (ANY, ANY, ANY)


def test_unconditional_and_open_records_are_derived_when_the_portal_is_empty(load_changed: Load) -> None:
    records = load_changed()
    assert set(records) == {"provider-residents", "provider-villages", "unconditional-villages", "open-villages"}
    unconditional, opened = records["unconditional-villages"], records["open-villages"]
    assert (unconditional.consumer, unconditional.items) == (
        Consumer(ConsumerKind.ANY_DEPARTMENT),
        ("code", "name", "note"),
    )
    assert (opened.consumer, opened.items, opened.purposes) == (Consumer(ConsumerKind.PUBLIC), ("code", "name"), ANY)


def test_nothing_is_derived_for_an_entry_with_a_record_of_that_kind(load_changed: Load) -> None:
    records = load_changed(lambda draft: draft.policies.update({"own-villages": UNCONDITIONAL}))
    assert "unconditional-villages" not in records
    assert {"own-villages", "open-villages"} <= set(records)


def test_the_bundle_s_record_stands_where_a_derived_one_would_have_its_id(load_changed: Load) -> None:
    other = {**UNCONDITIONAL, "id": "open-villages"}
    records = load_changed(lambda draft: draft.policies.update({"open-villages": other}))
    assert records["open-villages"].kind is PolicyKind.UNCONDITIONAL


def test_nothing_is_derived_for_an_entry_that_is_not_published(load_changed: Load) -> None:
    records = load_changed(lambda draft: draft.entries["villages"].update(status="draft"))
    assert set(records) == {"provider-residents", "provider-villages"}


def test_nothing_is_derived_when_told_so_and_none_later(load_changed: Load) -> None:
    load_changed(derive=False)
    assert set(load_changed()) == {"provider-residents", "provider-villages"}


def add_entry(draft: BundleDraft) -> None:
    draft.entries["schools"] = entry("schools", "303001001/00003", [item("code")])


def test_nothing_is_derived_for_an_entry_that_comes_later(load_changed: Load) -> None:
    load_changed()
    records = load_changed(add_entry)
    assert "unconditional-schools" not in records
    assert "provider-schools" in records


@pytest.mark.parametrize("derive", [True, False])
def test_derived_records_stay_as_they_are(load_changed: Load, derive: bool) -> None:
    before = load_changed()
    assert load_changed(lambda draft: draft.rows.clear(), derive=derive) == before


def test_derived_records_stay_when_their_entry_changes(load_changed: Load) -> None:
    before = load_changed()

    def add_item(draft: BundleDraft) -> None:
        draft.entries["villages"]["items"].append(item("area"))
        draft.rows["villages"] = ["code,name,note,area", "99999901,东村,,"]

    after = load_changed(add_item)
    assert after["unconditional-villages"] == before["unconditional-villages"]


def test_a_derived_record_gives_way_to_one_of_the_bundle(load_changed: Load) -> None:
    load_changed()
    records = load_changed(lambda draft: draft.policies.update({"own-villages": UNCONDITIONAL}))
    assert "unconditional-villages" not in records
    assert "open-villages" in records
    assert "unconditional-villages" not in load_changed()


def test_a_derived_record_loses_an_item_that_left_the_catalog(load_changed: Load) -> None:
    load_changed()

    def drop_note(draft: BundleDraft) -> None:
        draft.entries["villages"]["items"].pop()
        draft.rows["villages"] = ["code,name", "99999901,东村"]

    records = load_changed(drop_note)
    assert records["unconditional-villages"].items == ("code", "name")
    assert records["unconditional-villages"].version == 2
    assert records["open-villages"].version == 1


def test_a_derived_record_goes_when_all_its_items_did(load_changed: Load) -> None:
    load_changed()

    def rename_items(draft: BundleDraft) -> None:
        draft.entries["villages"] = entry("villages", "303001001/00001", [item("number")])
        draft.entries["residents"]["links"] = []
        del draft.rows["villages"]

    assert set(load_changed(rename_items)) == {"provider-residents", "provider-villages"}


def test_derived_records_go_with_their_entry_and_do_not_come_back(load_changed: Load) -> None:
    load_changed()

    def remove(draft: BundleDraft) -> None:
        draft.entries["residents"]["links"] = []
        del draft.entries["villages"], draft.rows["villages"]

    assert set(load_changed(remove)) == {"provider-residents", "provider-villages"}
    assert set(load_changed()) == {"provider-residents", "provider-villages"}


def test_agreements_give_their_records(load_changed: Load) -> None:
    record = load_changed(add_agreement)["nt-2026-0001"]
    assert (record.kind, record.consumer) == (PolicyKind.AGREEMENT, Consumer(ConsumerKind.DEPARTMENT, CONSUMER))
    assert record.items == ("name", "division")
    assert record.obligations.max_rows == 1000
    assert "nt-2026-0001" not in load_changed()


def test_an_agreement_that_has_not_begun_gives_its_record_too(load_changed: Load) -> None:
    """Its period is in the record, so it begins without another load."""
    records = load_changed(lambda draft: add_agreement(draft, valid_from="2026-12-01T00:00:00+08:00"))
    assert records["nt-2026-0001"].valid_from is not None


def test_an_unknown_profile_is_refused(store: PortalStore, tmp_path: Path) -> None:
    bundle = replace(small_bundle().read(tmp_path / "bundle"), profile="atlantis-1")
    with pytest.raises(ConfigurationError, match="unknown profile `atlantis-1`"):
        load(bundle, store)
