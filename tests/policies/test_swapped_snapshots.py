"""T14: threads decide while snapshots are swapped; each decision is on one snapshot, whole."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from itertools import cycle
from threading import Event

import pytest

from portal.catalog.entries import CatalogEntry
from portal.errors import ErrorCode
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.decision_point import DecisionPoint
from portal.policies.records import PolicyRecord
from portal.vocabulary import PUBLIC
from tests.policies.building import (
    CHECKER,
    OTHER,
    code_of,
    open_entry,
    record,
    request,
    restriction,
    snapshot,
    use,
)

OF = open_entry()
OPENED = record(OF, id="open", kind="open_data", consumer="public", items=["code"], purposes=["*"])
GENERAL = record(OF, id="general", kind="unconditional", consumer="any_department", items=["*"])
BAN = restriction(OF, id="ban", consumer="any_department", items=["note"])
LATE = record(
    OF, id="late", kind="unconditional", consumer="any_department", items=["*"], valid_until="2020-01-01T00:00:00Z"
)
Codes = tuple[ErrorCode | None, ErrorCode | None, ErrorCode | None]
# By epoch: the records, and the codes of `note` for the consumer, of `code` for a stranger, of `code` for the public.
EPOCHS: Sequence[tuple[list[PolicyRecord], Codes]] = (
    ([GENERAL, OPENED], (None, None, None)),
    ([GENERAL, BAN], (ErrorCode.ITEM_DENIED, None, ErrorCode.ITEM_DENIED)),
    ([LATE], (ErrorCode.EXPIRED, ErrorCode.EXPIRED, ErrorCode.ITEM_DENIED)),
    ([], (ErrorCode.ITEM_DENIED, ErrorCode.ITEM_DENIED, ErrorCode.ITEM_DENIED)),
)
QUESTIONS = (
    (request(CHECKER), use("note")),
    (request(OTHER), use("code")),
    (request(PUBLIC, purpose=None), use("code")),
)


@dataclass
class Keeper:
    """The current decision point, swapped whole: one pointer."""

    points: tuple[DecisionPoint, ...]
    current: DecisionPoint = field(init=False)
    stopped: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.current = self.points[0]

    def swap_until_stopped(self) -> int:
        swaps = 0
        for point in cycle(self.points):
            self.current, swaps = point, swaps + 1
            if self.stopped.wait(0.0001):
                break
        return swaps


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads interrupt each other as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


class PausingEntry(CatalogEntry):
    """An entry at whose first look a decision stands still, until another one is through or could not be."""

    __slots__ = ()
    reached = Event()
    passed = Event()

    @property
    def is_published(self) -> bool:
        self.reached.set()
        self.passed.wait(0.3)
        return True


@pytest.mark.clause("T14")
def test_t14_matcher_asks_for_its_own_record_when_another_thread_asks_meanwhile() -> None:
    matcher = Matcher(ModelName.DEPARTMENT_SHARING)
    pausing = PausingEntry(**{one.name: getattr(OF, one.name) for one in fields(OF) if one.init})
    asked, note = request(CHECKER), OF.items[1]
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(matcher.matching, (GENERAL,), pausing, note, asked)
        assert pausing.reached.wait(5)
        quick = pool.submit(matcher.matching, (LATE,), OF, note, asked)
        quick.add_done_callback(lambda _: pausing.passed.set())
        assert (slow.result(), quick.result()) == ((GENERAL,), ())


def keeper() -> Keeper:
    matchers = {name: Matcher(name) for name in ModelName}
    return Keeper(
        tuple(DecisionPoint(snapshot([OF], records, epoch), matchers) for epoch, (records, _) in enumerate(EPOCHS))
    )


def count_wrong(kept: Keeper, rounds: int) -> int:
    """Return how many decisions weren't those of the epoch that they were taken under."""
    wrong = 0
    for _ in range(rounds):
        point = kept.current
        codes = tuple(code_of(point.decide(asked, used)) for asked, used in QUESTIONS)
        wrong += codes != EPOCHS[point.snapshot.epoch][1]
    return wrong


def soak(rounds: int) -> tuple[int, int]:
    """Return the wrong decisions of four threads, and how often the snapshot was swapped meanwhile."""
    kept = keeper()
    with ThreadPoolExecutor(5) as pool:
        swapping = pool.submit(kept.swap_until_stopped)
        try:
            wrong = sum(pool.map(count_wrong, [kept] * 4, [rounds] * 4))
        finally:
            kept.stopped.set()
        return wrong, swapping.result()


@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.clause("T14")
def test_t14_decisions_are_right_when_snapshots_are_swapped_under_threads() -> None:
    wrong, swaps = soak(rounds=150)
    assert wrong == 0
    assert swaps > 10


@pytest.mark.heavy
@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.clause("T14")
def test_t14_decisions_are_right_when_snapshots_are_swapped_under_threads_for_long() -> None:
    wrong, swaps = soak(rounds=5000)
    assert wrong == 0
    assert swaps > 100
