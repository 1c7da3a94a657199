"""Rows that are brought in are all there or not at all when it is killed, and bringing them in again succeeds (R1)."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from portal.bundles.data_in import DataAct, DataOrder, FaultyRows, bring_in
from portal.bundles.loading import LoadOrder, LoadStep, no_progress, switch_at_once
from tests.fixtures.loaded_store import VILLAGES, rows, states, tables
from tests.fixtures.small_bundle import NOW, content_of, load, new_store, small_bundle

pytestmark = [pytest.mark.heavy, pytest.mark.clause("R1")]

ROOT = Path(__file__).parents[2]
ROWS = 2100


@dataclass(frozen=True)
class Worlds:
    """A loaded portal, the file for each act, and the rows before and after it."""

    loaded: Path
    files: dict[DataAct, Path]
    before: list[tuple[object, ...]]
    after: dict[DataAct, list[tuple[object, ...]]]


def villages(folder: Path) -> list[tuple[object, ...]]:
    store = new_store(folder)
    return rows(store, states(content_of(store))[VILLAGES].table.name)


def write(path: Path, first: int, note: str) -> Path:
    lines = [f"v{number},村 {number},{note}\n" for number in range(first, first + ROWS)]
    path.write_text("".join(["code,name,note\n", *lines]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    folder = tmp_path_factory.mktemp("worlds")
    draft = small_bundle()
    draft.rows["villages"] = ["code,name,note", *(f"v{number},村 {number},旧" for number in range(ROWS))]
    load(draft.read(folder / "bundle"), new_store(folder / "loaded"))
    files = {
        DataAct.REPLACE: write(folder / "replace.csv", 1, "新"),
        DataAct.APPEND: write(folder / "append.csv", ROWS, "新"),
    }
    after = {}
    for act, file in files.items():
        shutil.copytree(folder / "loaded", folder / act)
        assert start(folder / act, act, file).wait() == 0
        after[act] = villages(folder / act)
    return Worlds(folder / "loaded", files, villages(folder / "loaded"), after)


def start(folder: Path, act: DataAct, file: Path, *stop: str) -> subprocess.Popen[bytes]:
    """Begin to bring in the rows, and return the process that does."""
    command = [sys.executable, "-m", "tests.fixtures.dying_data_in", str(folder), act, str(file), *stop]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"ready\n"
    return process


def check_whole(folder: Path, worlds: Worlds, act: DataAct) -> bool:
    """See that the rows are as before or as after; bring them in again; return whether they were there."""
    found, store = villages(folder), new_store(folder)
    assert found in (worlds.before, worlds.after[act])
    done, order = found == worlds.after[act], DataOrder(act, "villages", worlds.files[act])
    later = LoadOrder(NOW + timedelta(minutes=2))
    if done and act is DataAct.APPEND:
        # Whoever doesn't know whether it was done may run it again: nothing comes twice.
        with pytest.raises(FaultyRows, match="nothing was changed"):
            bring_in(order, store, later, no_progress, switch_at_once)
    else:
        bring_in(order, store, later, no_progress, switch_at_once)
    assert villages(folder) == worlds.after[act]
    named = {state.table.name for state in content_of(store).entries}
    load_again = LoadOrder(NOW + timedelta(minutes=4))
    bring_in(DataOrder(DataAct.REPLACE, "villages", worlds.files[act]), store, load_again, no_progress, switch_at_once)
    assert len(tables(store) - named) <= 1
    return done


STEPS = [
    (LoadStep.PLANNING, 1),
    (LoadStep.WRITING_ROWS, 1),
    (LoadStep.WRITING_ROWS, 3),
    (LoadStep.ROWS_WRITTEN, 1),
    (LoadStep.SWITCHING, 1),
    (LoadStep.SWITCHED, 1),
]


@pytest.mark.parametrize("act", list(DataAct))
@pytest.mark.parametrize(("step", "count"), STEPS)
def test_rows_are_all_there_or_none_when_killed_at_a_step(
    tmp_path: Path, worlds: Worlds, act: DataAct, step: LoadStep, count: int
) -> None:
    shutil.copytree(worlds.loaded, tmp_path / "portal")
    process = start(tmp_path / "portal", act, worlds.files[act], step, str(count))
    assert process.wait() == -signal.SIGKILL
    assert check_whole(tmp_path / "portal", worlds, act) is (step is LoadStep.SWITCHED)


@pytest.mark.parametrize("seed", range(8))
def test_rows_are_all_there_or_none_when_killed_at_a_random_moment(tmp_path: Path, worlds: Worlds, seed: int) -> None:
    shutil.copytree(worlds.loaded, tmp_path / "portal")
    act = list(DataAct)[seed % 2]
    process = start(tmp_path / "portal", act, worlds.files[act])
    time.sleep(Random(seed).uniform(0, 0.5))
    process.kill()
    process.wait()
    check_whole(tmp_path / "portal", worlds, act)
