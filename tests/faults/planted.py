"""Builds of the portal with a fault of its own, which the same trials must convict: else their silence says nothing."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.sources import PROJECT
from tests.faults.cuts import run_cuts
from tests.faults.fault import Run
from tests.faults.kills import run_kills
from tests.faults.postgres_cuts import run_cuts_without
from tests.faults.pressure import run_pauses
from tests.mutants.runner import Mutant, plant

COPIED = ("portal", "policy_models", "migrations")
_DATABASE = "portal/storage/sqlite.py"
_LEDGER = "portal/audit/ledger.py"
_WRITING = "portal/audit/writing.py"


@dataclass(frozen=True, slots=True)
class PlantedBuild:
    """A build with faults planted, what must convict it, and in at least which share of the trials."""

    mutants: tuple[Mutant, ...]
    run: Run
    trials: int
    share: float

    @property
    def name(self) -> str:
        """The name of its first fault."""
        return self.mutants[0].id


def _mutant(name: str, row: str, file: str, before: str, after: str) -> Mutant:
    return Mutant(name, row, file, before, after, ("tests/faults/test_planted.py",))


_SYNCHRONOUS = '"synchronous": "FULL"'
_NO_SYNC = _mutant("synchronous-off", "R2", _DATABASE, _SYNCHRONOUS, '"synchronous": "OFF"')
_NORMAL = _mutant("synchronous-normal", "R2", _DATABASE, _SYNCHRONOUS, '"synchronous": "NORMAL"')
_NO_WITNESS_SYNC = _mutant("witness-unsynced", "R2", "portal/audit/witness.py", "os.fsync(file.fileno())", "pass")
_NO_EPOCH = _mutant("no-epoch-check", "R11", _LEDGER, "submission.record.epoch not in (epoch, None)", "False")
_NO_EPOCH_COUNTED = _mutant(
    "no-epoch-check-counted",
    "R11",
    _LEDGER,
    "for one in submissions if one.record.epoch == epoch",
    "for one in submissions",
)
_EARLY = _mutant(
    "answer-before-record",
    "R1",
    _WRITING,
    "                _deliver(waiting, self._write(waiting))",
    """                if self._ledger is not None:
                    head = self._ledger._head
                    early = [Recorded(head.writer, head.sequence + 1 + place) for place in range(len(waiting))]
                    _deliver(waiting, early)
                    sleep(0.03)
                    self._write(waiting)""",
)
_EARLY_IMPORTS = _mutant(
    "answer-before-record-imports",
    "R1",
    _WRITING,
    "from portal.audit.receipts import Written\n",
    "from time import sleep\n\nfrom portal.audit.receipts import Recorded, Written\n",
)

_UNSYNCED_SERVER = _mutant(
    "fsync-unchecked", "R2", "portal/storage/postgresql.py", '_DURABLE = ("fsync", "full_page_writes")', "_DURABLE = ()"
)

BUILDS = (
    PlantedBuild((_NO_SYNC,), run_cuts, 6, 0.5),
    PlantedBuild((_NORMAL,), run_cuts, 6, 0.5),
    PlantedBuild((_NO_WITNESS_SYNC,), run_cuts, 6, 0.5),
    PlantedBuild((_UNSYNCED_SERVER,), run_cuts_without("fsync"), 2, 1.0),
    PlantedBuild((_NO_EPOCH, _NO_EPOCH_COUNTED), run_pauses, 10, 0.0),
    PlantedBuild((_EARLY, _EARLY_IMPORTS), run_kills, 10, 0.2),
)


def plant_build(build: PlantedBuild, folder: Path) -> Path:
    """Return a copy of the portal's code in the folder, with the faults planted in it."""
    ignored: Callable[[str, list[str]], set[str]] = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for mutant in build.mutants:
        plant(mutant, folder)
    return folder
