"""What is approved comes into force not before its time, whoever asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.administration.change_sets import ChangeSet, ChangeState, seal_of
from portal.administration.change_store import StepNote, insert_change
from portal.administration.database import ContentDatabase
from portal.administration.documents import ChangedKind, ChangeDocument, Withdrawal
from portal.administration.in_force import bring_into_force
from portal.errors import Conflict
from portal.storage.database import for_writing, open_sync_database
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


@pytest.mark.clause("threats.md T41")
def test_change_is_in_force_from_its_time_on_and_not_before(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    change = replace(
        CHANGE,
        document=ChangeDocument(withdrawals=(Withdrawal(ChangedKind.POLICY, "statute-1", "withdraw[0]"),)),
        base={"policy_records/statute-1": 1},
        state=ChangeState.APPROVED,
        activates_at=AT,
    )
    number = approved(change, store.database_url, store.digest_secret)
    database = ContentDatabase(store.database_url)
    with pytest.raises(Conflict, match="2026-07-01T00:00:00Z"):
        bring_into_force(database, store.digest_secret, number, lambda: AT - timedelta(seconds=1))
    assert "statute-1" in {record.id for record in content_of(store).records}
    active = bring_into_force(database, store.digest_secret, number, lambda: AT)
    assert (active.state, active.epoch) == (ChangeState.ACTIVE, 2)
    assert "statute-1" not in {record.id for record in content_of(store).records}
    with pytest.raises(Conflict, match="`active`"):
        bring_into_force(database, store.digest_secret, number, lambda: AT)
