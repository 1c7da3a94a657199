"""`python -m benchmarks growth`: how the processor time of answers grows, by a fitted exponent a dimension.

Answers are made in the portal's own process and written as they would be sent, durable audit and all.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.growth.dimensions import measure_growth
from benchmarks.growth.fitting import Growth
from benchmarks.growth.grown_world import FIELDS, Sizes, make_grown_world
from benchmarks.over_http.machine import describe_machine
from benchmarks.targets import Target, at_most, render_targets, tell
from portal.app import open_portal
from portal.settings import Settings


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code."""
    options = _parse(arguments)
    sizes = _sizes(options)
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        machine = describe_machine(Path(folder))
        figures = asyncio.run(_measure(make_grown_world(Path(folder), sizes), sizes, options.rounds))
    members = {
        "machine": machine,
        "growth": [
            {"name": one.name, "milliseconds": _by_text(one), "exponent": one.exponent, "bound": one.bound}
            for one in figures
        ],
        "targets": [asdict(one) for one in targets(figures)],
    }
    tell(list(render(figures)), members, options.json)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks growth", description=__doc__)
    for one in fields(Sizes):
        parser.add_argument(f"--{one.name}", type=int, help=f"no more than so many; {getattr(Sizes(), one.name)[-1]:,}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="file that all figures are written to")
    return parser.parse_args(arguments)


def _sizes(options: argparse.Namespace) -> Sizes:
    """Return the sizes up to those that the options name, these too."""
    most = {one.name: getattr(options, one.name) for one in fields(Sizes)}
    if (most["fields"] or 0) > FIELDS:
        raise SystemExit(f"there are {FIELDS} fields, and --fields asks for {most['fields']}")
    return Sizes(**{name: _up_to(getattr(Sizes(), name), bound) for name, bound in most.items()})


def _up_to(sizes: Sequence[int], most: int | None) -> tuple[int, ...]:
    return tuple(sizes) if most is None else (*(size for size in sizes if size < most), most)


async def _measure(settings: Settings, sizes: Sizes, rounds: int) -> list[Growth]:
    async with open_portal(settings) as portal:
        return await measure_growth(portal, sizes, rounds)


def render(figures: Sequence[Growth]) -> Iterator[str]:
    """Yield the tables that people read."""
    yield "processor milliseconds by size, medians of the rounds; the exponent is of the upper half of the range"
    for one in figures:
        yield f"{one.name:20} " + "  ".join(f"{size:,}: {time:.3g}" for size, time in one.medians.items())
    yield ""
    yield from render_targets(targets(figures))


def targets(figures: Sequence[Growth]) -> list[Target]:
    """Return what the exponents are held against."""
    return [at_most(f"exponent of {one.name}", one.exponent, one.bound) for one in figures]


def _by_text(figure: Growth) -> dict[str, tuple[float, ...]]:
    return {str(size): rounds for size, rounds in figure.milliseconds.items()}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
