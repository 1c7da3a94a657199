"""`python -m benchmarks catalog`: a portal of many entries, over HTTP by one connection; figures with their targets."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory

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
_BEGINNING = "合成市政务数据共享目录"


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
        served = City(options.entries, options.items, _DEPARTMENTS, _VISIBLE * _DEPARTMENTS + _VISIBLE)
        searched = City(options.searched, 1, _DEPARTMENTS, 0)
        starts = [_measure_start(Path(folder), city) for city in (served, replace(served, are_items_own=True))]
        cities = (searched, replace(searched, beginning=_BEGINNING))
        searches = [_measure_search(Path(folder), city, options.searches) for city in cities]
    targets = [*_targets(*starts), *_search_targets(*searches)]
    members = {"starts": [asdict(one) for one in starts], "searches": [asdict(one) for one in searches]}
    tell(
        [*_render(starts, searches), *render_targets(targets)],
        {"machine": machine, **members, "targets": [asdict(one) for one in targets]},
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


def _measure_start(folder: Path, city: City) -> StartCost:
    """Measure a portal of which each department sees fifty entries."""
    settings = make_city(folder / f"served-{city.are_items_own}", city)
    with asked(settings, _SERVE, _READER, folder) as portal:
        first = portal.ask("{ me { application } }").milliseconds
        names = entries_of(city, _DEPARTMENT)[:_FIRST_SEEN]
        more = [_query(portal, name) - _query(portal, name) for name in names]
        # Who asks first waits until the content was read.
        memory, seconds = portal.mebibytes, portal.seconds_to_start + first / 1000
    # In a process of its own: what was asked before has made types that the schema is put together of.
    with asked(settings, _SERVE, _READER, folder) as portal:
        portal.ask("{ me { application } }")
        shown = [portal.ask(get_introspection_query()).milliseconds for _ in range(4)]
        memory = max(memory, portal.mebibytes)
    return StartCost(city.entries, seconds, memory, first, max(more, default=0.0), shown[0], min(shown[1:]))


def _query(portal: Asked, name: str) -> float:
    """Ask for what is planned, decided and recorded, and reads no row: the entries have none. It may be refused."""
    document = f"{{ shared {{ {name}(purpose: VERIFICATION) {{ access {{ receipt }} }} }} }}"
    return portal.ask(document, may_be_refused=True).milliseconds


def _measure_search(folder: Path, city: City, searches: int) -> SearchCost:
    random = Random(_SEED)
    settings = make_city(folder / f"searched-{bool(city.beginning)}", city)
    with asked(settings, _SERVE, _READER, folder) as portal:
        seconds = portal.seconds_to_start + portal.ask("{ me { application } }").milliseconds / 1000
        first = portal.ask(_SEARCH, {"text": "户籍登记"}).milliseconds
        taken = [portal.ask(_SEARCH, {"text": _words(random, city)}).milliseconds for _ in range(searches)]
        common = max(portal.ask(_SEARCH, {"text": word}).milliseconds for word in _COMMON)
        memory = portal.mebibytes
    shares = quantiles(taken, n=20) if len(taken) > 1 else taken * 19
    return SearchCost(city.entries, searches, seconds, memory, first, shares[9], shares[18], common)


def _words(random: Random, city: City) -> str:
    """Return a part of a title, two characters or more."""
    title = entry_title(random.randrange(city.entries), city.beginning)
    begin = random.randrange(0, len(title) - 1)
    return title[begin : begin + random.randint(2, 8)].strip() or title


def _targets(alike: StartCost, own: StartCost) -> list[Target]:
    return [
        at_most("start, seconds", alike.seconds, 5),
        at_most("start, each entry's items its own, seconds", own.seconds, 5),
        at_most("memory, mebibytes", alike.mebibytes, 400),
        at_most("memory, each entry's items its own, mebibytes", own.mebibytes, 400),
        at_most("first query of an entry more than the second, milliseconds", alike.first_query_more, 20),
        at_most("introspection of 50 entries, first, milliseconds", alike.introspection_first, 300),
        at_most("introspection of 50 entries, after, milliseconds", alike.introspection_after, 10),
    ]


def _search_targets(plain: SearchCost, alike: SearchCost) -> list[Target]:
    return [
        at_most("search for words of titles, p95, milliseconds", plain.p95, 30),
        at_most("search where all titles begin alike, p95, milliseconds", alike.p95, 30),
        at_most("search for a word of more than a tenth, milliseconds", max(plain.common, alike.common), 150),
    ]


def _render(starts: Sequence[StartCost], searches: Sequence[SearchCost]) -> Iterator[str]:
    for start in starts:
        yield f"{start.entries:,} entries: first answer {start.first_answer:.0f} ms after the portal lived"
    for search in searches:
        yield (
            f"{search.entries:,} entries: start {search.seconds:.1f} s, {search.mebibytes:.0f} MiB, a search at once"
            f" {search.first:.0f} ms, then {search.searches:,} with a median of {search.median:.1f} ms"
        )
    yield ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
