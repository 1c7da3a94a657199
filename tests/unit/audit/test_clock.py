from datetime import UTC, datetime, timedelta

from portal.audit.clock import database_now
from portal.storage.database import open_sync_database
from tests.unit.audit.logs import Log


def test_database_clock_is_aware_utc_and_this_hosts(log: Log) -> None:
    engine = open_sync_database(log.url)
    with engine.connect() as connection:
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        now = database_now(connection)
        after = datetime.now(UTC)
    engine.dispose()
    assert before <= now <= after
    assert now.tzinfo is UTC
