"""docs/emergency.md, run as it is written: freeze, evidence, whom to tell, restore, reconcile, lift by two (R31)."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT
from tests.fixtures.office import office_bundle
from tests.fixtures.sharing_bundle import RESIDENTS
from tests.fixtures.small_bundle import CONSUMER, PROVIDER
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

pytestmark = [
    pytest.mark.clause("threats.md R31"),
    pytest.mark.clause("threats.md T84"),
    pytest.mark.clause("NT-30"),
]

PAGE = (PROJECT / "docs/emergency.md").read_text(encoding="utf-8")
STEPS: Mapping[str, str] = dict(re.findall(r"^```sh\n# (\S+\.sh)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
ORDER = [
    "0-settings.sh",
    "1-freeze.sh",
    "2-evidence.sh",
    "2-check-evidence.sh",
    "3-notify.sh",
    "4-backup.sh",
    "5-restore.sh",
    "5-freeze-again.sh",
    "6-reconcile.sh",
    "7-lift.sh",
    "7-approve.sh",
]
CHECKER = Caller(application="checker")
NAMES = json.dumps({"query": "{ shared { residents(purpose: VERIFICATION, first: 1) { nodes { name } } } }"}).encode()


@dataclass
class Drill:
    """The folder in which the page is done, and what its reader wrote down so far."""

    folder: Path
    environ: dict[str, str]
    took: dict[str, float] = field(default_factory=dict)

    def run(self, name: str, *, code: int = 0) -> str:
        """Do a step as the page says and return what it prints; how long it took is kept."""
        begun = time.monotonic()
        ended = subprocess.run(
            ["/bin/sh", "-eu", "-c", f'. ./0-settings.sh; . "./{name}"'],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.took[name] = time.monotonic() - begun
        assert ended.returncode == code, f"{name}: {ended.stdout}{ended.stderr}"
        return ended.stdout + ended.stderr

    def note(self, name: str, pattern: str, printed: str) -> None:
        """Write down what a step printed, as its reader does."""
        found = re.search(pattern, printed)
        assert found is not None, printed
        self.environ[name] = found[1]


def refusals(portal: PortalProcess) -> list[str]:
    """The codes of what a worker says to the application that uses the entry."""
    answer = json.loads(portal.ask(CHECKER, NAMES).body)
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def test_page_has_its_steps_in_order() -> None:
    assert list(STEPS) == ORDER


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    """A portal that serves, with a backup key, and the audit's key kept by somebody since the beginning."""
    portal = PortalProcess(tmp_path / "home", {"PORTAL_BACKUP_KEY": str(tmp_path / "restore.pem.pub")})
    portal.load(office_bundle().write(tmp_path / "bundle"))
    assert portal.run("backup", "--new-key", str(tmp_path / "restore.pem")).returncode == 0
    (tmp_path / "audit.pem").write_text(portal.run("audit", "key").stdout, encoding="utf-8")
    portal.start("--workers", "2")
    yield portal
    portal.stop()


@pytest.fixture
def drill(portal: PortalProcess, tmp_path: Path) -> Drill:
    for name, step in STEPS.items():
        (tmp_path / name).write_text(step.replace("303001001/00001", RESIDENTS), encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, **portal.environment, "PORTAL_HOME": str(portal.home), "PATH": path, "LANG": "C.UTF-8"}
    return Drill(tmp_path, environ)


def check_notices(printed: str) -> None:
    """See that the application that was answered is told, its provider too, and nobody else."""
    heading, *lines = [line.split("\t") for line in printed.splitlines()]
    assert heading[0] == "told_as"
    told = {(cells[0], cells[4].split(" ")[0], cells[5].split(" ")[0]): cells for cells in lines}
    assert set(told) == {("consumer", CONSUMER, "checker"), ("provider", PROVIDER, "-")}
    assert told["consumer", CONSUMER, "checker"][1:3] == ["1", "1"]
    assert "(manager)" in told["provider", PROVIDER, "-"][7]


def do_until_restored(drill: Drill, portal: PortalProcess) -> None:
    """Do steps 1 to 6; what is frozen is refused all along, and the restored portal serves."""
    assert refusals(portal) == []
    drill.note("FREEZE", r"(freeze:\d+)", drill.run("1-freeze.sh"))
    assert refusals(portal) == ["ITEM_DENIED"]
    assert "no fault" in drill.run("2-evidence.sh")
    assert "no fault" in drill.run("2-check-evidence.sh")
    check_notices(drill.run("3-notify.sh"))
    portal.stop()
    drill.run("4-backup.sh")
    drill.run("5-restore.sh")
    assert "is frozen already" in drill.run("5-freeze-again.sh", code=1)
    assert "the quarantine is lifted" in drill.run("6-reconcile.sh")
    portal.start("--workers", "2")


@pytest.mark.heavy
def test_emergency_is_done_as_it_is_written(drill: Drill, portal: PortalProcess) -> None:
    do_until_restored(drill, portal)
    assert refusals(portal) == ["ITEM_DENIED"]
    drill.note("CHANGE", r"change set (\d+)", drill.run("7-lift.sh"))
    assert portal.run("change", "approve", drill.environ["CHANGE"], "--by", "drafter").returncode == 1
    assert refusals(portal) == ["ITEM_DENIED"]
    drill.run("7-approve.sh")
    assert refusals(portal) == []
    assert portal.run("audit", "verify").returncode == 0
    acts = portal.run("audit", "search", "--limit", "1000").stdout
    assert all(f'"act":"{act}"' in acts for act in ("frozen", "audit_read", "change_approved"))


@pytest.mark.heavy
@pytest.mark.clause("threats.md T31")
def test_backup_older_than_the_freeze_is_frozen_again(drill: Drill, portal: PortalProcess) -> None:
    """Last night's backup knows no freeze; made again in quarantine, it holds when that is lifted."""
    drill.run("4-backup.sh")
    drill.run("1-freeze.sh")
    portal.stop()
    drill.run("5-restore.sh")
    drill.run("5-freeze-again.sh")
    printed = drill.run("6-reconcile.sh", code=1)
    assert "is missing; revocations may be among it" in printed
    assert "the quarantine stays" in printed
    accept = ("reconcile", "--accept-loss", "--by", "甲", "--and", "乙", "--reason", "演练")
    assert portal.run(*accept).returncode == 0
    portal.start()
    assert refusals(portal) == ["ITEM_DENIED"]


@pytest.mark.campaign
def test_emergency_takes_ten_minutes_at_most(
    drill: Drill, portal: PortalProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    do_until_restored(drill, portal)
    drill.note("CHANGE", r"change set (\d+)", drill.run("7-lift.sh"))
    drill.run("7-approve.sh")
    whole = sum(drill.took.values())
    with capsys.disabled():
        for name, seconds in drill.took.items():
            sys.stdout.write(f"\n{name:20} {seconds:7.2f} s")
        sys.stdout.write(f"\n{'commands, all':20} {whole:7.2f} s of at most 600\n")
    assert whole < 600
