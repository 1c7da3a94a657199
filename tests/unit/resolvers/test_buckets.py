from ipaddress import ip_address

import pytest

from portal.resolvers.buckets import Buckets

HERE, THERE = ip_address("192.0.2.1"), ip_address("192.0.2.2")


def taken(buckets: Buckets, address: str, times: int, now: float) -> int:
    """How many of so many tokens are had at a moment."""
    return sum(buckets.take(ip_address(address), now) == 0.0 for _ in range(times))


def test_bucket_gives_a_second_of_tokens_at_once_and_then_as_time_passes() -> None:
    buckets = Buckets(200)
    assert taken(buckets, "192.0.2.1", 300, 0.0) == 200
    assert taken(buckets, "192.0.2.1", 300, 0.5) == 100
    assert taken(buckets, "192.0.2.1", 300, 0.5) == 0
    assert taken(buckets, "192.0.2.1", 300, 100.0) == 200


def test_bucket_says_when_there_will_be_a_token() -> None:
    buckets = Buckets(2)
    assert [buckets.take(HERE, 0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take(HERE, 0.25) == 0.25
    assert buckets.take(HERE, 0.51) == 0.0


def test_bucket_is_each_addresss_own() -> None:
    buckets = Buckets(1)
    assert [buckets.take(address, 0.0) for address in (HERE, THERE, None)] == [0.0, 0.0, 0.0]
    assert all(buckets.take(address, 0.0) > 0 for address in (HERE, THERE, None))


@pytest.mark.parametrize(("other", "shares"), [("2001:db8::2", True), ("2001:db8:0:1::1", False)])
def test_bucket_is_shared_by_the_addresses_of_a_network(other: str, shares: bool) -> None:
    buckets = Buckets(1)
    buckets.take(ip_address("2001:db8::1"), 0.0)
    assert (buckets.take(ip_address(other), 0.0) > 0) is shares


@pytest.mark.clause("T72")
def test_buckets_take_bounded_memory_and_keep_who_asked_last() -> None:
    buckets = Buckets(1, kept=100)
    buckets.take(HERE, 0.0)
    for number in range(1000):
        buckets.take(ip_address(number), 0.0)
        assert buckets.take(HERE, 0.0) > 0
    assert len(buckets._buckets) == 100
