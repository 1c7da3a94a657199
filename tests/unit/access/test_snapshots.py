"""The current snapshot: whole, of the epoch that holds now, or none at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import delete

from portal.access.snapshots import SnapshotKeeper, snapshot_keeper
from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.identity.keyring import KeyRing
from portal.identity.keys import generate_keys
from portal.storage.database import open_database, open_sync_database
from portal.storage.tables import policy_records
from tests.fixtures.small_bundle import BundleDraft, load, new_store, small_bundle


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return new_store(tmp_path)


@pytest_asyncio.fixture
async def keeper(store: PortalStore) -> AsyncIterator[SnapshotKeeper]:
    keys = replace(generate_keys(), digest_secret=store.digest_secret)
    made = snapshot_keeper(store.database_url, KeyRing(None, keys))
    yield made
    await made.close()


def load_draft(draft: BundleDraft, store: PortalStore, folder: Path) -> int:
    return load(draft.read(folder), store).epoch


async def test_nothing_answers_before_anything_was_loaded(keeper: SnapshotKeeper) -> None:
    with pytest.raises(PolicyUnavailable):
        await keeper.current()


async def test_decision_point_stays_the_same_while_the_epoch_does(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    epoch = load_draft(small_bundle(), store, tmp_path / "first")

    points = await asyncio.gather(*(keeper.current() for _ in range(20)))

    assert {id(point) for point in points} == {id(await keeper.current())}
    assert points[0].snapshot.epoch == epoch


async def test_decision_point_is_another_as_soon_as_the_epoch_is(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    before = await keeper.current()
    draft = small_bundle()
    draft.policies.pop("restriction-1")

    epoch = load_draft(draft, store, tmp_path / "second")
    points = await asyncio.gather(*(keeper.current() for _ in range(20)))

    assert {point.snapshot.epoch for point in points} == {epoch}
    assert len({id(point) for point in points}) == 1
    assert "restriction-1" in {record.id for record in before.snapshot.content.records}
    assert "restriction-1" not in {record.id for record in points[0].snapshot.content.records}


async def test_no_earlier_snapshot_answers_when_the_content_can_not_be_trusted(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    await keeper.current()
    draft = small_bundle()
    draft.title = "另一标题"
    load_draft(draft, store, tmp_path / "second")
    engine = open_sync_database(store.database_url)
    with engine.begin() as connection:
        connection.execute(delete(policy_records).where(policy_records.c.id == "restriction-1"))
    engine.dispose()

    for _ in range(2):
        with pytest.raises(PolicyUnavailable):
            await keeper.current()


async def test_keeper_answers_again_when_the_content_is_whole_again(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    with pytest.raises(PolicyUnavailable):
        await keeper.current()

    epoch = load_draft(small_bundle(), store, tmp_path / "first")

    assert (await keeper.current()).snapshot.epoch == epoch


async def test_content_is_unavailable_when_the_database_can_not_be_reached(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    engine, keeper.engine = keeper.engine, open_database("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(PolicyUnavailable, match="the database doesn't answer"):
        await keeper.current()

    await keeper.engine.dispose()
    keeper.engine = engine
    assert (await keeper.current()).snapshot.epoch == 1
