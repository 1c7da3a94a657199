from collections import Counter
from datetime import UTC, datetime

import pytest

from portal.audit.refused_tokens import OTHER, RefusedTokens
from tests.unit.audit.logs import MOMENT, Log

LATER = datetime(2026, 1, 31, 8, 1, 59, tzinfo=UTC)


def test_refused_tokens_are_counted_a_minute_and_address() -> None:
    refused = RefusedTokens()
    for address, moment in (("192.0.2.1", MOMENT), ("192.0.2.1", MOMENT), ("192.0.2.2", MOMENT), ("192.0.2.1", LATER)):
        refused.add(address, moment)
    assert refused.take() == {
        ("2026-01-31T08:00Z", "192.0.2.1"): 2,
        ("2026-01-31T08:00Z", "192.0.2.2"): 1,
        ("2026-01-31T08:01Z", "192.0.2.1"): 1,
    }
    assert refused.take() == {}


@pytest.mark.clause("threats.md T74")
def test_refused_tokens_of_a_flood_are_counted_whole_in_bounded_memory() -> None:
    refused = RefusedTokens(max_addresses=10)
    for number in range(1000):
        refused.add(f"2001:db8::{number % 500:x}", MOMENT)
    counts = refused.take()
    assert len(counts) == 11
    assert counts.total() == 1000
    assert counts["2026-01-31T08:00Z", OTHER] == 980


def test_refused_tokens_that_were_not_written_are_counted_again() -> None:
    refused = RefusedTokens()
    refused.add("192.0.2.1", MOMENT)
    counts = refused.take()
    refused.add("192.0.2.1", MOMENT)
    refused.give_back(counts)
    assert refused.take() == {("2026-01-31T08:00Z", "192.0.2.1"): 2}


def test_refused_tokens_add_up_in_the_database(log: Log) -> None:
    ledger = log.open()
    ledger.add_refused_tokens(Counter({("2026-01-31T08:00Z", "192.0.2.1"): 2}))
    ledger.add_refused_tokens(Counter({("2026-01-31T08:00Z", "192.0.2.1"): 3, ("2026-01-31T08:00Z", OTHER): 1}))
    ledger.close()
    assert log.rows("SELECT minute, address, refusals FROM refused_tokens ORDER BY address") == [
        ("2026-01-31T08:00Z", "192.0.2.1", 5),
        ("2026-01-31T08:00Z", OTHER, 1),
    ]
