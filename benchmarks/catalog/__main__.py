"""`python -m benchmarks catalog`: a portal of many entries, over HTTP by one connection; figures with their targets."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from graphql import get_introspection_query

from benchmarks.catalog.asking import Asked, asked
from benchmarks.city import City, entries_of, entry_title, make_city
from benchmarks.over_http.machine import describe_machine
from benchmarks.targets import Target, at_most, render_targets, tell

_SERVE = [sys.executable, "-c", "from portal.cli import main; main()", "serve", "--host", "127.0.0.1", "--port"]
_DEPARTMENTS = 200
_DEPARTMENT = 7
_READER = f"app-{_DEPARTMENT}"
_VISIBLE = 50
_FIRST_SEEN = 20
_SEED = 20261123
_SEARCH = "query ($text: String!) { catalog(search: $text, first: 10) { totalCount nodes { code name } } }"
_COMMON = ("信息", "登记信息", "信息 1")


@dataclass(frozen=True, slots=True)
class StartCost:
    """A portal of so many entries: seconds until it answered, memory, and milliseconds of what is asked first."""

    entries: int
    seconds: float
    mebibytes: float
    first_answer: float
    first_query_more: float
    introspection_first: float
    introspection_after: float


@dataclass(frozen=True, slots=True)
class SearchCost:
    """Searching among so many entries: milliseconds of words from titles, and of words in more than a tenth of them."""

    entries: int
    searches: int
    seconds: float
    mebibytes: float
    first: float
    median: float
    p95: float
    common: float


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code."""
    options = _parse(arguments)
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        machine = describe_machine(Path(folder))
        start = _measure_start(Path(folder), options.entries, options.items)
        search = _measure_search(Path(folder), options.searched, options.searches)
    targets = _targets(start, search)
    members = {"machine": machine, "start": asdict(start), "search": asdict(search)}
    tell(
        [*_render(start, search), *render_targets(targets)],
        {**members, "targets": [asdict(one) for one in targets]},
        options.json,
    )
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks catalog", description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000, help="of the catalog that is served")
    parser.add_argument("--items", type=int, default=20, help="of each entry")
    parser.add_argument("--searched", type=int, default=100_000, help="entries of the catalog that is searched")
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--json", type=Path, help="write everything to this file")
    return parser.parse_args(arguments)


def _measure_start(folder: Path, entries: int, items: int) -> StartCost:
    """Measure a portal of which each department sees fifty entries."""
    city = City(entries, items, _DEPARTMENTS, _VISIBLE * _DEPARTMENTS + _VISIBLE)
    settings = make_city(folder / "served", city)
    with asked(settings, _SERVE, _READER, folder) as portal:
        first = portal.ask("{ me { application } }").milliseconds
        names = entries_of(city, _DEPARTMENT)[:_FIRST_SEEN]
        more = [_query(portal, name) - _query(portal, name) for name in names]
        # The content is read when it is first asked for.
        memory, seconds = portal.mebibytes, portal.seconds_to_start + first / 1000
    # In a process of its own: what was asked before has made types that the schema is put together of.
    with asked(settings, _SERVE, _READER, folder) as portal:
        portal.ask("{ me { application } }")
        shown = [portal.ask(get_introspection_query()).milliseconds for _ in range(4)]
        memory = max(memory, portal.mebibytes)
    return StartCost(entries, seconds, memory, first, max(more, default=0.0), shown[0], min(shown[1:]))


def _query(portal: Asked, name: str) -> float:
    """Ask for what is planned, decided and recorded, and reads no row: the entries have none. It may be refused."""
    document = f"{{ shared {{ {name}(purpose: VERIFICATION) {{ access {{ receipt }} }} }} }}"
    return portal.ask(document, may_be_refused=True).milliseconds


def _measure_search(folder: Path, entries: int, searches: int) -> SearchCost:
    city = City(entries, 1, _DEPARTMENTS, 0)
    random = Random(_SEED)
    begun = perf_counter()
    with asked(make_city(folder / "searched", city), _SERVE, _READER, folder) as portal:
        seconds = perf_counter() - begun
        first = portal.ask(_SEARCH, {"text": "户籍登记"}).milliseconds
        taken = [portal.ask(_SEARCH, {"text": _words(random, entries)}).milliseconds for _ in range(searches)]
        common = max(portal.ask(_SEARCH, {"text": word}).milliseconds for word in _COMMON)
        memory = portal.mebibytes
    shares = quantiles(taken, n=20) if len(taken) > 1 else taken * 19
    return SearchCost(entries, searches, seconds, memory, first, shares[9], shares[18], common)


def _words(random: Random, entries: int) -> str:
    """Return a part of a title, two characters or more."""
    title = entry_title(random.randrange(entries))
    begin = random.randrange(0, len(title) - 1)
    return title[begin : begin + random.randint(2, 8)].strip() or title


def _targets(start: StartCost, search: SearchCost) -> list[Target]:
    return [
        at_most("start, seconds", start.seconds, 5),
        at_most("memory, mebibytes", start.mebibytes, 400),
        at_most("first query of an entry more than the second, milliseconds", start.first_query_more, 20),
        at_most("introspection of 50 entries, first, milliseconds", start.introspection_first, 300),
        at_most("introspection of 50 entries, after, milliseconds", start.introspection_after, 10),
        at_most("search for words of titles, p95, milliseconds", search.p95, 30),
        at_most("search for a word of more than a tenth, milliseconds", search.common, 150),
    ]


def _render(start: StartCost, search: SearchCost) -> Iterator[str]:
    yield f"{start.entries:,} entries: first answer {start.first_answer:.0f} ms"
    yield (
        f"{search.entries:,} entries: {search.mebibytes:.0f} MiB, first search {search.first:.0f} ms,"
        f" {search.searches:,} searches with a median of {search.median:.1f} ms"
    )
    yield ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
