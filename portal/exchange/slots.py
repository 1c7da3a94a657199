"""How many transfers one subject, or one address of the public, has under way at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from portal.errors import RateLimited, Text

RETRY_SECONDS = 5.0


class Slots:
    """Counts transfers under way; for one event loop."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, who: str) -> Iterator[None]:
        """Hold a place while the block runs. Raises: RateLimited where all places of who asks are taken."""
        if self._taken[who] >= self._each:
            raise RateLimited(
                Text(
                    en=f"{self._each} transfers of yours are under way; begin the next when one has ended",
                    zh=f"您已有 {self._each} 个传输正在进行；请待其中之一结束后再开始",
                ),
                RETRY_SECONDS,
            )
        self._taken[who] += 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]
