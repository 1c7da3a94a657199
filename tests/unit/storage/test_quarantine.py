"""The quarantine is part of the content: set and lifted with the epoch, under the digest, and kept by loads."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.storage.content import digest_of, read_content
from portal.storage.content_changes import ChangeNote, change_quarantine
from portal.storage.database import for_writing
from portal.storage.quarantine import Quarantine, read_quarantine, replace_quarantine
from tests.fixtures.small_bundle import load, new_store, small_bundle

QUARANTINE = Quarantine("2026-03-01T08:00:00Z", "2026-03-01T07:00:00Z", 3, 9, "00" * 32, "synthetic")
NOTE = ChangeNote("2026-03-01T08:00:00Z", "甲", "synthetic")


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    return store


def change(store: PortalStore, wanted: Quarantine | None) -> int:
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        head = read_content(connection, store.digest_secret).head
        return change_quarantine(connection, head, wanted, NOTE, store.digest_secret).epoch


def test_quarantine_is_set_and_lifted_under_epochs_of_their_own(store: PortalStore) -> None:
    assert change(store, QUARANTINE) == 2
    with store.open() as databases, databases.content.connect() as connection:
        assert read_content(connection, store.digest_secret).quarantine == QUARANTINE
    assert change(store, None) == 3
    with store.open() as databases, databases.content.connect() as connection:
        assert read_content(connection, store.digest_secret).quarantine is None


def test_load_keeps_the_quarantine(store: PortalStore, tmp_path: Path) -> None:
    change(store, QUARANTINE)
    draft = small_bundle()
    draft.title = "改名"
    assert load(draft.read(tmp_path / "renamed"), store).epoch == 3
    with store.open() as databases, databases.content.connect() as connection:
        assert read_content(connection, store.digest_secret).quarantine == QUARANTINE


@pytest.mark.parametrize("name", [field.name for field in fields(Quarantine)])
def test_every_column_is_under_the_digest(store: PortalStore, name: str) -> None:
    changed = replace(QUARANTINE, **{name: 7 if isinstance(getattr(QUARANTINE, name), int) else "other"})  # type: ignore[arg-type]  # each of its kind
    change(store, QUARANTINE)
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        content = read_content(connection, store.digest_secret)
        assert digest_of(replace(content.head, quarantine=changed), b"s") != digest_of(content.head, b"s")
        replace_quarantine(connection, changed)
        with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
            read_content(connection, store.digest_secret)


@pytest.mark.parametrize("wanted", [None, QUARANTINE])
def test_content_is_refused_when_the_row_came_or_went_by_other_means(
    store: PortalStore, wanted: Quarantine | None
) -> None:
    change(store, None if wanted else QUARANTINE)
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        replace_quarantine(connection, wanted)
        assert read_quarantine(connection) == wanted
        with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
            read_content(connection, store.digest_secret)
