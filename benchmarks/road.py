"""`python -m benchmarks road`: the road in process against the same SQL by hand, on one synthetic entry of 20,000 rows.

Both read the same columns and write the same JSON; the road also decides, records durably and shapes. Rounds are
interleaved, so that a drift of the machine meets both; a ratio is the median over the rounds. Then how fast a portal
is backed up, restored and moved (`benchmarks.archives`).
"""

import asyncio
import sqlite3
import statistics
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import orjson

from benchmarks.archives import measure_copies
from benchmarks.world import SUBJECT, make_world
from portal.access.asker import Asker
from portal.app import open_portal
from portal.errors import Language
from portal.resolvers.endpoint import Operation
from portal.resolvers.operation import answer_operation
from portal.resolvers.over_http import render_payload
from portal.settings import Settings

ROUNDS = 5
SECONDS_A_ROUND = 0.5
SIZES = (1, 100, 1000)
_MILLISECONDS = 1000

Run = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Figure:
    """The time of one answer of a number of rows, by hand and down the road, in milliseconds; and their ratio."""

    rows: int
    by_hand: float
    road: float
    ratio: float


def main() -> int:
    """Measure and print a table; return the exit code."""
    with TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(make_world(Path(folder), datetime.now(UTC))))
        copies = [figure.render() for figure in measure_copies(Path(folder) / "copies")]
    sys.stdout.write("rows   by hand ms   road ms   road's rate / rate by hand\n")
    for figure in figures:
        sys.stdout.write(f"{figure.rows:4}   {figure.by_hand:10.3f}   {figure.road:7.3f}   {figure.ratio:.3f}\n")
    sys.stdout.write("\ncopy         rows/s    MB/s  s per GB\n" + "\n".join(copies) + "\n")
    return 0


async def _measure(settings: Settings) -> list[Figure]:
    async with open_portal(settings) as portal:
        asker = Asker(SUBJECT, None, "benchmark")
        point = await portal.road.keeper.current()
        table = point.snapshot.content.entries[0].table.name

        def road(rows: int) -> Run:
            document = (
                f"{{ shared {{ people(purpose: VERIFICATION, first: {rows}) {{ nodes {{ code name division }} }} }} }}"
            )

            async def run() -> bytes:
                outcome = await answer_operation(portal.endpoint, asker, Operation(document), Language.ENGLISH)
                return render_payload(outcome.payload)

            return run

        with closing(sqlite3.connect(settings.home / "data.db")) as connection:
            return [await _compare(rows, _by_hand(connection, table, rows), road(rows)) for rows in SIZES]


def _by_hand(connection: sqlite3.Connection, table: str, rows: int) -> Run:
    # The table's name comes from the portal itself.
    statement = f'SELECT "code", "name", "division" FROM "{table}" ORDER BY "_row_number" LIMIT ?'  # noqa: S608

    async def run() -> bytes:
        found = connection.execute(statement, (rows,)).fetchall()
        nodes = [{"code": code, "name": name, "division": division} for code, name, division in found]
        return orjson.dumps({"data": {"shared": {"people": {"nodes": nodes}}}})

    return run


async def _compare(rows: int, by_hand: Run, road: Run) -> Figure:
    if await by_hand() != await road():
        raise AssertionError(f"the two answers of {rows} rows differ")
    times = [(await _time(by_hand), await _time(road)) for _ in range(ROUNDS)]
    return Figure(
        rows,
        statistics.median(hand for hand, _ in times) * _MILLISECONDS,
        statistics.median(portal for _, portal in times) * _MILLISECONDS,
        statistics.median(hand / portal for hand, portal in times),
    )


async def _time(run: Run) -> float:
    """Return the seconds that one answer takes, over half a second of them."""
    answers, start = 0, perf_counter()
    while perf_counter() - start < SECONDS_A_ROUND:
        await run()
        answers += 1
    return (perf_counter() - start) / answers


if __name__ == "__main__":
    raise SystemExit(main())
