"""`python -m benchmarks.catalog_figures HOME SEARCHES SEED`: what a large catalog takes of a portal, as JSON.

It is run in a process of its own, so that the memory found is that of the portal alone. Times of work are processor
seconds of this process, all its threads together, so that another process on the machine changes them little.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from portal.access.asker import Asker
from portal.app import Portal, open_portal
from portal.errors import Language
from portal.identity.claims import SubjectKind, TokenClaims
from portal.json_text import JsonValue
from portal.resolvers.endpoint import Operation
from portal.resolvers.operation import answer_operation
from portal.resolvers.over_http import render_payload
from portal.settings import load_settings

SUBJECT = "app-0"
SEARCH = "query($text: String) { catalog(search: $text, first: 20) { totalCount nodes { code name } } }"
WHOLE = "{ __schema { types { name fields { name args { name } } } } }"
COMMON = ("信息", "合成条目", "仅供测量")
"""Words of every entry's items, title and abstract."""
_END = datetime.max.replace(tzinfo=UTC)


async def measure_portal(home: Path, searches: int, seed: int) -> dict[str, float]:
    """Return the figures of the portal at home: milliseconds, but for `resident_mb` (MiB) and `start_seconds`."""
    begun = perf_counter()
    async with open_portal(load_settings({"PORTAL_HOME": str(home)}, None)) as portal:
        point = await portal.road.keeper.current()
        found = {"start_seconds": perf_counter() - begun, "resident_mb": resident_mb()}
        entries = [state.entry for state in point.snapshot.content.entries]
        found["introspection_first_ms"] = await _milliseconds(lambda: _answer(portal, WHOLE))
        found["introspection_after_ms"] = await _milliseconds(lambda: _answer(portal, WHOLE))
        found["first_search_ms"] = await _milliseconds(lambda: _search(portal, "测量"))
        drawn = random.Random(seed)
        titles = [part_of(drawn.choice(entries).name, drawn) for _ in range(searches)]
        times = [await _milliseconds(lambda text=title: _search(portal, text)) for title in titles]
        found["search_p95_ms"] = quantile(times, 0.95)
        found["common_word_ms"] = max([await _milliseconds(lambda text=word: _search(portal, text)) for word in COMMON])
        found["resident_with_index_mb"] = resident_mb()
        return found


def part_of(title: str, drawn: random.Random) -> str:
    """Return a part of the title that somebody may look for: all of it, its words, or some characters of it."""
    word = drawn.choice(title.split())
    start = drawn.randrange(len(word))
    return drawn.choice((title, word, word[start : start + drawn.randint(2, 4)]))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least of the values that so great a share of them doesn't exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def resident_mb() -> float:
    """Return the memory of this process that is in the machine's, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


async def _milliseconds(run: Callable[[], Awaitable[bytes]]) -> float:
    begun = process_time()
    await run()
    return 1000 * (process_time() - begun)


async def _search(portal: Portal, text: str) -> bytes:
    return await _answer(portal, SEARCH, {"text": text})


async def _answer(portal: Portal, document: str, variables: dict[str, JsonValue] | None = None) -> bytes:
    claims = TokenClaims(SubjectKind.APPLICATION, SUBJECT, None, None, _END, "measure")
    outcome = await answer_operation(
        portal.endpoint,
        Asker(claims, None, "measure"),
        Operation(document, variables=variables or {}),
        Language.ENGLISH,
    )
    if "errors" in outcome.payload:
        raise AssertionError(outcome.payload["errors"])
    return render_payload(outcome.payload)


def main(arguments: Sequence[str]) -> int:
    """Measure the portal and print what was found."""
    home, searches, seed = arguments
    sys.stdout.write(json.dumps(asyncio.run(measure_portal(Path(home), int(searches), int(seed)))) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
