"""`python -m tests.faults [NAME …]`: injects every fault, or the named ones, and prints what was seen.

How often: `PORTAL_TEST_FAULTS_KILLS`, `…_CUTS`, `…_EIO`, `…_ENOSPC`, and `…_OTHERS` as a multiple; exit 1 where one of
them wasn't held. `PORTAL_TEST_FAULTS_SEED` draws other trials.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.catalogue import FAULTS, trials_of
from tests.faults.clusters import Clusters
from tests.faults.fault import Bench, Fault, Result
from tests.faults.serving import Forge
from tests.faults.world import make_world

_SHOWN = 5


def render_row(fault: Fault, result: Result) -> str:
    """Return the fault's row: row, name, injected, expected, seen, figure, held."""
    figures = ", ".join(f"{name} {value:.3g}" for name, value in sorted(result.figures.items()))
    seen = f"{len(result.violations)} breaches"
    held = "held" if result.held else "NOT HELD"
    cells = (fault.row, fault.name, fault.injected, fault.expected, seen, f"{result.trials} trials; {figures}", held)
    return f"| {' | '.join(cells)} |"


def main(names: Sequence[str]) -> int:
    """Inject the faults; return the exit code."""
    faults = [fault for fault in FAULTS if not names or fault.name in names]
    seed = int(os.environ.get("PORTAL_TEST_FAULTS_SEED", "1"))
    all_held = bool(faults)
    say("| row | fault | injected | expected | seen | figure | held |")
    say("|---|---|---|---|---|---|---|")
    with TemporaryDirectory(prefix="faults-") as folder:
        world = make_world(Path(folder) / "world")
        with closing(Forge()) as forge, closing(Clusters(world)) as clusters:
            bench = Bench(world, forge, clusters, Path(folder))
            for fault in faults:
                result = fault.run(bench, trials_of(fault), seed)
                all_held = all_held and result.held
                say(render_row(fault, result))
                for violation in result.violations[:_SHOWN]:
                    sys.stderr.write(f"{fault.name}: {violation}\n")
    return 0 if all_held else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
