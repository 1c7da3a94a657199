from collections.abc import Sequence

import pytest

from portal.catalog.entries import CatalogEntry, EntryStatus
from portal.policies.derivation import PROVIDER_PREFIX, derived_documents, provider_document
from portal.policies.reading import parse_record
from portal.policies.record_parts import RecordDocument
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind, PolicyRecord
from portal.vocabulary import EntryIdentifier, Mode, ShareClass
from tests.policies.building import PROVIDER, entry, item, open_entry

WIDE, LIMITED, CLOSED = ShareClass.UNCONDITIONAL, ShareClass.CONDITIONAL, ShareClass.NOT_SHARED
PURPOSES = ("verification", "work_reference")
ITEMS = (
    item("code", share_class=WIDE, is_open=True),
    item("note", share_class=WIDE),
    item("name", share_class=LIMITED, is_open=True),
    item("secret", share_class=CLOSED),
)


def read(document: RecordDocument, of: CatalogEntry) -> PolicyRecord:
    """Return the record, which must read without a fault."""
    found, faults = parse_record(document, "derived", {of.code: of})
    assert faults == []
    assert found is not None
    return found


def derived(of: CatalogEntry, purposes: Sequence[str] = PURPOSES) -> dict[str, PolicyRecord]:
    return {str(document["id"]): read(document, of) for document in derived_documents(of, purposes)}


@pytest.mark.parametrize("status", EntryStatus)
@pytest.mark.clause("bundle.md, derived records")
def test_provider_has_a_record_for_everything_of_each_entry(status: EntryStatus) -> None:
    found = read(provider_document(entry(status=status)), entry(status=status))
    assert found.id == f"{PROVIDER_PREFIX}residents"
    assert (found.effect, found.kind) == (Effect.ALLOW, PolicyKind.PROVIDER)
    assert found.consumer == Consumer(ConsumerKind.DEPARTMENT, PROVIDER)
    assert (found.items, found.purposes, found.modes) == (ANY, ANY, ANY)
    assert (found.matters, found.applications, found.scope, found.basis) == ((), (), None, None)


def test_entry_gives_an_unconditional_and_an_open_record() -> None:
    records = derived(
        open_entry(*ITEMS, identifier=EntryIdentifier("villages"), share_modes=(Mode.QUERY, Mode.SERVICE))
    )
    assert list(records) == ["unconditional-villages", "open-villages"]
    shared, opened = records.values()
    assert (shared.kind, shared.consumer) == (PolicyKind.UNCONDITIONAL, Consumer(ConsumerKind.ANY_DEPARTMENT))
    assert (shared.items, shared.purposes) == (("code", "note"), PURPOSES)
    assert (opened.kind, opened.consumer) == (PolicyKind.OPEN_DATA, Consumer(ConsumerKind.PUBLIC))
    assert (opened.items, opened.purposes) == (("code", "name"), ANY)
    assert {one.modes for one in records.values()} == {(Mode.QUERY, Mode.SERVICE)}
    assert {one.effect for one in records.values()} == {Effect.ALLOW}


@pytest.mark.parametrize(
    ("of", "ids"),
    [
        (open_entry(*ITEMS, share_class=LIMITED), ["open-residents"]),
        (open_entry(*ITEMS, open=False), ["unconditional-residents"]),
        (open_entry(*ITEMS[1:2]), ["unconditional-residents"]),
        (open_entry(*ITEMS[2:3]), ["open-residents"]),
        (open_entry(*ITEMS[3:]), []),
        (entry(ITEMS), []),
        (open_entry(*ITEMS, share_modes=()), []),
        *((open_entry(*ITEMS, status=status), []) for status in EntryStatus if status is not EntryStatus.PUBLISHED),
    ],
)
def test_entry_gives_no_record_when_it_has_no_item_for_it(of: CatalogEntry, ids: list[str]) -> None:
    assert list(derived(of)) == ids
