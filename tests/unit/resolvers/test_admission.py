import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from heapq import heappop, heappush
from random import Random
from typing import Protocol

import pytest

from portal.errors import RateLimited
from portal.resolvers.admission import FairGate


class Clock:
    """A time that passes only as the work done in it says: what comes of it is the same on every machine."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until so much time has passed."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number += 1
        heappush(self._waiting, (self.now + seconds, self._number, over))
        await over

    async def pass_until(self, end: float) -> None:
        """Let the time pass, each sleeper awake before the next."""
        await self._settle()
        while self._waiting and self._waiting[0][0] <= end:
            self.now, _, over = heappop(self._waiting)
            if not over.done():
                over.set_result(None)
            await self._settle()
        self.now = end

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


class Gate(Protocol):
    """What lets requests in."""

    def admit(self, department: str) -> AbstractAsyncContextManager[None]: ...


class FirstComeGate:
    """A gate that knows no departments: whoever asks first is first."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)

    def admit(self, department: str) -> AbstractAsyncContextManager[None]:
        return self._places


async def work(gate: Gate, department: str, seconds: Callable[[], float], clock: Clock, done: Counter[str]) -> None:
    """Ask without pause for requests that take so long."""
    while True:
        async with gate.admit(department):
            await clock.sleep(seconds())
            done[department] += 1


async def done_after(
    gate: Gate, clock: Clock, seconds: float, clients: Mapping[str, tuple[int, float]]
) -> Counter[str]:
    """What each department gets done in a while with so many clients of requests that take about so long."""
    random, done = Random(7), Counter[str]()

    def about(cost: float) -> Callable[[], float]:
        return lambda: cost * random.uniform(0.5, 1.5)

    tasks = [
        asyncio.create_task(work(gate, department, about(cost), clock, done))
        for department, (count, cost) in clients.items()
        for _ in range(count)
    ]
    await clock.pass_until(clock.now + seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return done


FOUR_TIMES = {"a": (16, 0.004), "b": (4, 0.004), "c": (4, 0.004), "d": (4, 0.004)}
"""Clients of four departments of which one asks for four times its share."""


async def test_gate_lets_everyone_in_while_there_is_room() -> None:
    gate = FairGate(3)
    async with gate.admit("a"), gate.admit("a"), gate.admit("b"):
        assert gate.waiting == 0


async def test_gate_lets_as_many_in_as_there_are_places() -> None:
    gate, inside, most = FairGate(4), 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with gate.admit("a"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(50)))
    assert (most, inside, gate.waiting) == (4, 0, 0)


@pytest.mark.clause("R26")
@pytest.mark.parametrize("places", [1, 4, 8])
async def test_gate_gives_departments_equal_shares_when_one_asks_four_times_as_much(places: int) -> None:
    clock = Clock()
    done = await done_after(FairGate(places, clock=clock), clock, 10, FOUR_TIMES)
    fair = done.total() / 4
    assert done.total() > 0.95 * 10 * places / 0.004
    assert all(done[department] >= 0.95 * fair for department in "bcd"), done


@pytest.mark.clause("R26")
async def test_departments_would_lose_half_of_their_shares_without_the_gate() -> None:
    clock = Clock()
    done = await done_after(FirstComeGate(4), clock, 10, FOUR_TIMES)
    assert all(done[department] < 0.7 * done.total() / 4 for department in "bcd"), done


@pytest.mark.clause("R26")
async def test_gate_leaves_a_department_all_that_it_asks_for_when_that_is_less_than_its_share() -> None:
    clock = Clock()
    gate = FairGate(4, clock=clock)
    alone = await done_after(gate, clock, 10, {"b": (1, 0.004)})
    beside = await done_after(gate, clock, 10, {"a": (64, 0.004), "b": (1, 0.004)})
    assert beside["b"] >= 0.45 * alone["b"], (alone, beside)  # each waits for a place that is freed, never for a queue


@pytest.mark.clause("R26")
async def test_gate_counts_work_and_not_requests() -> None:
    clock = Clock()
    done = await done_after(FairGate(2, clock=clock), clock, 20, {"a": (6, 0.02), "b": (6, 0.004)})
    assert 4.5 < done["b"] / done["a"] < 5.5, done


async def test_gate_gives_the_whole_room_to_whoever_is_alone() -> None:
    clock = Clock()
    gate = FairGate(2, clock=clock)
    alone = await done_after(gate, clock, 5, {"a": (4, 0.005)})
    beside_an_idle_one = await done_after(gate, clock, 5, {"a": (4, 0.005), "b": (0, 0.005)})
    assert beside_an_idle_one["a"] > 0.98 * alone["a"]


async def test_gate_gives_no_credit_for_time_that_a_department_was_idle() -> None:
    clock = Clock()
    gate = FairGate(1, clock=clock)
    await done_after(gate, clock, 5, {"a": (3, 0.005)})
    done = await done_after(gate, clock, 5, {"a": (3, 0.005), "b": (3, 0.005)})
    assert 0.95 < done["a"] / done["b"] < 1.05, done


async def test_gate_refuses_when_a_department_has_too_many_waiting_and_lets_others_wait() -> None:
    gate = FairGate(1, waiting_each=2)
    async with gate.admit("a"):
        waiting = [asyncio.create_task(gate.admit(department).__aenter__()) for department in "aab"]
        await asyncio.sleep(0)
        assert gate.waiting == 3
        with pytest.raises(RateLimited) as refused:
            await gate.admit("a").__aenter__()
        assert refused.value.retry_after_seconds == 1
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert gate.waiting == 0


@pytest.mark.parametrize("granted", [False, True])
async def test_gate_keeps_no_place_for_one_who_is_gone(granted: bool) -> None:
    gate = FairGate(1)
    holder = gate.admit("a")
    await holder.__aenter__()
    waiting = asyncio.create_task(gate.admit("b").__aenter__())
    await asyncio.sleep(0)
    if granted:
        # It is let in and cancelled before it can see either.
        await holder.__aexit__(None, None, None)
        waiting.cancel()
    else:
        waiting.cancel()
        await holder.__aexit__(None, None, None)
    with suppress(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(1), gate.admit("c"):
        assert gate.waiting == 0


async def test_gate_refuses_when_waiting_took_too_long() -> None:
    gate = FairGate(1, waiting_seconds=0.01)
    async with gate.admit("a"):
        with pytest.raises(RateLimited):
            await gate.admit("a").__aenter__()
    async with gate.admit("a"):
        assert gate.waiting == 0


async def test_gate_forgets_idle_departments_when_there_are_very_many() -> None:
    gate = FairGate(2)
    async with gate.admit("kept"):
        for number in range(5000):
            async with gate.admit(str(number)):
                pass
    assert len(gate._shares) <= 1001
    assert "kept" in gate._shares
