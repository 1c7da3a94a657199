"""The portal that faults happen to, loaded once a process, and the process that servers are forked from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.clusters import Clusters
from tests.faults.fault import Bench
from tests.faults.serving import Forge
from tests.faults.world import World, make_world


@pytest.fixture(scope="session")
def faulty_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("faults") / "world")


@pytest.fixture(scope="session")
def forge() -> Iterator[Forge]:
    forge = Forge()
    yield forge
    forge.close()


@pytest.fixture(scope="session")
def clusters(faulty_world: World) -> Iterator[Clusters]:
    clusters = Clusters(faulty_world)
    yield clusters
    clusters.close()


@pytest.fixture
def bench(faulty_world: World, forge: Forge, clusters: Clusters, tmp_path: Path) -> Bench:
    return Bench(faulty_world, forge, clusters, tmp_path)
