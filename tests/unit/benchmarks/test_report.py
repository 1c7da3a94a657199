"""What a report makes of figures: ratios round by round, targets held or not, and the same as JSON."""

import json
from collections.abc import Sequence

import pytest

from benchmarks.over_http.contenders import Kind
from benchmarks.over_http.load import Measured
from benchmarks.over_http.report import Report, ratios, targets
from benchmarks.over_http.rounds import Figure, Plan, Round
from benchmarks.targets import Target

MACHINE = {"commit": "abc", "is_changed": True, "processor": "synthetic", "durable_write_milliseconds": 0.5}


def figure(kind: Kind, rows: int, rates: Sequence[float], share: float = 0.5, tail: float = 2.0) -> Figure:
    measured = [Measured(round(rate * 2), 2.0, 1.0, tail, 0.25) for rate in rates]
    return Figure(kind, rows, 100, tuple(Round(one, share) for one in measured))


def report(*figures: Figure) -> Report:
    return Report(figures, Plan(), MACHINE, "not pinned", "bundled", 1000)


def target_of(figures: Sequence[Figure], words: str) -> Target:
    (found,) = [one for one in targets(figures) if words in one.name]
    return found


def test_ratio_is_the_median_of_rounds_not_of_rates() -> None:
    # Each round has its own ratio: 0.5, 0.1 and 0.2, whatever the medians of the rates are.
    by_hand = figure(Kind.HAND_SQLITE, 1, [100, 1000, 500])
    (one,) = ratios([by_hand, figure(Kind.PORTAL_SQLITE, 1, [50, 100, 100])])
    assert (one.kind, one.to, one.rows) == (Kind.PORTAL_SQLITE, Kind.HAND_SQLITE, 1)
    assert (one.median, one.least, one.largest) == (0.2, 0.1, 0.5)


def test_ratio_by_processor_is_of_the_process_own_time() -> None:
    by_hand, portal = figure(Kind.HAND_SQLITE, 1, [1000], 0.5), figure(Kind.PORTAL_SQLITE, 1, [100], 0.25)
    assert by_hand.rounds[0].processor_milliseconds == 0.5
    assert portal.rounds[0].processor_milliseconds == 2.5
    (one,) = ratios([by_hand, portal])
    assert one.by_processor == pytest.approx(0.2)
    assert "0.2" in report(by_hand, portal).render_text()


def test_ratio_by_processor_is_unknown_when_no_time_was_told() -> None:
    figures = figure(Kind.HAND_SQLITE, 1, [1000]), figure(Kind.PORTAL_SQLITE, 1, [100], 0.0)
    assert ratios(figures)[0].by_processor is None
    assert "unknown" in report(*figures).render_text()


def test_one_that_is_asked_once_is_compared_with_each_round() -> None:
    (one,) = ratios([figure(Kind.HAND_SQLITE, 1, [100, 200, 400]), figure(Kind.CASBIN, 1, [10])])
    assert (one.median, one.least, one.largest) == (0.05, 0.025, 0.1)


def test_sizes_are_compared_with_their_like_alone() -> None:
    figures = [figure(Kind.HAND_SQLITE, 1, [100]), figure(Kind.PORTAL_SQLITE, 100, [50])]
    assert ratios(figures) == []


@pytest.mark.parametrize(
    ("rows", "rate", "is_held"), [(1, 25, True), (1, 24.5, False), (100, 60, True), (1000, 89, False)]
)
def test_target_is_held_from_its_bound_on(rows: int, rate: float, is_held: bool) -> None:
    figures = [figure(Kind.HAND_SQLITE, rows, [100]), figure(Kind.PORTAL_SQLITE, rows, [rate])]
    assert target_of(figures, "at least").is_held is is_held
    held = "  held" if is_held else "NOT held"
    assert any(line.endswith(held) and "at least" in line for line in report(*figures).render_text().splitlines())


def test_target_is_held_by_the_median_not_by_the_best_round() -> None:
    figures = [figure(Kind.HAND_SQLITE, 1, [100] * 3), figure(Kind.PORTAL_SQLITE, 1, [20, 24, 90])]
    assert target_of(figures, "at least") == Target(
        "portal, SQLite / by hand, SQLite, 1 rows, at least", 0.24, 0.25, False
    )


def test_targets_against_postgraphile_are_those_of_postgresql() -> None:
    figures = [
        figure(kind, rows, [100])
        for kind in (Kind.PORTAL_POSTGRES, Kind.POSTGRAPHILE, Kind.HAND_POSTGRES)
        for rows in (1, 100, 1000)
    ]
    bounds = {one.name: one.bound for one in targets(figures) if "PostGraphile" in one.name}
    assert list(bounds.values()) == [1.2, 2.5, 4.0]


@pytest.mark.parametrize(("tail", "is_held"), [(3.0, True), (3.1, False)])
def test_tail_is_held_up_to_three_times_the_median(tail: float, is_held: bool) -> None:
    figures = [figure(Kind.PORTAL_SQLITE, 1, [100], tail=tail), figure(Kind.HAND_SQLITE, 1, [100], tail=9)]
    assert target_of(figures, "p99").is_held is is_held


def test_text_marks_a_client_that_was_busy_itself() -> None:
    calm = figure(Kind.HAND_SQLITE, 1, [100])
    busy = Figure(Kind.HAND_SQLITE, 1, 100, (Round(Measured(100, 1.0, 1.0, 2.0, 0.95), 0.5),))
    assert "!" not in report(calm).render_text()
    assert "95% !" in report(busy).render_text()


def test_text_says_what_it_rests_on() -> None:
    text = report(figure(Kind.HAND_SQLITE, 1, [100])).render_text()
    for words in (
        "commit abc, with changes",
        "synthetic",
        "not pinned",
        "8 connections",
        "5 rounds",
        "bundled",
        "0.5 ms",
    ):
        assert words in text


def test_json_holds_rounds_ratios_and_targets() -> None:
    held = report(figure(Kind.HAND_SQLITE, 1, [100, 300]), figure(Kind.PORTAL_SQLITE, 1, [50, 100]))
    members = json.loads(held.render_json())
    assert members["machine"] == MACHINE
    first = members["figures"][0]
    assert first["answers_a_second"] == {"median": 200, "least": 100, "largest": 300}
    assert [one["answers_a_second"] for one in first["rounds"]] == [100, 300]
    assert [one["median"] for one in members["ratios"]] == [pytest.approx((0.5 + 1 / 3) / 2)]
    assert {one["is_held"] for one in members["targets"]} == {True}
