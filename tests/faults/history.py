"""What workers answered while policies changed, and whether one state of the policies explains each answer.

The state alternates between two purposes: each change takes one away and gives the other. Times are monotonic seconds
of one machine. A change holds at some moment between its begin and its acknowledgement; an answer may be explained by
any state that held between the request's begin and its end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """The policies let `purpose` alone from some moment of this span on."""

    purpose: str
    begun: float
    acknowledged: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was told: the purpose whose field was answered, or a refusal of all without deciding (None)."""

    begun: float
    ended: float
    permitted: frozenset[str] | None
    worker: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An answer that no state explains. `is_stale`: what it permits was revoked before the request began."""

    answer: Answer
    is_stale: bool


def find_anomalies(changes: Sequence[Change], answers: Sequence[Answer]) -> list[Anomaly]:
    """Return the answers that no state of the policies explains. Changes follow one another in time."""
    begun = [change.begun for change in changes]
    acknowledged = [change.acknowledged for change in changes]
    found = []
    for answer in answers:
        if answer.permitted is None:
            continue
        # The last change acknowledged before the request began holds, or one that began before it ended.
        first = max(0, bisect_left(acknowledged, answer.begun) - 1)
        last = bisect_right(begun, answer.ended)
        possible = {change.purpose for change in changes[first:last]}
        # Each field of a request is decided by itself, so two fields may see two states.
        if not answer.permitted <= possible:
            found.append(Anomaly(answer, is_stale=True))
        elif not answer.permitted and len(possible) == 1:
            found.append(Anomaly(answer, is_stale=False))
    return found


def decisive(changes: Sequence[Change], answers: Sequence[Answer]) -> int:
    """Return how many answers were asked and given between two changes: those that a stale worker would betray."""
    begun = [change.begun for change in changes]
    acknowledged = [change.acknowledged for change in changes]
    return sum(
        answer.permitted is not None
        and bisect_left(acknowledged, answer.begun) == bisect_right(begun, answer.ended) > 0
        for answer in answers
    )
