"""After a freeze was acknowledged nothing that begins later is answered from it, on any of four workers (T84, G28)."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.freezes import FREEZES, WORKERS, Asked, Froze, measure_freezes, render_figures
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal

pytestmark = [pytest.mark.clause("threats.md T84"), pytest.mark.clause("threats.md G28")]

TRIED = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[Mapping[str, str]]:
    """The settings that name the databases; none are files."""
    if request.param == "sqlite":
        yield {}
    else:
        with set_up_portal(postgres) as settings:
            yield settings


@pytest.mark.heavy
def test_nothing_begun_after_a_freeze_is_answered_on_any_worker(databases: Mapping[str, str], tmp_path: Path) -> None:
    found = measure_freezes(tmp_path, databases, TRIED)
    assert len(found) == TRIED
    for froze in found:
        assert froze.too_late == []
        assert len(froze.workers) == WORKERS
        # None is missed for being asked of a portal that answers nothing anyway.
        assert len([one for one in froze.asked if one.begun > froze.acknowledged]) >= WORKERS


@pytest.mark.campaign
def test_freezes_hold_within_their_bounds_under_load(
    databases: Mapping[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measure_freezes(tmp_path, databases, FREEZES)
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(render_figures("PostgreSQL" if databases else "SQLite", found)) + "\n")
    assert [one.too_late for one in found] == [[]] * FREEZES
    assert max(one.seconds_open_after for one in found) == 0


def test_answer_that_came_too_late_is_seen() -> None:
    """The measure isn't blind: what began after the acknowledgement counts, what began before doesn't."""
    early, late, refused = Asked(0.5, "1", True), Asked(1.3, "2", True), Asked(1.5, "3", False)
    froze = Froze(0.0, 1.0, (early, late, refused))
    assert froze.too_late == [late]
    assert froze.workers == {"2", "3"}
    assert froze.seconds_open == pytest.approx(1.3)
    assert froze.seconds_open_after == pytest.approx(0.3)
    assert Froze(0.0, 1.0, (early, refused)).too_late == []
    assert "1 answered too late" in render_figures("SQLite", [froze])[0]
