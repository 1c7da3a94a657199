"""The current snapshot: whole, of the epoch that holds now, or none at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from sqlalchemy import delete

from portal.access.snapshots import SnapshotKeeper, snapshot_keeper
from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.identity.keyring import KeyRing
from portal.identity.keys import generate_keys
from portal.policies.decision import Use
from portal.policies.matching import Request
from portal.policies.snapshot import Snapshot
from portal.storage.database import open_database, open_sync_database
from portal.storage.tables import policy_records
from portal.vocabulary import Action, ApplicationId, DepartmentCode, Environment, Mode, NetworkZone, Purpose, Subject
from tests.fixtures.small_bundle import CONSUMER, NOW, BundleDraft, load, new_store, small_bundle

ASKED = Request(
    Subject(department=DepartmentCode(CONSUMER), application=ApplicationId("checker"), region="99999901", auth_level=2),
    Action(Mode.QUERY, Purpose("verification")),
    Environment(NOW, NetworkZone.GOVERNMENT),
)


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


@pytest_asyncio.fixture
async def following(keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path) -> SnapshotKeeper:
    """A keeper that follows content however small it is, and has seen the first."""
    load_draft(small_bundle(), store, tmp_path / "first")
    keeper.followed_from = 0
    await keeper.current()
    return keeper


def other_draft() -> BundleDraft:
    draft = small_bundle()
    draft.policies["statute-1"]["items"] = ["code"]
    return draft


def delete_restriction(store: PortalStore) -> None:
    engine = open_sync_database(store.database_url)
    with engine.begin() as connection:
        connection.execute(delete(policy_records).where(policy_records.c.id == "restriction-1"))
    engine.dispose()


async def test_decisions_are_kept_for_entries_that_a_change_left_alone(
    following: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    before = await following.current()
    residents, villages = (state.entry for state in reversed(before.snapshot.content.entries))
    uses = [Use(entry.code, (entry.items[0].identifier,)) for entry in (residents, villages)]
    decided = [before.decide(ASKED, use) for use in uses]

    load_draft(other_draft(), store, tmp_path / "second")
    after = await following.current()

    assert after.snapshot.epoch == before.snapshot.epoch + 1
    assert after.snapshot.content.registry is before.snapshot.content.registry
    assert after.decide(ASKED, uses[0]) != decided[0]
    assert after.decide(ASKED, uses[1]) is decided[1]
    assert after.snapshot.index == Snapshot(after.snapshot.content).index


async def test_content_that_was_followed_is_verified_whole_now_and_then(
    following: SnapshotKeeper, store: PortalStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load_draft(other_draft(), store, tmp_path / "second")
    assert "restriction-1" in {record.id for record in (await following.current()).snapshot.content.records}
    await following.verify_whole()
    await following.current()
    delete_restriction(store)

    following.whole_every = 0.01
    following.start()
    deadline = monotonic() + 10
    while "its digest doesn't match" not in caplog.text and monotonic() < deadline:  # noqa: ASYNC110 - as logs are read
        await asyncio.sleep(0.01)

    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        await following.current()


async def test_small_content_is_verified_whole_at_each_epoch_alone(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    await keeper.verify_whole()
    before = await keeper.current()
    delete_restriction(store)

    await keeper.verify_whole()
    assert await keeper.current() is before


async def test_whole_content_that_can_not_be_read_is_refused(following: SnapshotKeeper, store: PortalStore) -> None:
    following.verify = snapshot_keeper("postgresql://nobody@127.0.0.1:1/none", following.ring).verify

    await following.verify_whole()

    assert (await following.current()).snapshot.epoch == 1
