"""The provider's metadata and keys as last fetched: renewed when they are old, kept a while when that fails (T49)."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

from portal.identity.fetching import Fetcher
from portal.identity.provider import KeySet, ProviderMetadata, parse_key_set, parse_metadata
from portal.identity.sign_in_faults import SignInReason, SignInRefused

FRESH_SECONDS = 600.0
"""So long what was fetched is used without asking again."""
LAST_GOOD_SECONDS = 4 * 3600.0
"""So long it is used at most, however often fetching fails: a key that was withdrawn doesn't count for longer."""
RETRY_SECONDS = 15.0
"""So long nothing is fetched again, whether that went well or not: no token, and no sign-in, makes the portal fetch."""
WELL_KNOWN = "/.well-known/openid-configuration"

_Known = TypeVar("_Known")


class LastGood(Generic[_Known]):
    """What a fetch gave last that could be used. For one event loop; who asks while it is fetched waits for it."""

    def __init__(self, fetch: Callable[[], Awaitable[_Known]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: _Known | None = None
        self._fetched_at = 0.0
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def value(self, *, renew: bool = False) -> _Known:
        """Return it; `renew`: fetch it anew, though it isn't old, unless that was tried a moment ago.

        Raises: SignInRefused where there is none that is good.
        """
        async with self._lock:
            if self._is_due(renew=renew):
                await self._try()
            if self._known is None or self._clock() - self._fetched_at >= LAST_GOOD_SECONDS:
                raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, "nothing good was fetched for too long")
            return self._known

    def _is_due(self, *, renew: bool) -> bool:
        now = self._clock()
        is_old = self._known is None or now - self._fetched_at >= FRESH_SECONDS
        return (is_old or renew) and (self._tried_at is None or now - self._tried_at >= RETRY_SECONDS)

    async def _try(self) -> None:
        self._tried_at = self._clock()
        try:
            known = await self._fetch()
        except SignInRefused:
            return
        # From when it was asked for: a slow answer is no newer than that.
        self._known, self._fetched_at = known, self._tried_at


class Directory:
    """Metadata and keys of the provider with this issuer, which is pinned: it alone is asked where the rest is."""

    def __init__(self, issuer: str, fetcher: Fetcher, clock: Callable[[], float] = monotonic) -> None:
        self._issuer = issuer
        self._fetcher = fetcher
        self._metadata = LastGood(self._fetch_metadata, clock)
        self._keys = LastGood(self._fetch_keys, clock)

    async def metadata(self) -> ProviderMetadata:
        """Return where the provider answers. Raises: SignInRefused."""
        return await self._metadata.value()

    async def keys(self, *, renew: bool = False) -> KeySet:
        """Return the keys that verify its tokens; `renew`: a token names one that isn't among them.

        Raises: SignInRefused.
        """
        return await self._keys.value(renew=renew)

    async def _fetch_metadata(self) -> ProviderMetadata:
        return parse_metadata(await self._get(f"{self._issuer}{WELL_KNOWN}"), self._issuer)

    async def _fetch_keys(self) -> KeySet:
        return parse_key_set(await self._get((await self.metadata()).jwks_uri))

    async def _get(self, address: str) -> bytes:
        fetched = await self._fetcher.get(address)
        if fetched.status != 200:
            raise SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, "an answer other than 200")
        return fetched.body
