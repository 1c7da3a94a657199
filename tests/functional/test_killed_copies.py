"""A move or restore that is killed at any moment leaves no portal, or a whole one; the next goes through (R1, R32)."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from portal.archives.moving import move
from portal.archives.steps import CopyStep
from portal.errors import ConfigurationError
from portal.storage.migrating import upgrade_database
from portal_verify.log import verify_log
from tests.fixtures.kept_portal import CHANGED_BY_QUARANTINE, KeptPortal, Rows, kept_portal
from tests.fixtures.small_bundle import content_of, small_bundle

pytestmark = [pytest.mark.heavy, pytest.mark.clause("R32")]

ROOT = Path(__file__).parents[2]
ROWS = 3000
KILLS = 8


@pytest.fixture
def portal(tmp_path: Path) -> KeptPortal:
    """A portal of several batches of rows, with a backup of it."""
    portal = kept_portal(tmp_path)
    draft = small_bundle()
    draft.rows["villages"] = ["code,name,note", *(f"v{number},村 {number},合成" for number in range(ROWS))]
    portal.load(draft, "large")
    portal.record(3)
    portal.backup()
    return portal


def start(portal: KeptPortal, what: str, *stop: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.fixtures.dying_copy", what, str(portal.folder), *stop]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"ready\n"
    return process


def compared(rows: Rows, what: str) -> Rows:
    left_out = CHANGED_BY_QUARANTINE if what == "restore" else frozenset()
    return {name: of_table for name, of_table in rows.items() if name not in left_out}


def is_portal(target: KeptPortal) -> bool:
    """Return whether a portal would serve what lies there; nothing but half a copy, or nothing, is the other case."""
    try:
        upgrade_database(target.place.database_url)
    except ConfigurationError as refusal:
        if "half of a move or restore" not in str(refusal):
            raise
        return False
    # New tables hold one row: what versions may work with them.
    return any(rows for name, rows in target.rows().items() if name not in ("owner", "compatibility"))


def finish(portal: KeptPortal, target: KeptPortal, what: str) -> None:
    """See that what was killed is whole or no portal; do it again where it isn't, and see that all is there."""
    before = portal.rows()
    if not is_portal(target):
        if what == "move":
            move(portal.move_order(target))
        else:
            target.restore()
    assert compared(target.rows(), what) == compared(before, what)
    assert (content_of(target.store).quarantine is not None) is (what == "restore")
    assert verify_log(target.place.database_url, target.keys.audit_public_pem()).fault is None
    assert target.keys.digest_secret == portal.keys.digest_secret


POINTS = [
    (CopyStep.WRITING, 1),
    (CopyStep.WRITING, 3),
    (CopyStep.WRITING, 9),
    (CopyStep.WRITTEN, 1),
    (CopyStep.VERIFIED, 1),
    (CopyStep.RELEASING, 1),
    (CopyStep.RELEASED, 1),
]


@pytest.mark.parametrize("what", ["move", "restore"])
@pytest.mark.parametrize(("step", "count"), POINTS)
def test_copy_is_whole_or_no_portal_when_killed_at_a_step(
    portal: KeptPortal, what: str, step: CopyStep, count: int
) -> None:
    target = KeptPortal(portal.folder, "target")
    assert start(portal, what, step, str(count)).wait() == -signal.SIGKILL
    assert is_portal(target) is (step is CopyStep.RELEASED)
    finish(portal, target, what)


@pytest.mark.parametrize("what", ["move", "restore"])
def test_copy_is_whole_or_no_portal_when_killed_at_random_moments(portal: KeptPortal, what: str) -> None:
    """Several in a row, each upon what the one before left."""
    target, seeded = KeptPortal(portal.folder, "target"), Random(what)
    for _ in range(KILLS):
        process = start(portal, what)
        time.sleep(seeded.uniform(0, 0.6))
        process.kill()
        process.wait()
        if is_portal(target):
            finish(portal, target, what)
            target.destroy()
    finish(portal, target, what)
