"""A proof is taken once: by whichever worker, however many show it at the same time (RFC 9449 §11.1)."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

import pytest
from sqlalchemy import func, select

from portal.audit.ledger import Handed, Ledger, ShownProof, submit
from portal.audit.receipts import ProofUse, Recorded
from portal.audit.recorder import Recorder
from portal.audit.signing import SigningKeys
from portal.storage.audit_tables import used_proofs
from portal.storage.database import open_sync_database
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_log import fresh_log
from tests.unit.audit.logs import EPOCH, KEY, Log, numbered

pytestmark = pytest.mark.clause("T24")

SOON = datetime(2026, 3, 1, 8, 1, tzinfo=UTC)
FIRST, AGAIN = ProofUse(True), ProofUse(False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, log: Log, postgres: Databases) -> Iterator[str]:
    if request.param == "sqlite":
        yield log.url
    else:
        with fresh_log(postgres, EPOCH) as made:
            yield made


def open_ledger(url: str) -> Ledger:
    return Ledger(url, SigningKeys([KEY]), None)


def proof(number: int, expires_at: datetime = SOON) -> ShownProof:
    return ShownProof(sha256(b"%d" % number).digest(), expires_at)


def kept(url: str) -> int:
    engine = open_sync_database(url)
    with engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(used_proofs))
    engine.dispose()
    return count or 0


def test_proof_is_the_first_once_whoever_shows_it_again(url: str) -> None:
    with closing(open_ledger(url)) as one, closing(open_ledger(url)) as other:
        assert one.append([proof(1)]) == [FIRST]
        assert one.append([proof(1)]) == [AGAIN]
        assert other.append([proof(1)]) == [AGAIN]
        assert other.append([proof(2)]) == [FIRST]
    with closing(open_ledger(url)) as later:
        assert later.append([proof(1), proof(2), proof(3)]) == [AGAIN, AGAIN, FIRST]


def test_of_two_alike_at_the_same_time_one_is_the_first(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        assert ledger.append([proof(1), proof(2), proof(1)]) == [FIRST, FIRST, AGAIN]


def test_proofs_and_records_that_wait_together_are_told_each_its_own(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        waiting: list[Handed] = [proof(1), submit(numbered(1), ()), proof(1), submit(numbered(2), ()), proof(2)]
        assert ledger.append(waiting) == [FIRST, Recorded(1, 1), AGAIN, Recorded(1, 2), FIRST]


def test_proof_is_forgotten_when_it_has_expired(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        ledger.append([proof(1), proof(2, SOON + timedelta(seconds=1))])
        ledger.forget_expired(SOON)
        assert kept(url) == 2
        ledger.forget_expired(SOON + timedelta(seconds=1))
        assert kept(url) == 1
        assert ledger.append([proof(2)]) == [AGAIN]


@pytest.mark.heavy
def test_each_of_many_proofs_is_the_first_once_when_many_workers_are_shown_them(postgres: Databases) -> None:
    with fresh_log(postgres, EPOCH) as url:

        def show_all(worker: int) -> int:
            draw, firsts = Random(worker), 0
            with closing(open_ledger(url)) as ledger:
                shown = draw.sample(range(200), 200)
                while shown:
                    batch, shown = shown[:17], shown[17:]
                    uses = ledger.append([proof(number) for number in batch])
                    firsts += uses.count(FIRST)
            return firsts

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(show_all, range(8))) == 200


async def test_recorder_tells_whether_a_proof_is_the_first(log: Log) -> None:
    with closing(Recorder.start(log.url, log.keys)) as recorder:
        assert await recorder.use_proof(proof(1))
        assert not await recorder.use_proof(proof(1))


async def test_recorder_forgets_proofs_that_have_long_expired(log: Log) -> None:
    with closing(Recorder.start(log.url, log.keys)) as recorder:
        await recorder.use_proof(proof(1, datetime.now(UTC) - timedelta(minutes=5)))
        await recorder.use_proof(proof(2, datetime.now(UTC) + timedelta(minutes=5)))
        recorder._thread._forgets_at = 0.0
        for _ in range(100):
            if kept(log.url) < 2:
                break
            await asyncio.sleep(0.1)
        assert not await recorder.use_proof(proof(2))
    assert kept(log.url) == 1
