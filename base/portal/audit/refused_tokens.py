"""Refused tokens, counted a minute and address in memory until the recorder writes them down."""

import threading
from collections import Counter
from datetime import UTC, datetime

MAX_ADDRESSES = 1000
OTHER = "other"

RefusalKey = tuple[str, str]
"""Minute (UTC, `2026-01-31T08:00Z`) and address."""


class RefusedTokens:
    """Counts since the last `take`, in bounded memory: a flood from many addresses is counted under `other` (T74)."""

    def __init__(self, max_addresses: int = MAX_ADDRESSES) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[RefusalKey] = Counter()
        self._max_addresses = max_addresses

    def add(self, address: str, now: datetime) -> None:
        """Count one refused token."""
        minute = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
        with self._lock:
            known = (minute, address) in self._counts or len(self._counts) < self._max_addresses
            self._counts[minute, address if known else OTHER] += 1

    def take(self) -> Counter[RefusalKey]:
        """Return the counts and begin again."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return counts

    def give_back(self, counts: Counter[RefusalKey]) -> None:
        """Add counts that could not be written."""
        with self._lock:
            self._counts.update(counts)
