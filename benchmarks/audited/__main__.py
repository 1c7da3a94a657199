"""`python -m benchmarks audited`: audited answers a second over HTTP, and the audit's part of the processor's time.

The audit's time is that of the thread that writes, and of the event loop that of making a record text; the time of a
PostgreSQL server isn't in it, nor is the disk's.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.audited.measuring import AuditedFigure, Load, Unrecorded, measure, rendering_seconds
from benchmarks.over_http.contenders import Kind
from benchmarks.over_http.load import LoadFault
from benchmarks.over_http.machine import Cores, describe_machine
from benchmarks.over_http.portal_world import load_portal
from benchmarks.over_http.processes import NotStarted, started_load
from benchmarks.over_http.report import BUSY_CLIENT
from benchmarks.over_http.rounds import Client, Unequal
from benchmarks.over_http.wrk import WrkLoad, find_wrk
from benchmarks.targets import Target, at_most, render_targets, tell
from tests.fixtures.postgres import postgres_server
from tests.fixtures.postgres_portal import set_up_portal

_MOST_SHARE = 0.15
_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Audited:
    """All of one run."""

    figures: Sequence[AuditedFigure]
    rendering_seconds: float
    client: str
    machine: Mapping[str, object]

    def targets(self) -> list[Target]:
        """Return what the shares are held against: one each where one worker tells its threads' time."""
        return [
            at_most(f"audit's share, {one.database}, {one.connections} connections", share, _MOST_SHARE)
            for one in self.figures
            if (share := one.audit_share(self.rendering_seconds)) is not None
        ]

    def render(self) -> Iterator[str]:
        """Yield the tables that people read."""
        yield (
            f"audited answers of one row; client: {self.client}; a record is made text in"
            f" {self.rendering_seconds * 1e6:.1f} µs; load {self.machine.get('load')}"
        )
        yield (
            f"{'':20} workers connections  answers/s    p50 ms    p99 ms  processor ms  writing ms  audit  client busy"
        )
        for one in self.figures:
            p50, p99 = (median(each) for each in zip(*((it.p50, it.p99) for it in one.rounds), strict=True))
            busiest = max(it.client_share for it in one.rounds)
            warned = " !" if busiest > BUSY_CLIENT else ""
            yield (
                f"{one.database:20} {one.workers:7} {one.connections:11} {one.rate:10,.0f} {p50:9.2f} {p99:9.2f}"
                f" {self._processor(one)} {busiest:12.0%}{warned}"
            )
        yield ""
        yield from render_targets(self.targets())

    def _processor(self, one: AuditedFigure) -> str:
        share = one.audit_share(self.rendering_seconds)
        if one.processor is None or share is None:
            return f"{'-':>13} {'-':>11} {'-':>6}"
        milliseconds = one.processor.process / one.records * 1000, one.processor.writing / one.records * 1000
        return f"{milliseconds[0]:13.3f} {milliseconds[1]:11.3f} {share:6.1%}"

    def members(self) -> Mapping[str, object]:
        """Return everything that was measured."""
        return {
            "machine": self.machine,
            "client": self.client,
            "rendering_seconds": self.rendering_seconds,
            "figures": [
                {
                    **asdict(one),
                    "answers": one.answers,
                    "answers_a_second": one.rate,
                    "audit_share": one.audit_share(self.rendering_seconds),
                }
                for one in self.figures
            ],
            "targets": [asdict(one) for one in self.targets()],
        }


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code: 1 where an answer was another, or left no record."""
    options = _parse(arguments)
    try:
        found = _run(options, None if options.bundled else find_wrk())
    except (Unequal, Unrecorded, LoadFault, NotStarted) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    tell(list(found.render()), found.members(), options.json)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks audited", description=__doc__)
    parser.add_argument("--sqlite", action="store_true", help="SQLite alone")
    parser.add_argument("--connections", type=int, nargs="+", default=[2, 4, 8, 16, 32])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="workers on PostgreSQL")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bundled", action="store_true", help="the bundled client, even where wrk is installed")
    parser.add_argument("--json", type=Path, help="file that all figures are written to")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, wrk: str | None) -> Audited:
    load = Load(_ROWS, options.seconds, options.rounds)
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="portal-bench-")))
        machine = describe_machine(folder)
        bundled = closing.enter_context(started_load(Cores()))
        client: Client = bundled if wrk is None else WrkLoad(wrk, folder, Cores(), bundled)
        figures = list(_on_sqlite(folder, options.connections, client, load))
        if not options.sqlite:
            figures += _on_postgres(folder, options, client, load)
        return Audited(figures, rendering_seconds(), client.name, machine)


def _on_sqlite(folder: Path, connections: Sequence[int], client: Client, load: Load) -> Iterator[AuditedFigure]:
    loaded = load_portal(folder / "sqlite", load.table_rows, {})
    yield from measure(loaded, (Kind.PORTAL_SQLITE, 1, folder), connections, client, load)


def _on_postgres(folder: Path, options: argparse.Namespace, client: Client, load: Load) -> Iterator[AuditedFigure]:
    with postgres_server() as server, set_up_portal(server.databases) as databases:
        loaded = load_portal(folder / "postgres", load.table_rows, databases)
        for workers in options.workers:
            place = (Kind.PORTAL_POSTGRES, workers, folder)
            yield from measure(loaded, place, options.connections, client, load)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
