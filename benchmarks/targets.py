"""What a measure is held against, and how figures are told: as lines that people read, and as JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that the portal has to reach: at least `bound`, or at most, as its name says."""

    name: str
    found: float
    bound: float
    is_held: bool


def at_most(name: str, found: float, bound: float) -> Target:
    """Return the target of a figure that is to be no larger than its bound."""
    return Target(f"{name}, at most", found, bound, found <= bound)


def at_least(name: str, found: float, bound: float) -> Target:
    """Return the target of a figure that is to be no smaller than its bound."""
    return Target(f"{name}, at least", found, bound, found >= bound)


def render_targets(targets: Sequence[Target]) -> Iterator[str]:
    """Yield a line for each target, with what was found, and whether it held."""
    yield "target                                                                found    bound"
    for one in targets:
        held = "held" if one.is_held else "NOT held"
        yield f"{one.name:67} {one.found:7.3g}  {one.bound:7.3g}   {held}"


def tell(lines: Sequence[str], members: Mapping[str, object], file: Path | None) -> None:
    """Print the lines, and write the members to the file where one is named."""
    sys.stdout.write("\n".join(lines) + "\n")
    if file is not None:
        file.write_bytes(orjson.dumps(members, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        sys.stdout.write(f"all of it as JSON: {file}\n")
