"""The records that a catalog entry gives by itself (bundle.md): sharing is never implied, it is a record."""

from collections.abc import Sequence

from portal.catalog.entries import CatalogEntry, effective_share_class, is_item_open
from portal.policies.record_parts import RecordDocument
from portal.policies.records import ANY, Consumer, ConsumerKind, Effect, PolicyKind
from portal.vocabulary import ShareClass

PROVIDER_PREFIX = "provider-"


def provider_document(entry: CatalogEntry) -> RecordDocument:
    """Return the record `provider-IDENTIFIER`: the provider reads its own entry for every purpose and in every mode."""
    return {
        "id": f"{PROVIDER_PREFIX}{entry.identifier}",
        "effect": Effect.ALLOW.value,
        "kind": PolicyKind.PROVIDER.value,
        "consumer": str(Consumer(ConsumerKind.DEPARTMENT, entry.provider)),
        "resource": entry.code,
        "items": [ANY.value],
        "purposes": [ANY.value],
        "modes": [ANY.value],
    }


def derived_documents(entry: CatalogEntry, purposes: Sequence[str]) -> list[RecordDocument]:
    """Return `unconditional-IDENTIFIER` and `open-IDENTIFIER`, each where the published entry has an item for it.

    `purposes` are the named purposes of the profile. An entry without share modes gives none.
    """
    unconditional = [i.identifier for i in entry.items if effective_share_class(entry, i) is ShareClass.UNCONDITIONAL]
    opened = [item.identifier for item in entry.items if is_item_open(entry, item)]
    drafts = (
        (PolicyKind.UNCONDITIONAL, "unconditional", ConsumerKind.ANY_DEPARTMENT, unconditional, list(purposes)),
        (PolicyKind.OPEN_DATA, "open", ConsumerKind.PUBLIC, opened, [ANY.value]),
    )
    return [
        {
            "id": f"{prefix}-{entry.identifier}",
            "effect": Effect.ALLOW.value,
            "kind": kind.value,
            "consumer": consumer.value,
            "resource": entry.code,
            "items": items,
            "purposes": aims,
            "modes": [mode.value for mode in entry.share_modes],
        }
        for kind, prefix, consumer, items, aims in drafts
        if entry.is_published and items and entry.share_modes
    ]
