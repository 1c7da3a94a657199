"""What was fetched of a provider: renewed, kept a while, and given up in the end, whatever the provider does (T49)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from portal.identity.directory import FRESH_SECONDS, LAST_GOOD_SECONDS, RETRY_SECONDS, WELL_KNOWN, Directory
from portal.identity.fetching import Fetched
from portal.identity.provider import IdTokenAlgorithm
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from tests.fixtures.provider_keys import ISSUER, key_of, published
from tests.unit.identity.test_provider import changed

pytestmark = pytest.mark.clause("threats.md T49")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Provider:
    """Answers what it is told to; counts what it was asked for."""

    keys: Callable[[], Fetched]
    metadata: bytes = field(default_factory=changed)
    asked: list[str] = field(default_factory=list)

    async def get(self, address: str) -> Fetched:
        self.asked.append(address)
        await asyncio.sleep(0)
        return Fetched(200, self.metadata) if address.endswith(WELL_KNOWN) else self.keys()

    async def post(self, address: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Fetched:
        raise AssertionError

    async def close(self) -> None:
        """Hold nothing."""


def good() -> Fetched:
    return Fetched(200, published(key_of("ES256")))


def down() -> Fetched:
    raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE)


def of(name: str) -> Callable[[], Fetched]:
    return lambda: Fetched(200, published(key_of("ES256", name)))


async def knows(directory: Directory, name: str = "own", *, renew: bool = False) -> bool:
    found = (await directory.keys(renew=renew)).find(IdTokenAlgorithm.ES256, f"{name}-ES256")
    return found is not None


async def test_keys_are_fetched_once_for_many_tokens() -> None:
    provider, clock = Provider(good), Clock()
    directory = Directory(ISSUER, provider, clock)
    assert all(await asyncio.gather(*(knows(directory) for _ in range(50))))
    assert len(provider.asked) == 2


async def test_unknown_key_makes_nobody_fetch_more_than_once_in_a_while() -> None:
    provider, clock = Provider(good), Clock()
    directory = Directory(ISSUER, provider, clock)
    for _ in range(1000):
        assert await knows(directory, renew=True)
    assert len(provider.asked) == 2
    clock.now += RETRY_SECONDS
    assert await knows(directory, renew=True)
    assert len(provider.asked) == 3


async def test_rotated_key_is_found_when_a_token_names_it() -> None:
    provider, clock = Provider(good), Clock()
    directory = Directory(ISSUER, provider, clock)
    assert await knows(directory)
    provider.keys = of("second")
    clock.now += RETRY_SECONDS
    assert not await knows(directory, "second")
    assert await knows(directory, "second", renew=True)
    assert not await knows(directory)


POISONED: dict[str, Callable[[], Fetched]] = {
    "down": down,
    "empty": lambda: Fetched(200, b""),
    "error": lambda: Fetched(500, published(key_of("ES256", "foreign"))),
    "redirect": lambda: Fetched(302, published(key_of("ES256", "foreign"))),
    "not found": lambda: Fetched(404, b""),
    "no keys": lambda: Fetched(200, b'{"keys": []}'),
    "secret": lambda: Fetched(200, b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'),
    "page": lambda: Fetched(200, b"<html></html>"),
}


@pytest.mark.parametrize("keys", POISONED.values(), ids=POISONED)
async def test_last_good_keys_count_until_their_limit_when_the_next_are_poisoned(keys: Callable[[], Fetched]) -> None:
    provider, clock = Provider(good), Clock()
    directory = Directory(ISSUER, provider, clock)
    assert await knows(directory)
    provider.keys = keys
    clock.now += LAST_GOOD_SECONDS - 1
    assert await knows(directory)
    assert not await knows(directory, "foreign")
    clock.now += 1
    with pytest.raises(SignInRefused):
        await directory.keys()
    provider.keys = good
    clock.now += RETRY_SECONDS
    assert await knows(directory)


@pytest.mark.parametrize("keys", POISONED.values(), ids=POISONED)
async def test_nothing_counts_when_the_first_keys_are_poisoned(keys: Callable[[], Fetched]) -> None:
    directory = Directory(ISSUER, Provider(keys), Clock())
    with pytest.raises(SignInRefused):
        await directory.keys()


async def test_alternating_sets_count_one_at_a_time() -> None:
    provider, clock = Provider(of("one")), Clock()
    directory = Directory(ISSUER, provider, clock)
    for number in range(10):
        name, other = ("one", "two") if number % 2 == 0 else ("two", "one")
        provider.keys = of(name)
        assert await knows(directory, name)
        assert not await knows(directory, other)
        clock.now += FRESH_SECONDS


async def test_metadata_of_another_issuer_lead_nowhere() -> None:
    provider = Provider(good, changed(issuer="https://evil.example"))
    directory = Directory(ISSUER, provider, Clock())
    with pytest.raises(SignInRefused):
        await directory.metadata()
    with pytest.raises(SignInRefused):
        await directory.keys()
    assert provider.asked == [f"{ISSUER}{WELL_KNOWN}"]


async def test_failing_provider_is_asked_once_in_a_while() -> None:
    provider, clock = Provider(down), Clock()
    directory = Directory(ISSUER, provider, clock)
    for _ in range(100):
        with pytest.raises(SignInRefused):
            await directory.keys()
    assert len(provider.asked) == 2
