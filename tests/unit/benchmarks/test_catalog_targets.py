"""What the measure of a large catalog calls held."""

import pytest

from benchmarks.catalog import TARGETS, compare_figures, render_found
from benchmarks.catalog_figures import quantile


def test_target_is_held_when_found_at_its_bound_and_not_above_it() -> None:
    for more, held in ((0.0, True), (0.5, False)):
        figures: dict[str, dict[str, float]] = {"wide": {}, "long": {}}
        for target in TARGETS:
            figures[target.portal][target.figure] = target.most + more
        found = compare_figures(figures)
        assert [one.held for one in found] == [held] * len(TARGETS)
        assert render_found(found).count(" NO\n") == (0 if held else len(TARGETS))


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(1, 0.95, 1), (20, 0.95, 19), (100, 0.95, 95), (21, 0.95, 20)]
)
def test_quantile_is_the_least_value_that_the_share_does_not_exceed(count: int, share: float, expected: int) -> None:
    assert quantile(list(range(count, 0, -1)), share) == expected
