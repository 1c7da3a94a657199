from collections import Counter
from datetime import date

import pytest

from portal.demonstration.drawing import Draws


def test_draws_are_the_same_for_a_seed_and_others_for_another() -> None:
    def drawn(seed: str) -> list[int]:
        draws = Draws(seed)
        return [draws.below(1000) for _ in range(20)]

    assert drawn("one") == drawn("one")
    assert drawn("one") != drawn("two")


def test_draws_reach_both_ends_and_no_further() -> None:
    draws = Draws("ends")
    first, last = date(2024, 2, 27), date(2024, 3, 2)
    assert {draws.between(3, 6) for _ in range(200)} == {3, 4, 5, 6}
    days = {draws.day(first, last) for _ in range(200)}
    assert (min(days), max(days), len(days)) == (first, last, 5)


def test_weighted_draws_follow_the_weights() -> None:
    draws = Draws("weights")
    counts = Counter(draws.weighted([("often", 9), ("never", 0), ("seldom", 1)]) for _ in range(2000))
    assert counts["never"] == 0
    assert 120 < counts["seldom"] < 280


def test_weighted_draw_is_refused_without_choices() -> None:
    with pytest.raises(ValueError, match="no choices"):
        Draws("none").weighted([])


def test_instants_lie_in_office_hours_of_shanghai() -> None:
    instant = Draws("instant").instant(date(2026, 6, 30))
    assert instant.startswith("2026-06-30T")
    assert instant.endswith("+08:00")
    assert 8 <= int(instant[11:13]) <= 17
