"""The times that a share of the answers doesn't exceed."""

import pytest

from benchmarks.over_http.load import _quantile


@pytest.mark.parametrize(
    ("count", "share", "milliseconds"),
    [(1, 0.5, 1), (1, 0.99, 1), (2, 0.5, 1), (100, 0.99, 99), (101, 0.99, 100), (1000, 0.5, 500)],
)
def test_quantile_is_the_least_time_that_the_share_does_not_exceed(count: int, share: float, milliseconds: int) -> None:
    times = [number / 1000 for number in range(1, count + 1)]
    assert _quantile(times, share) == pytest.approx(milliseconds)
