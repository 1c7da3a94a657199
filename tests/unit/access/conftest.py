"""A portal whose road tests lead elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.access.pipeline import Road
from tests.fixtures.portal_world import open_world
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.unit.access.road import HookedSource, PortalUnderTest


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalUnderTest]:
    with open_world(sharing_bundle(), tmp_path) as world:
        yield PortalUnderTest(world, tmp_path)


@pytest.fixture
def hooked(portal: PortalUnderTest) -> Iterator[Callable[[Callable[[int], object]], tuple[Road, HookedSource]]]:
    """Return what gives a road with something happening after each read, and its source."""
    sources: list[HookedSource] = []

    def make(hook: Callable[[int], object]) -> tuple[Road, HookedSource]:
        sources.append(HookedSource(portal, hook))
        return replace(portal.road, source=sources[-1]), sources[-1]

    yield make
    for source in sources:
        source.close()
