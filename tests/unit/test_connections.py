import gc
from collections.abc import Iterator

import pytest

from portal.connections import BoundedConfig, ConnectionLimits


@pytest.fixture
def former_collection() -> Iterator[tuple[int, int, int]]:
    """How memory is looked through by default; after the test it is as another test may have left it."""
    former = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*former)
    gc.unfreeze()


async def application(scope: object, receive: object, send: object) -> None:
    """An application that answers nothing."""


def test_what_is_loaded_is_looked_through_no_more(former_collection: tuple[int, int, int]) -> None:
    frozen = gc.get_freeze_count()
    config = BoundedConfig(application, ConnectionLimits(1, 1, 1, 1), log_config=None)
    assert (gc.get_freeze_count(), gc.get_threshold()) == (frozen, former_collection)

    config.load()

    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] > former_collection[0]
