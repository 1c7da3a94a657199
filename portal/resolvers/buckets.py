"""How much each address may send: a bucket of tokens each, refilled as time passes."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

_IPV6_PREFIX = 64
"""A network of this length is one customer's: its addresses share a bucket."""
_KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Buckets:
    """A bucket for each address, in bounded memory: the addresses that asked last are known."""

    def __init__(self, rate: float, kept: int = _KEPT, size: float | None = None) -> None:
        """Let so many a second, and `size` at once; left out, as many as in a second."""
        self._rate = rate
        self._size = rate if size is None else size
        self._kept = kept
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: IPv4Address | IPv6Address | None, now: float) -> float:
        """Take a token at the monotonic second `now`; return 0, or after how many seconds there will be one."""
        key = _key(address)
        bucket = self._buckets.pop(key, None) or _Bucket(self._size, now)
        bucket.tokens = min(self._size, bucket.tokens + (now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        self._buckets[key] = bucket
        while len(self._buckets) > self._kept:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._rate
        bucket.tokens -= 1
        return 0.0


def _key(address: IPv4Address | IPv6Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), _IPV6_PREFIX), strict=False))
    return str(address)
