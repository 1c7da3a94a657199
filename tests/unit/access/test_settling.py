"""Memory isn't looked through while something large is made, and is again afterwards, whatever came of it."""

import gc
from collections.abc import Iterator

import pytest

from portal.access.settling import make_undisturbed


@pytest.fixture(params=[True, False])
def is_enabled(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether memory is looked through, before and after."""
    if not request.param:
        gc.disable()
    yield request.param
    gc.enable()


def test_memory_is_not_looked_through_while_something_is_made(is_enabled: bool) -> None:
    assert make_undisturbed(gc.isenabled) is False
    assert gc.isenabled() is is_enabled


def test_memory_is_looked_through_again_when_making_failed(is_enabled: bool) -> None:
    def fail() -> None:
        raise ValueError("synthetic")

    with pytest.raises(ValueError, match="synthetic"):
        make_undisturbed(fail)
    assert gc.isenabled() is is_enabled
