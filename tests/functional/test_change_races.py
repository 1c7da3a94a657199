"""Many people at once: whatever steps they try on the same change sets, each goes one legal way (T40)."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from portal.administration.change_sets import ChangeSet, ChangeState, Step, advance
from portal.administration.change_store import StepNote, insert_change, list_steps, read_change, store_step
from portal.administration.database import ContentDatabase
from portal.errors import Conflict
from portal.storage.migrating import upgrade_database
from portal.vocabulary import UserId
from tests.fixtures.postgres import Databases
from tests.fixtures.small_bundle import new_store
from tests.unit.administration.test_change_sets import CHANGE, FOLLOWS

THREADS, TRIES, CHANGES = 50, 40, 12
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def draft(connection: Connection) -> int:
    change = replace(CHANGE, state=ChangeState.DRAFT, version=1, approved_by=None, activates_at=None)
    return insert_change(connection, change, StepNote("u1", NOW))


def attempt(database: ContentDatabase, numbers: list[int], seed: int) -> int:
    """Try steps at random, each upon what was read a moment before; return how many counted."""
    drawn = random.Random(seed)
    return sum(try_step(database, drawn.choice(numbers), drawn.choice([*Step]), seed) for _ in range(TRIES))


def try_step(database: ContentDatabase, number: int, step: Step, seed: int) -> bool:
    change, note = database.read_here(partial(read_change, number=number)), StepNote(f"thread-{seed}", NOW)
    try:
        following = with_approver(advance(change, step))
        database.write_here(partial(store_step, change=following, step=step, note=note))
    except Conflict:
        return False
    return True


def with_approver(change: ChangeSet) -> ChangeSet:
    return replace(change, approved_by=UserId("u2")) if change.state is ChangeState.APPROVED else change


def assert_legal(connection: Connection, number: int) -> int:
    """Return how many steps a change set went; they must lead from its draft to its state, without gap or fork."""
    steps = list_steps(connection, (number,))[number]
    assert [step.version for step in steps] == list(range(1, len(steps) + 1))
    state = "draft"
    for one in steps[1:]:
        state = FOLLOWS[(state, one.step.value)]
    change = read_change(connection, number)
    assert (change.state.value, change.version) == (state, len(steps))
    return len(steps) - 1


def race(url: str) -> tuple[int, int]:
    database = ContentDatabase(url)
    numbers = [database.write_here(draft) for _ in range(CHANGES)]
    with ThreadPoolExecutor(THREADS) as threads:
        taken = sum(threads.map(lambda seed: attempt(database, numbers, seed), range(THREADS)))
    gone = sum(database.read_here(partial(assert_legal, number=number)) for number in numbers)
    return taken, gone


@pytest.mark.heavy
@pytest.mark.clause("threats.md T40")
def test_change_sets_go_one_way_whoever_is_first_in_sqlite(tmp_path: Path) -> None:
    taken, gone = race(new_store(tmp_path).database_url)
    assert taken == gone > CHANGES


@pytest.mark.heavy
@pytest.mark.clause("threats.md T40")
def test_change_sets_go_one_way_whoever_is_first_in_postgresql(postgres: Databases) -> None:
    url = postgres.create_database()
    upgrade_database(url)
    taken, gone = race(url)
    assert taken == gone > CHANGES
