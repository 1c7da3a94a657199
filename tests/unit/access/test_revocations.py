"""Revoked tokens as a worker knows them: all that were revoked before it looked, in whatever order others did so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.access.revocations import Revocations
from portal.audit.ledger import Ledger, RevokedToken, submit_act
from portal.audit.records import Act, ActRecord
from portal.audit.signing import SigningKeys
from portal.errors import PolicyUnavailable
from portal.storage.administration_tables import revoked_tokens
from portal.storage.database import for_writing, open_database, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.present import Present, load_revoked, read_present
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_log import fresh_log
from tests.unit.audit.logs import EPOCH, KEY, MOMENT

pytestmark = pytest.mark.clause("threats.md T24")

LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, postgres: Databases) -> Iterator[str]:
    if request.param == "postgresql":
        with fresh_log(postgres, EPOCH) as made:
            yield made
    else:
        made = f"sqlite:///{tmp_path / 'portal.db'}"
        upgrade_database(made)
        yield made


@pytest_asyncio.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    opened = open_database(url)
    yield opened
    await opened.dispose()


def revoking(token_id: str, expires_at: datetime = LATER) -> tuple[ActRecord, RevokedToken]:
    record = ActRecord(
        time=MOMENT,
        subject="application:checker",
        department=None,
        application="checker",
        user=None,
        act=Act.TOKEN_REVOKED,
        target=token_id,
    )
    return record, RevokedToken(token_id, expires_at)


def revoke(url: str, *token_ids: str, expires_at: datetime = LATER) -> None:
    with closing(Ledger(url, SigningKeys([KEY]), None)) as ledger:
        ledger.append([submit_act(*revoking(token_id, expires_at)) for token_id in token_ids])


def forget(url: str, before: datetime) -> None:
    with closing(Ledger(url, SigningKeys([KEY]), None)) as ledger:
        ledger.forget_expired(before)


async def look(revocations: Revocations, engine: AsyncEngine) -> Present:
    present = await read_present(engine)
    await revocations.follow(present.revocation)
    return present


async def test_token_is_known_as_soon_as_it_was_revoked(url: str, engine: AsyncEngine) -> None:
    revocations = Revocations(engine)
    assert (await look(revocations, engine)).revocation == 0
    assert "one" not in revocations
    await asyncio.to_thread(revoke, url, "one")
    assert "one" not in revocations
    await look(revocations, engine)
    assert "one" in revocations
    await asyncio.to_thread(revoke, url, "two", "three")
    await look(revocations, engine)
    assert [one in revocations for one in ("one", "two", "three", "four", "on", "")] == [True] * 3 + [False] * 3


async def test_worker_that_begins_knows_all(url: str, engine: AsyncEngine) -> None:
    await asyncio.to_thread(revoke, url, *(f"token-{number}" for number in range(50)))
    revocations = Revocations(engine)
    await look(revocations, engine)
    assert all(f"token-{number}" in revocations for number in range(50))


async def test_token_that_is_revoked_twice_is_there_once(url: str, engine: AsyncEngine) -> None:
    await asyncio.to_thread(revoke, url, "one", "one")
    await asyncio.to_thread(revoke, url, "one")
    assert [row.token_id for row in await load_revoked(engine, 0)] == ["one"]


async def test_token_is_forgotten_when_it_has_ended_and_others_stay(url: str, engine: AsyncEngine) -> None:
    end = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    await asyncio.to_thread(revoke, url, "later", expires_at=end + timedelta(seconds=1))
    await asyncio.to_thread(revoke, url, "ended", expires_at=end)
    revocations = Revocations(engine)
    await look(revocations, engine)
    await asyncio.to_thread(forget, url, end)
    assert len(await load_revoked(engine, 0)) == 2
    await asyncio.to_thread(forget, url, end + timedelta(seconds=1))
    assert [row.token_id for row in await load_revoked(engine, 0)] == ["later"]
    await look(revocations, engine)
    assert ("later" in revocations, "ended" in revocations) == (True, False)


async def test_number_of_a_token_that_was_forgotten_is_never_given_again(url: str, engine: AsyncEngine) -> None:
    await asyncio.to_thread(revoke, url, "one", expires_at=MOMENT)
    revocations = Revocations(engine)
    await look(revocations, engine)
    await asyncio.to_thread(forget, url, MOMENT + timedelta(days=1))
    await asyncio.to_thread(revoke, url, "two")
    await look(revocations, engine)
    assert ("one" in revocations, "two" in revocations) == (True, True)
    await asyncio.to_thread(forget, url, LATER + timedelta(days=1))
    assert (await look(revocations, engine)).revocation == 0
    assert ("one" in revocations, "two" in revocations) == (False, False)
    await asyncio.to_thread(revoke, url, "three")
    await look(revocations, engine)
    assert "three" in revocations


async def test_who_sees_an_older_number_forgets_nothing(url: str, engine: AsyncEngine) -> None:
    await asyncio.to_thread(revoke, url, "one")
    before = (await read_present(engine)).revocation
    await asyncio.to_thread(revoke, url, "two")
    revocations = Revocations(engine)
    await look(revocations, engine)
    await revocations.follow(before)
    assert ("one" in revocations, "two" in revocations) == (True, True)


async def test_many_that_look_at_once_know_it_alike(url: str, engine: AsyncEngine) -> None:
    revocations = Revocations(engine)
    await asyncio.to_thread(revoke, url, "one")
    present = await read_present(engine)

    async def follow() -> bool:
        await revocations.follow(present.revocation)
        return "one" in revocations

    assert await asyncio.gather(*(follow() for _ in range(20))) == [True] * 20


async def test_nobody_goes_on_while_they_can_not_be_read(url: str, engine: AsyncEngine) -> None:
    await asyncio.to_thread(revoke, url, "one")
    present = await read_present(engine)
    revocations = Revocations(engine)
    await asyncio.to_thread(rename, url, "revoked_tokens", "hidden")
    for _ in range(2):
        with pytest.raises(PolicyUnavailable, match="can't be read whole"):
            await revocations.follow(present.revocation)
    with pytest.raises(PolicyUnavailable):
        await read_present(engine)
    await asyncio.to_thread(rename, url, "hidden", "revoked_tokens")
    await revocations.follow(present.revocation)
    assert "one" in revocations


async def test_nobody_goes_on_without_the_database() -> None:
    engine = open_database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(PolicyUnavailable, match="the database doesn't answer"):
        await Revocations(engine).follow(1)
    await engine.dispose()


def rename(url: str, before: str, after: str) -> None:
    engine = open_sync_database(url)
    with for_writing(engine).begin() as connection:
        connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))
    engine.dispose()


async def test_none_is_missed_that_is_made_durable_after_a_later_one(postgres: Databases) -> None:
    """Numbers are drawn before rows can be seen: without a lock the lower one could be seen after the higher."""
    with fresh_log(postgres, EPOCH) as url:
        engine, slow = open_database(url), Ledger(url, SigningKeys([KEY]), None)
        revocations = Revocations(engine)
        with closing(slow), slow._log.transaction():
            slow._revoke([revoking("slow")[1]])
            quick = Thread(target=revoke, args=(url, "quick"))
            quick.start()
            await asyncio.to_thread(quick.join, 0.5)
            await look(revocations, engine)
            # The later one waits for the one before it.
            assert ("slow" in revocations, "quick" in revocations) == (False, False)
        await asyncio.to_thread(quick.join)
        await look(revocations, engine)
        assert ("slow" in revocations, "quick" in revocations) == (True, True)
        await engine.dispose()


async def test_row_of_another_hand_is_followed_too(url: str, engine: AsyncEngine) -> None:
    revocations, sync = Revocations(engine), open_sync_database(url)
    with for_writing(sync).begin() as connection:
        connection.execute(insert(revoked_tokens).values(token_id="one", expires_at="2999-01-01T00:00:00Z"))
    await look(revocations, engine)
    assert "one" in revocations
    with for_writing(sync).begin() as connection:
        connection.execute(delete(revoked_tokens))
        assert connection.execute(select(revoked_tokens.c.number)).all() == []
    sync.dispose()
    await look(revocations, engine)
    assert "one" not in revocations
