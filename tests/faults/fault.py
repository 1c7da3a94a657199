"""What a fault is: what is injected, what the portal must do, how it is tried; and what came of the trials."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.clusters import Clusters
from tests.faults.ledger import Ledger, examine
from tests.faults.serving import Forge
from tests.faults.world import World

LANES = 2
"""Trials that go on side by side; each mostly waits for a start."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of trials. `violations` says of each breach what was seen; figures are by name."""

    trials: int
    violations: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether the portal did what it must, and it was tried."""
        return self.trials > 0 and not self.violations


def together(results: Sequence[Result], worst: frozenset[str] = frozenset()) -> Result:
    """Return the results as one; figures named in `worst` or ending in `seconds` are the largest, others add up."""
    figures: dict[str, float] = {}
    for result in results:
        for name, value in result.figures.items():
            before = figures.get(name, 0.0)
            figures[name] = max(before, value) if name in worst or name.endswith("seconds") else before + value
    violations = tuple(violation for result in results for violation in result.violations)
    return Result(sum(result.trials for result in results), violations, figures)


@dataclass(frozen=True, slots=True)
class Bench:
    """What trials need: a loaded portal to copy, servers, and a folder of their own."""

    world: World
    forge: Forge
    clusters: Clusters
    folder: Path

    def lane(self, name: str) -> "Lane":
        """Return a portal of its own behind a ledger of its own; `close` it."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        return Lane(self, folder, self.world.copy_to(folder / "home"), Ledger(folder / "ledger.jsonl"))


@dataclass(slots=True)
class Lane:
    """A portal's folder and its ledger, on which trials follow one another."""

    bench: Bench
    folder: Path
    home: Path
    ledger: Ledger

    @property
    def log(self) -> Path:
        """Where its servers write what they say."""
        return self.folder / "serve.log"

    def examine(self, home: Path | None = None) -> list[str]:
        """Return what is wrong with its log and what left."""
        return examine(home or self.home, self.bench.world.public_key, self.ledger.releases(), self.folder / "examined")

    def close(self) -> None:
        """End the ledger's proxy."""
        self.ledger.close()


Run = Callable[[Bench, int, int], Result]
"""Tries the fault so many times, from a seed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of threats.md, `row`. `share` trials are the share of `make test`, `full` those of a whole campaign."""

    name: str
    row: str
    injected: str
    expected: str
    run: Run
    share: int
    full: int


def in_lanes(
    bench: Bench, name: str, trials: int, seed: int, run_lane: Callable[[Lane, int, Random], Result]
) -> Result:
    """Run trials side by side, each lane with its part of them and a seed of its own."""
    parts = [trials // LANES + (lane < trials % LANES) for lane in range(LANES)]

    def run(number: int) -> Result:
        lane = bench.lane(f"{name}-{seed}-{number}")
        try:
            return run_lane(lane, parts[number], Random(f"{name}/{seed}/{number}"))
        finally:
            lane.close()

    with ThreadPoolExecutor(LANES) as pool:
        return together([*pool.map(run, [number for number in range(LANES) if parts[number]])])
