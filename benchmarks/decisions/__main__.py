"""`python -m benchmarks decisions`: snapshots and decisions in a city of records, and the same decisions by Cedar.

Times are of the processor, as a machine that does other work moves those least.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.city import City, make_city
from benchmarks.decisions.cedar import Comparison, Disagreement, compare
from benchmarks.decisions.change_cost import ChangeCost, measure_change
from benchmarks.decisions.decision_cost import DecisionCost, measure_decisions
from benchmarks.decisions.snapshot_process import SnapshotCost, read_known
from benchmarks.over_http.machine import PROJECT, describe_machine
from benchmarks.targets import Target, at_least, at_most, render_targets, tell
from portal.identity.keys import load_keys
from portal.policies.following import KnownContent
from portal.policies.snapshot import Snapshot
from portal.settings import Settings

_SECONDS, _MEGABYTES, _COLD_MILLISECONDS, _KEPT_MICROSECONDS = 5.0, 300.0, 10.0, 50.0
_CHANGED_SHARE, _TIMES_CEDAR = 0.1, 100.0
_EMPTY = City(entries=0, departments=1, records=0)


@dataclass(frozen=True, slots=True)
class Figures:
    """All of one run."""

    city: City
    empty: SnapshotCost
    snapshot: SnapshotCost
    decision: DecisionCost
    change: ChangeCost
    comparison: Comparison

    @property
    def megabytes(self) -> float:
        """How much more memory the process has than one of an empty portal."""
        return self.snapshot.megabytes - self.empty.megabytes

    def targets(self) -> list[Target]:
        """Return what the figures are held against."""
        made, kept = self.comparison.portal_made, self.comparison.portal_kept
        cedar = self.comparison.cedar
        return [
            at_most("snapshot from the database, processor seconds", self.snapshot.processor_seconds, _SECONDS),
            at_most("snapshot, megabytes above an empty portal", self.megabytes, _MEGABYTES),
            at_most("decision made, milliseconds", self.decision.cold_milliseconds, _COLD_MILLISECONDS),
            at_most("decision kept, microseconds", self.decision.kept_microseconds, _KEPT_MICROSECONDS),
            at_most("rows after a change, of all", self.change.followed.rows / self.change.whole.rows, _CHANGED_SHARE),
            at_most("seconds after a change, of all", _share_of_seconds(self.change), _CHANGED_SHARE),
            at_least("decisions a second by Cedar's, made", cedar / made, _TIMES_CEDAR),
            at_least("decisions a second by Cedar's, kept", cedar / kept, _TIMES_CEDAR),
        ]

    def render(self) -> Iterator[str]:
        """Yield the tables that people read."""
        city, made = self.city, self.snapshot
        yield f"{city.records:,} records on {city.entries:,} entries, {city.departments:,} departments; processor time"
        yield f"{'snapshot of':14} {'seconds':>8} {'by clock':>9} {'MB':>7} {'MB at most':>11}"
        for name, one in (("nothing", self.empty), (f"{made.records:,}", made)):
            yield (
                f"{name:14} {one.processor_seconds:8.3f} {one.seconds:9.3f} {one.megabytes:7.0f}"
                f" {one.peak_megabytes:11.0f}"
            )
        yield ""
        decided = self.decision
        yield (
            f"decision on {decided.items} items by {decided.records} records: made in"
            f" {decided.cold_milliseconds:.3f} ms (worst {decided.worst_milliseconds:.3f}),"
            f" kept {decided.kept_microseconds:.1f} µs"
        )
        yield ""
        yield f"{'snapshot after a changed record':32} {'seconds':>8} {'rows read':>10}"
        for name, cost in (("made of everything", self.change.whole), ("followed", self.change.followed)):
            yield f"{name:32} {cost.processor_seconds:8.3f} {cost.rows:10,}"
        yield ""
        yield from self._compared()
        yield ""
        yield from render_targets(self.targets())

    def _compared(self) -> Iterator[str]:
        one = self.comparison
        yield (
            f"{one.records:,} records; {one.questions:,} questions of one item, the same answers by all"
            f" ({one.permitted:,} permitted)"
        )
        yield f"{'':52} {'µs':>10} {'portal made by':>15} {'kept by':>9}"
        ways = {"portal, made": one.portal_made, "portal, kept": one.portal_kept}
        for name, seconds in {**ways, **{f"Cedar, {way}": of for way, of in one.cedar_by_way.items()}}.items():
            yield f"{name:52} {seconds * 1e6:10.1f} {seconds / one.portal_made:15.1f} {seconds / one.portal_kept:9.1f}"


def _share_of_seconds(change: ChangeCost) -> float:
    return change.followed.processor_seconds / change.whole.processor_seconds


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code: 1 where Cedar and the portal disagree."""
    options = _parse(arguments)
    city = City(options.entries, options.items, options.departments, options.records)
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        machine = describe_machine(Path(folder))
        try:
            figures = _measure(Path(folder), city, options)
        except Disagreement as fault:
            sys.stderr.write(f"{fault}\n")
            return 1
    members = {"machine": machine, **asdict(figures), "targets": [asdict(one) for one in figures.targets()]}
    tell(list(figures.render()), members, options.json)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks decisions", description=__doc__)
    parser.add_argument("--records", type=int, default=City().records)
    parser.add_argument("--entries", type=int, default=City().entries)
    parser.add_argument("--items", type=int, default=City().items, help="items of an entry; one entry has 50")
    parser.add_argument("--departments", type=int, default=City().departments)
    parser.add_argument("--cedar-records", type=int, default=10_000, help="records in the comparison with Cedar")
    parser.add_argument("--questions", type=int, default=400, help="decisions that are compared")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="file that all figures are written to")
    return parser.parse_args(arguments)


def _measure(folder: Path, city: City, options: argparse.Namespace) -> Figures:
    empty = _in_process(make_city(folder / "empty", _EMPTY))
    settings = make_city(folder / "city", city)
    cost, known = _in_process(settings), _read(settings)
    decision = measure_decisions(Snapshot(known.content), city, options.rounds)
    change = measure_change(settings, known, options.rounds)
    small = City(city.entries, city.items, city.departments, options.cedar_records)
    compared = compare(Snapshot(_read(make_city(folder / "compared", small)).content), small, options.questions)
    return Figures(city, empty, cost, decision, change, compared)


def _in_process(settings: Settings) -> SnapshotCost:
    command = [sys.executable, "-m", "benchmarks.decisions.snapshot_process", str(settings.home)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return SnapshotCost(**json.loads(done.stdout))


def _read(settings: Settings) -> KnownContent:
    return read_known(settings.database_url, None, load_keys(settings.key_file).digest_secret)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
