"""Accounts that nobody uses: 90 days after they were last used, changed or let in again (T55)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from portal.audit.dormancy import DORMANT_AFTER, is_dormant, last_registered, last_seen
from portal.audit.records import render_time
from portal.identity.registry import User
from portal.storage.audit_tables import audit_records
from portal.storage.database import for_writing, open_sync_database
from portal.vocabulary import UserId
from tests.fixtures.small_bundle import NOW, content_of, load, new_store, small_bundle

pytestmark = pytest.mark.clause("threats.md T55")

DAY = timedelta(days=1)
ASK, END = NOW + 10 * DAY, NOW + DORMANT_AFTER


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A portal that was loaded at `NOW`, and whose log can be written to."""
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    assert UserId("clerk") in content_of(store).registry.users
    engine = open_sync_database(store.database_url)
    with for_writing(engine).connect() as opened:
        yield opened
    engine.dispose()


CLERK = User(UserId("clerk"), "经办人", small_bundle().departments[1].partition(",")[0], (), None, None)  # type: ignore[arg-type]


def note(connection: Connection, time: datetime, subject: str, decision: str = "permit", sequence: int = 1) -> None:
    cells = {"writer": 1, "sequence": sequence, "entry": "", "row_count": 0, "record": "{}", "hash": b""}
    statement = insert(audit_records)
    connection.execute(statement.values(**cells, time=render_time(time), subject=subject, decision=decision))


def test_account_that_was_never_used_counts_from_when_it_was_registered(connection: Connection) -> None:
    assert last_seen(connection, "user:clerk") is None
    assert last_registered(connection, CLERK) == NOW
    assert not is_dormant(connection, CLERK, END - timedelta(seconds=1))
    assert is_dormant(connection, CLERK, END)


@pytest.mark.parametrize("decision", ["permit", "deny"])
def test_account_counts_from_its_last_use(connection: Connection, decision: str) -> None:
    note(connection, ASK - DAY, "user:clerk")
    note(connection, ASK, "user:clerk", decision, sequence=2)
    assert last_seen(connection, "user:clerk") == ASK
    assert not is_dormant(connection, CLERK, END)
    assert not is_dormant(connection, CLERK, ASK + DORMANT_AFTER - timedelta(seconds=1))
    assert is_dormant(connection, CLERK, ASK + DORMANT_AFTER)


@pytest.mark.parametrize("subject", ["user:clerk2", "application:clerk", "user:Clerk", "clerk"])
def test_use_by_others_does_not_keep_an_account_awake(connection: Connection, subject: str) -> None:
    note(connection, ASK, subject)
    assert is_dormant(connection, CLERK, END)


def test_account_that_is_let_in_again_counts_from_that_day(connection: Connection) -> None:
    again = replace(CLERK, since=date(2026, 7, 1))
    assert is_dormant(connection, CLERK, datetime(2026, 7, 2, tzinfo=UTC))
    assert not is_dormant(connection, again, datetime(2026, 7, 2, tzinfo=UTC))
    assert is_dormant(connection, again, datetime(2026, 9, 30, tzinfo=UTC))


def test_account_that_is_not_registered_is_dormant(connection: Connection) -> None:
    nobody = replace(CLERK, id=UserId("nobody"))
    assert last_registered(connection, nobody) is None
    assert is_dormant(connection, nobody, NOW)
