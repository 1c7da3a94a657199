"""What comes back by undoing is held against what holds now: it was verified when it was put, by what held then."""

from pathlib import Path

import pytest

from portal.administration.documents import ChangedKind, ChangeDocument, Restoration, Withdrawal
from portal.administration.in_force import revise_stored
from portal.administration.revising import Faulty, Revised
from portal.agreements.agreement import SigningRole
from portal.bundles.store import PortalStore
from portal.storage.content import ContentRow, read_content
from portal.storage.content_changes import ChangeNote, store_change
from portal.storage.database import for_writing
from portal.storage.tables import agreements, key_files, policy_records
from tests.fixtures.authority import agreement_document, authority, signers
from tests.fixtures.register_changes import put_rows
from tests.fixtures.small_bundle import NOW, add_agreement, load, new_store, small_bundle

AGREEMENT = str(agreement_document()["id"])
BACK = ChangeDocument(
    restorations=tuple(Restoration(table.name, AGREEMENT, 1) for table in (agreements, policy_records))
)
GONE = ChangeDocument(withdrawals=(Withdrawal(ChangedKind.AGREEMENT, AGREEMENT, "withdraw[0]"),))


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    """A portal whose agreement was withdrawn."""
    store, draft = new_store(tmp_path), small_bundle()
    add_agreement(draft)
    load(draft.read(tmp_path / "bundle"), store)
    revised = revise(store, GONE)
    assert isinstance(revised, Revised)
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        store_change(connection, revised.change, ChangeNote("2026-03-01T08:00:00Z", "a", "b"), store.digest_secret)
    return store


def revise(store: PortalStore, document: ChangeDocument) -> Revised | Faulty:
    with store.open() as databases, databases.content.connect() as connection:
        return revise_stored(connection, read_content(connection, store.digest_secret), document, NOW)


def test_agreement_comes_back_with_its_record(store: PortalStore) -> None:
    revised = revise(store, BACK)
    assert isinstance(revised, Revised)
    assert AGREEMENT in {record.id for record in revised.snapshot.content.records}


@pytest.mark.clause("threats.md T21")
def test_agreement_whose_signer_was_revoked_meanwhile_comes_back_no_more(store: PortalStore) -> None:
    revoked = authority().files(revoked=[signers()[SigningRole.PROVIDER].chain[0]])
    put_rows(store, {(key_files.name, path): ContentRow({"content": pem}, {}) for path, pem in revoked.items()})
    revised = revise(store, BACK)
    assert isinstance(revised, Faulty)
    assert all(AGREEMENT in fault.file for fault in revised.faults)
    assert any("revoked" in fault.what.en for fault in revised.faults)
