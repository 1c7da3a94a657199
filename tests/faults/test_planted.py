"""Controls: a build that loses records, or answers too early or too late, is convicted by the same trials."""

from pathlib import Path

import pytest

from tests.faults.clusters import Clusters
from tests.faults.fault import Bench
from tests.faults.planted import BUILDS, PlantedBuild, plant_build
from tests.faults.serving import Forge
from tests.faults.world import World

pytestmark = pytest.mark.heavy

ROUNDS = 8


@pytest.mark.clause("threats.md R1 R2 R11")
@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_build_is_convicted_when_a_fault_is_planted_in_it(
    build: PlantedBuild, faulty_world: World, clusters: Clusters, tmp_path: Path
) -> None:
    forge = Forge(plant_build(build, tmp_path / "build"))
    convicted: set[str] = set()
    try:
        # What only chance brings about may take some rounds; a sound build would never be convicted.
        for seed in range(1, 2 if build.share else ROUNDS + 1):
            (folder := tmp_path / f"round {seed}").mkdir()
            result = build.run(Bench(faulty_world, forge, clusters, folder), build.trials, seed)
            convicted |= {violation.partition(":")[0] for violation in result.violations}
            if convicted:
                break
    finally:
        forge.close()
    assert len(convicted) >= max(1, build.share * build.trials)
