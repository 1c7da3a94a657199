"""Who is worked for next: everyone while there is room, departments by turns in fair shares when there isn't (R26)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from portal.errors import RateLimited, Text

WAITING_EACH = 256
"""Requests of one department that may wait."""
WAITING_SECONDS = 10.0
_KEPT_SHARES = 1000
_SMOOTHING = 0.2


@dataclass(slots=True)
class _Share:
    """What a department has had: seconds of work, those it is thought to take at this moment included."""

    had: float
    usual: float = 0.0
    working: int = 0
    waiting: deque[asyncio.Future[float]] = field(default_factory=deque)

    @property
    def is_idle(self) -> bool:
        """Whether nothing of the department is worked on or waits."""
        return not self.working and not self.waiting


class FairGate:
    """Lets so many requests be worked on at once; where more come, the department that has had least is next.

    A department that was idle has no claim to what it didn't use. All methods belong to the event loop.
    """

    def __init__(
        self,
        places: int,
        waiting_each: int = WAITING_EACH,
        waiting_seconds: float = WAITING_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._free = places
        self._waiting_each = waiting_each
        self._waiting_seconds = waiting_seconds
        self._clock = clock
        self._shares: dict[str, _Share] = {}
        self._level = 0.0

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(len(share.waiting) for share in self._shares.values())

    @asynccontextmanager
    async def admit(self, department: str) -> AsyncIterator[None]:
        """Hold a place while the block runs, waiting for one where there is none.

        Raises: RateLimited where the department has too many requests waiting, or this one waited too long.
        """
        share = self._share_of(department)
        expected = self._let_in(share) if self._free else await self._wait(share)
        started = self._clock()
        try:
            yield
        finally:
            self._leave(share, expected, self._clock() - started)

    def _share_of(self, department: str) -> _Share:
        share = self._shares.get(department)
        if share is None:
            if len(self._shares) >= _KEPT_SHARES:
                self._shares = {name: kept for name, kept in self._shares.items() if not kept.is_idle}
            share = self._shares[department] = _Share(self._level)
        elif share.is_idle:
            share.had = max(share.had, self._level)
        return share

    def _let_in(self, share: _Share) -> float:
        """Give the department a place; return the seconds that it is thought to take."""
        self._free -= 1
        self._level = max(self._level, share.had)
        share.working += 1
        share.had += share.usual
        return share.usual

    async def _wait(self, share: _Share) -> float:
        if len(share.waiting) >= self._waiting_each:
            raise _busy()
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        share.waiting.append(turn)
        try:
            async with asyncio.timeout(self._waiting_seconds):
                return await turn
        except BaseException as failure:
            # INVARIANT: who was let in leaves, even where it isn't there any more to be told.
            if turn.done() and not turn.cancelled():
                self._leave(share, turn.result(), 0.0)
            elif turn in share.waiting:
                share.waiting.remove(turn)
            if isinstance(failure, TimeoutError):
                raise _busy() from None
            raise

    def _leave(self, share: _Share, expected: float, taken: float) -> None:
        self._free += 1
        share.working -= 1
        share.had += taken - expected
        share.usual += _SMOOTHING * (taken - share.usual)
        while waiting := [other for other in self._shares.values() if other.waiting]:
            following = min(waiting, key=lambda other: other.had)
            turn = following.waiting.popleft()
            # One that gave up at this very moment is passed over.
            if not turn.done():
                turn.set_result(self._let_in(following))
                return


def _busy() -> RateLimited:
    return RateLimited(
        Text(
            en="the portal is busy and your department has many requests waiting; ask again as `Retry-After` says",
            zh="门户繁忙，且贵部门排队的请求较多；请按 `Retry-After` 所示时间后重试",
        ),
        1.0,
    )
