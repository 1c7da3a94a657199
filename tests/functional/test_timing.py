"""Whether the time of an answer tells of a value that the subject may not read (T62): Welch's t, as dudect does it."""

import random
from collections.abc import Iterator, Sequence
from math import sqrt
from statistics import fmean, variance
from time import perf_counter_ns

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

pytestmark = [pytest.mark.campaign, pytest.mark.clause("T62")]

SAMPLES = 10_000
CROPPED = 0.9
"""So much of the samples, the fastest, counts: what the machine does besides makes the others."""
LEAKS_FROM = 4.5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def document(where: str) -> str:
    return f"{{ shared {{ residents(purpose: VERIFICATION, where: {where}) {{ nodes {{ code }} totalCount }} }} }}"


def welch(first: Sequence[int], second: Sequence[int]) -> float:
    """Return t over the faster samples of each."""
    a, b = (sorted(samples)[: int(len(samples) * CROPPED)] for samples in (first, second))
    return (fmean(a) - fmean(b)) / sqrt(variance(a) / len(a) + variance(b) / len(b))


@pytest.mark.parametrize(
    ("hit", "miss"),
    [
        pytest.param('{code: {eq: "r09"}}', '{code: {eq: "r99"}}', id="a row outside the scope"),
        pytest.param('{id_number: {eq: "999999198501010095"}}', '{id_number: {eq: "999999198501010096"}}', id="hidden"),
        pytest.param('{code: {startsWith: "r1"}}', '{code: {startsWith: "z1"}}', id="several rows outside the scope"),
    ],
)
def test_time_tells_nothing_of_what_may_not_be_read(world: PortalWorld, hit: str, miss: str) -> None:
    documents = {True: document(hit), False: document(miss)}
    answers = [world.ask(documents[which], by=CHECKER) for which in (True, False)]
    assert answers[0].codes == answers[1].codes
    assert answers[0].payload.get("data") == answers[1].payload.get("data")
    taken: dict[bool, list[int]] = {True: [], False: []}
    draw = random.Random(62)
    for _ in range(SAMPLES):
        which = draw.random() < 0.5
        begun = perf_counter_ns()
        world.ask(documents[which], by=CHECKER)
        taken[which].append(perf_counter_ns() - begun)
    t = welch(taken[True], taken[False])
    assert abs(t) < LEAKS_FROM, f"t = {t:.1f}"
