"""The current snapshot: whole, of the epoch that holds now, or none at all."""

import asyncio
import gc
import threading
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


class HeldRing(KeyRing):
    """Keys that come into use only once they are let: till then the reading of content doesn't end."""

    def __init__(self, ring: KeyRing) -> None:
        super().__init__(None, ring.keys)
        self.let = threading.Event()
        self.readings = 0

    def use(self, fingerprint: str | None) -> None:
        self.readings += 1
        if not self.let.wait(20):
            raise TimeoutError
        super().use(fingerprint)


@pytest.fixture
def held(keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path) -> HeldRing:
    """The ring of a keeper whose first reading is held."""
    load_draft(small_bundle(), store, tmp_path / "first")
    ring = HeldRing(keeper.ring)
    keeper.ring = ring
    return ring


async def until_read(ring: HeldRing, readings: int) -> None:
    while ring.readings < readings:  # noqa: ASYNC110 - it is counted in a thread
        await asyncio.sleep(0.001)


async def test_reading_goes_on_when_who_asked_gave_up(keeper: SnapshotKeeper, held: HeldRing) -> None:
    keeper.wait_seconds = 0.01
    for _ in range(3):
        with pytest.raises(PolicyUnavailable, match="still being read"):
            await keeper.current()
    held.let.set()
    keeper.wait_seconds = 20

    assert (await keeper.current()).snapshot.epoch == 1
    assert held.readings == 1


async def test_reading_goes_on_when_who_asked_left(keeper: SnapshotKeeper, held: HeldRing) -> None:
    asking = asyncio.create_task(keeper.current())
    await until_read(held, 1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    held.let.set()

    assert (await keeper.current()).snapshot.epoch == 1
    assert held.readings == 1


async def test_content_is_read_again_when_it_changed_while_it_was_read(
    keeper: SnapshotKeeper, held: HeldRing, store: PortalStore, tmp_path: Path
) -> None:
    first = asyncio.create_task(keeper.current())
    await until_read(held, 1)
    load_draft(other_draft(), store, tmp_path / "second")
    later = [asyncio.create_task(keeper.current()) for _ in range(3)]
    await asyncio.sleep(0)
    held.let.set()

    assert (await first).snapshot.epoch == 1
    assert {(await point).snapshot.epoch for point in later} == {2}
    assert held.readings == 2


async def test_content_is_read_again_when_the_reading_under_way_fails(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    engine, keeper.engine = keeper.engine, open_database("postgresql://nobody@127.0.0.1:1/none")
    failing = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)
    joined = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)
    unreachable, keeper.engine = keeper.engine, engine

    with pytest.raises(PolicyUnavailable):
        await failing
    assert (await joined).snapshot.epoch == 1
    await unreachable.dispose()


async def test_keeper_reads_the_content_before_it_is_asked_for(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")

    keeper.start()
    async with asyncio.timeout(20):
        first = await keeper.after(None)

    assert first is await keeper.current()
    waiting = asyncio.create_task(keeper.after(first))
    load_draft(other_draft(), store, tmp_path / "second")
    second = await keeper.current()
    assert await waiting is second


@pytest.mark.parametrize("is_large", [True, False])
async def test_large_content_alone_is_left_out_of_looking_through_memory(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path, is_large: bool
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    if is_large:
        keeper.followed_from = 0
    try:
        content = (await keeper.current()).snapshot.content
        looked_through = {id(each) for each in gc.get_objects()}
        assert [id(state.entry) in looked_through for state in content.entries] == [not is_large] * 2
        load_draft(other_draft(), store, tmp_path / "second")
        followed = (await keeper.current()).snapshot.content
        assert id(followed) in {id(each) for each in gc.get_objects()}
    finally:
        gc.unfreeze()


async def test_keeper_ends_a_reading_under_way_when_it_is_closed(
    keeper: SnapshotKeeper, store: PortalStore, tmp_path: Path
) -> None:
    load_draft(small_bundle(), store, tmp_path / "first")
    asking = asyncio.create_task(keeper.current())
    while keeper._reading is None:  # noqa: ASYNC110 - it begins within a few turns
        await asyncio.sleep(0)

    await keeper.close()

    with pytest.raises(asyncio.CancelledError):
        await asking
