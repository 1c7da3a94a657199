"""What is approved comes into force not before its time, whoever asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from portal.administration.change_sets import ChangeSet, ChangeState, seal_of
from portal.administration.change_store import StepNote, insert_change
from portal.administration.database import ContentDatabase
from portal.administration.documents import ChangedKind, ChangeDocument, Withdrawal
from portal.administration.in_force import bring_into_force
from portal.bundles.store import PortalStore
from portal.errors import Conflict
from portal.policies.freezes import Freeze, FreezeTarget, Frozen, store_freeze
from portal.storage.content import read_content
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.database import for_writing, open_sync_database
from portal.storage.tables import freezes
from portal.vocabulary import PolicyId
from tests.fixtures.small_bundle import content_of, load, new_store, small_bundle
from tests.unit.administration.test_change_sets import CHANGE

AT = datetime(2026, 7, 1, tzinfo=UTC)


def approved(change: ChangeSet, url: str, secret: bytes) -> int:
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        number = insert_change(connection, change, StepNote("u1", AT))
        sealed = replace(change, id=number)
        connection.exec_driver_sql("UPDATE change_sets SET seal = ?", (seal_of(sealed, secret),))
    engine.dispose()
    return number


def withdrawal_of_statute(store: PortalStore) -> int:
    """Return the number of an approved change set that withdraws a record from its time on."""
    change = replace(
        CHANGE,
        document=ChangeDocument(withdrawals=(Withdrawal(ChangedKind.POLICY, "statute-1", "withdraw[0]"),)),
        base={"policy_records/statute-1": 1},
        state=ChangeState.APPROVED,
        activates_at=AT,
    )
    return approved(change, store.database_url, store.digest_secret)


@pytest.mark.clause("threats.md T41")
def test_change_is_in_force_from_its_time_on_and_not_before(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    number = withdrawal_of_statute(store)
    database = ContentDatabase(store.database_url)
    with pytest.raises(Conflict, match="2026-07-01T00:00:00Z"):
        bring_into_force(database, store.digest_secret, number, lambda: AT - timedelta(seconds=1))
    assert "statute-1" in {record.id for record in content_of(store).records}
    active = bring_into_force(database, store.digest_secret, number, lambda: AT)
    assert (active.state, active.epoch) == (ChangeState.ACTIVE, 2)
    assert "statute-1" not in {record.id for record in content_of(store).records}
    with pytest.raises(Conflict, match="`active`"):
        bring_into_force(database, store.digest_secret, number, lambda: AT)


@pytest.mark.clause("threats.md T40")
def test_change_is_in_force_upon_what_was_changed_while_it_was_made_ready(tmp_path: Path) -> None:
    """A freeze waits for nobody, so it may come between making ready and writing; both hold then."""
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    number = withdrawal_of_statute(store)
    asked = count(1)

    def clock() -> datetime:
        if next(asked) == 2:
            freeze_by_others(store)
        return AT

    active = bring_into_force(ContentDatabase(store.database_url), store.digest_secret, number, clock)
    content = content_of(store)
    assert (active.epoch, content.epoch, next(asked)) == (3, 3, 4)
    assert [freeze.id for freeze in content.freezes] == ["freeze:1"]
    assert "statute-1" not in {record.id for record in content.records}


def freeze_by_others(store: PortalStore) -> None:
    made = Freeze(
        PolicyId("freeze:1"), Frozen(FreezeTarget.EVERYTHING, "", None), "synthetic", "u9", "2026-03-01T08:00:00Z"
    )
    with store.open() as databases, for_writing(databases.content).begin() as connection:
        present = read_content(connection, store.digest_secret)
        rows = {table: {key: one.row for key, one in of.items()} for table, of in present.rows.items()}
        rows[freezes.name][made.id] = store_freeze(made)
        change = compare_content(present, WantedContent(present.identity, rows))
        store_change(connection, change, ChangeNote(made.frozen_at, made.frozen_by, made.reason), store.digest_secret)
