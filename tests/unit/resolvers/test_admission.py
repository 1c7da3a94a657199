import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

import pytest

from portal.errors import RateLimited
from portal.resolvers.admission import FairGate


async def work(gate: FairGate, department: str, seconds: float, done: Counter[str]) -> None:
    """Ask without pause for requests that take so long."""
    while True:
        async with gate.admit(department):
            await asyncio.sleep(seconds)
            done[department] += 1


async def done_after(gate: FairGate, seconds: float, clients: Mapping[str, tuple[int, float]]) -> Counter[str]:
    """What each department gets done in a while with so many clients of requests that take so long."""
    done: Counter[str] = Counter()
    tasks = [
        asyncio.create_task(work(gate, department, cost, done))
        for department, (count, cost) in clients.items()
        for _ in range(count)
    ]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return done


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
async def test_gate_gives_departments_equal_shares_when_one_asks_four_times_as_much() -> None:
    done = await done_after(FairGate(4), 1.5, {"a": (16, 0.004), "b": (4, 0.004), "c": (4, 0.004), "d": (4, 0.004)})
    fair = done.total() / 4
    assert all(done[department] >= 0.95 * fair for department in "bcd"), done


@pytest.mark.clause("R26")
async def test_gate_counts_work_and_not_requests() -> None:
    done = await done_after(FairGate(2), 1.5, {"a": (6, 0.02), "b": (6, 0.004)})
    assert 3.5 < done["b"] / done["a"] < 6.5, done


async def test_gate_gives_the_whole_room_to_whoever_is_alone() -> None:
    gate = FairGate(2)
    alone = await done_after(gate, 0.5, {"a": (4, 0.005)})
    beside_an_idle_one = await done_after(gate, 0.5, {"a": (4, 0.005), "b": (0, 0.005)})
    assert beside_an_idle_one["a"] > 0.7 * alone["a"]


async def test_gate_gives_no_credit_for_time_that_a_department_was_idle() -> None:
    gate = FairGate(1)
    await done_after(gate, 0.5, {"a": (3, 0.005)})
    done = await done_after(gate, 0.5, {"a": (3, 0.005), "b": (3, 0.005)})
    assert 0.7 < done["a"] / done["b"] < 1.4, done


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
