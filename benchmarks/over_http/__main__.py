"""`python -m benchmarks.over_http`: every contender on this machine, on the same rows, over HTTP."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.over_http.contenders import QUICK, Kind, laid_ground, started
from benchmarks.over_http.load import LoadFault
from benchmarks.over_http.machine import choose_cores, describe_machine
from benchmarks.over_http.processes import NotStarted, started_load
from benchmarks.over_http.report import Report
from benchmarks.over_http.rounds import Plan, Unequal, measure
from benchmarks.over_http.rows import ROWS
from benchmarks.over_http.wrk import WrkLoad, find_wrk

_QUICK_SECONDS = 1.5


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code: 1 where a contender gave another answer, or none."""
    options = _parse(arguments)
    kinds = QUICK if options.quick else tuple(Kind)
    plan = Plan(rounds=options.rounds, seconds=options.seconds or (_QUICK_SECONDS if options.quick else Plan().seconds))
    try:
        report = _run(kinds, plan, options.rows, None if options.bundled else find_wrk())
    except (Unequal, LoadFault, NotStarted) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    sys.stdout.write(report.render_text())
    if options.json is not None:
        options.json.write_bytes(report.render_json())
        sys.stdout.write(f"all of it as JSON: {options.json}\n")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks http", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="by hand and the portal on SQLite alone, shorter rounds")
    parser.add_argument("--json", type=Path, help="file that all figures are written to")
    parser.add_argument("--bundled", action="store_true", help="the bundled client, even where wrk is installed")
    parser.add_argument("--rounds", type=int, default=Plan().rounds)
    parser.add_argument("--seconds", type=float, help="length of a round")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the table")
    return parser.parse_args(arguments)


def _run(kinds: tuple[Kind, ...], plan: Plan, rows: int, wrk: str | None) -> Report:
    cores = choose_cores()
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="portal-bench-")))
        machine = describe_machine(folder)
        ground = closing.enter_context(laid_ground(kinds, cores, folder, rows))
        contenders = [closing.enter_context(started(kind, ground)) for kind in kinds]
        bundled = closing.enter_context(started_load(cores))
        client = bundled if wrk is None else WrkLoad(wrk, folder, cores, bundled)
        figures = measure(contenders, client, plan, rows)
    return Report(figures, plan, machine, cores.render(), client.name, rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
