"""Exponents of growth: which power a line through the logarithms has, and which sizes count."""

import pytest

from benchmarks.growth.fitting import Growth, fit_exponent

SIZES = (1, 10, 100, 1_000, 10_000)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_exponent_is_the_power_of_what_grows_by_one(exponent: float) -> None:
    assert fit_exponent({size: 3.0 * size**exponent for size in SIZES}) == pytest.approx(exponent)


def test_exponent_is_of_the_upper_half_of_the_range() -> None:
    """What every answer costs hides growth where answers are small: 100 is the middle of 1 to 10,000 on that scale."""
    constant_below = {size: float(max(size, 100)) for size in SIZES}
    assert fit_exponent(constant_below) == pytest.approx(1.0)
    steep_below = {1: 1.0, 10: 1_000.0, 100: 1_000.0, 1_000: 10_000.0, 10_000: 100_000.0}
    assert fit_exponent(steep_below) == pytest.approx(1.0)


def test_exponent_is_of_the_medians_not_of_the_best_rounds() -> None:
    rounds = {size: (size**2.0, size**2.0, float(size)) for size in SIZES}
    assert Growth("rows", rounds, 1.1).exponent == pytest.approx(2.0)


def test_two_sizes_count_at_least() -> None:
    assert fit_exponent({1: 3.0, 2: 6.0}) == pytest.approx(1.0)


def test_one_size_alone_has_no_exponent() -> None:
    with pytest.raises(ValueError, match="one size alone"):
        fit_exponent({10: 1.0})
