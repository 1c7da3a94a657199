"""Which policy records a portal is to have: those of the bundle, of its agreements, and those derived from the catalog.

Sharing is never implied by the catalog; it is a record (bundle.md, derived records).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portal.bundles.bundle import Bundle
from portal.catalog.entries import CatalogEntry
from portal.policies.derivation import derived_documents, provider_document
from portal.policies.reading import agreement_document, parse_record
from portal.policies.record_parts import RecordDocument
from portal.policies.records import PolicyKind
from portal.policies.rows import load_document, store_record
from portal.regulations.profiles import load_profile
from portal.storage.content import ContentRow, faulty
from portal.vocabulary import EntryCode

_DERIVED_KINDS = (PolicyKind.UNCONDITIONAL, PolicyKind.OPEN_DATA)


@dataclass(frozen=True, slots=True)
class PresentRecords:
    """What a portal that was loaded before has: its records' rows by id, and the entries that leave the bundle."""

    rows: Mapping[str, ContentRow]
    removed: tuple[CatalogEntry, ...]


def plan_records(bundle: Bundle, present: PresentRecords | None, *, derive: bool) -> Mapping[str, ContentRow]:
    """Return the rows of the records by id. `present` is None for an empty portal; only there `derive` counts.

    Of two with the same id the bundle's own stands; ids of providers' records are refused when the bundle is read.
    """
    removed = present.removed if present else ()
    entries = {entry.code: entry for entry in (*bundle.entries, *removed)}
    if present is not None:
        derived = _still_derived(bundle, present.rows)
    else:
        derived = _newly_derived(bundle) if derive else iter(())
    return {
        **_rows(derived, entries, "derived"),
        **{written.record.id: store_record(written.record, written.document, "bundle") for written in bundle.records},
        **_rows(map(agreement_document, bundle.agreements), entries, "agreement"),
        **_rows(map(provider_document, entries.values()), entries, "derived"),
    }


def _rows(
    documents: Iterable[RecordDocument], entries: Mapping[EntryCode, CatalogEntry], origin: str
) -> Mapping[str, ContentRow]:
    rows: dict[str, ContentRow] = {}
    for document in documents:
        record, faults = parse_record(document, str(document["id"]), entries)
        if record is None:
            raise faulty(faults)
        rows[record.id] = store_record(record, document, origin)
    return rows


def _written_kinds(bundle: Bundle) -> frozenset[tuple[PolicyKind, EntryCode]]:
    return frozenset((written.record.kind, written.record.resource) for written in bundle.records)


def _newly_derived(bundle: Bundle) -> Iterator[RecordDocument]:
    written = _written_kinds(bundle)
    purposes = load_profile(bundle.profile).purposes
    for entry in bundle.entries:
        for document in derived_documents(entry, purposes):
            if (PolicyKind(str(document["kind"])), entry.code) not in written:
                yield document


def _still_derived(bundle: Bundle, present: Mapping[str, ContentRow]) -> Iterator[RecordDocument]:
    """Yield the derived records that stay: their entry does, and the bundle has none of that kind for it."""
    written = _written_kinds(bundle)
    entries = {entry.code: entry for entry in bundle.entries}
    for name, row in present.items():
        kind, code = PolicyKind(row.text("kind")), EntryCode(row.text("resource"))
        if row.text("origin") != "derived" or kind not in _DERIVED_KINDS or (kind, code) in written:
            continue
        document = load_document(name, row)
        if code in entries and (items := _remaining_items(document, entries[code])):
            yield {**document, "items": items}


def _remaining_items(document: RecordDocument, entry: CatalogEntry) -> list[str]:
    # An item that left the catalog would be a fault in the record; leaving it out only narrows.
    items = document["items"]
    return [name for name in items if entry.item(name)] if isinstance(items, list) else []
