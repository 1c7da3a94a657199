"""The checker of histories sees what it is there to see."""

from random import Random

import pytest

from tests.faults.history import Anomaly, Answer, Change, decisive, find_anomalies

PURPOSES = ("verification", "work_reference")


def drawn_history(draw: Random, length: int = 200) -> tuple[list[Change], list[Answer]]:
    """Changes, each holding from a moment within its span on, and answers by the state of a moment within theirs."""
    time, changes, moments = 0.0, list[Change](), list[float]()
    for number in range(length):
        begun = time + draw.uniform(0.001, 0.1)
        time = begun + draw.uniform(0.001, 0.05)
        changes.append(Change(PURPOSES[number % 2], begun, time))
        moments.append(draw.uniform(begun, time))
    answers = []
    for _ in range(length * 5):
        begun = draw.uniform(moments[0], time)
        decided = begun + draw.uniform(0, 0.05)
        state = sum(moment <= decided for moment in moments) - 1
        answers.append(Answer(begun, decided + draw.uniform(0, 0.05), frozenset({changes[state].purpose}), "1"))
    return changes, answers


@pytest.mark.parametrize("seed", range(20))
def test_no_anomaly_is_found_in_a_history_that_is_linear(seed: int) -> None:
    changes, answers = drawn_history(Random(seed))
    assert find_anomalies(changes, answers) == []
    assert decisive(changes, answers) > 100


@pytest.mark.clause("threats.md R27 G22")
@pytest.mark.parametrize("seed", range(20))
def test_every_planted_anomaly_is_found(seed: int) -> None:
    draw = Random(seed)
    changes, answers = drawn_history(draw)
    number = draw.randrange(10, len(changes) - 1)
    change, following = changes[number], changes[number + 1]
    room = following.begun - change.acknowledged
    begun = change.acknowledged + room * 0.01
    revoked = next(purpose for purpose in PURPOSES if purpose != change.purpose)
    stale = Answer(begun, begun + room * 0.9, frozenset({revoked}), "2")
    both = Answer(begun, begun + room * 0.9, frozenset(PURPOSES), "2")
    lost = Answer(begun, begun + room * 0.9, frozenset(), "2")
    assert find_anomalies(changes, [*answers, stale]) == [Anomaly(stale, is_stale=True)]
    assert find_anomalies(changes, [*answers, both]) == [Anomaly(both, is_stale=True)]
    assert find_anomalies(changes, [*answers, lost]) == [Anomaly(lost, is_stale=False)]


def test_answer_of_one_who_asked_before_the_acknowledgement_is_explained() -> None:
    changes = [Change("verification", 0, 1), Change("work_reference", 10, 12)]
    early = Answer(11.9, 13, frozenset({"verification"}), "1")
    late = Answer(12.1, 13, frozenset({"verification"}), "1")
    assert find_anomalies(changes, [early, late]) == [Anomaly(late, is_stale=True)]


def test_refusal_without_decision_is_no_anomaly() -> None:
    assert find_anomalies([Change("verification", 0, 1)], [Answer(2, 3, None, "1")]) == []
