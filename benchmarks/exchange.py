"""`python -m benchmarks.exchange [ROWS]`: whole results over HTTP against what the databases have for it.

A served portal is asked by curl for all rows as CSV; beside it `sqlite3 -csv` or PostgreSQL's COPY gives the same
columns of the same rows. A ratio is the transfer's rate by the other's, the median of the rounds. Memory is the
server's peak, before and after. With `PORTAL_TEST_POSTGRES_URL` (a server's owner) PostgreSQL is measured too.
"""

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep

from benchmarks.world import make_world
from portal.storage.accounts import set_up_server
from portal.storage.addresses import parse_address

ROWS, ROUNDS = 1_000_000, 3
TARGETS = {"SQLite": 0.3, "PostgreSQL": 0.7}
"""The least rate of a transfer by what the database has for it."""
MEGABYTES = 200
_READY_SECONDS = 60
_PORTAL = Path(sys.executable).with_name("portal")
_COLUMNS = "code, name, division"
_WHERE = "division >= '999999' AND division < '99999:'"


@dataclass(frozen=True, slots=True)
class TransferFigure:
    """The seconds of a transfer and of the database's own way, and the server's memory in megabytes."""

    database: str
    seconds: float
    by_hand: float
    megabytes: float
    megabytes_before: float

    def render(self, rows: int) -> str:
        """Return the figure as a line."""
        return (
            f"{self.database:10} {rows / self.seconds:10,.0f} {rows / self.by_hand:12,.0f} "
            f"{self.by_hand / self.seconds:7.3f} {self.megabytes_before:9.0f} {self.megabytes:9.0f}"
        )

    def targets(self) -> Iterator[str]:
        """Yield each target with what was found, and whether it held."""
        ratio = self.by_hand / self.seconds
        for name, found, bound, is_held in (
            ("by hand, at least", f"{ratio:.3f}", TARGETS[self.database], ratio >= TARGETS[self.database]),
            ("MB at the most", f"{self.megabytes:.0f}", MEGABYTES, self.megabytes <= MEGABYTES),
        ):
            yield f"{self.database}, {name:20} {found:>8} {bound:>6} {'held' if is_held else 'NOT held':>9}"


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table; return the exit code."""
    rows = int(arguments[0]) if arguments else ROWS
    sys.stdout.write("database       rows/s  by hand rows/s   ratio  MB before   MB peak\n")
    with TemporaryDirectory() as folder:
        figures = [_measure_sqlite(Path(folder) / "sqlite", rows)]
        url = os.environ.get("PORTAL_TEST_POSTGRES_URL")
        if url:
            figures.append(_measure_postgresql(Path(folder) / "postgresql", rows, url))
        for figure in figures:
            sys.stdout.write(figure.render(rows) + "\n")
        for figure in figures:
            sys.stdout.writelines(f"{line}\n" for line in figure.targets())
    return 0


def _measure_sqlite(folder: Path, rows: int) -> TransferFigure:
    settings = make_world(folder, datetime.now(UTC), rows)
    database = str(settings.home / "data.db")
    table = _output(["sqlite3", database, "SELECT name FROM sqlite_master WHERE sql LIKE '%division%'"]).splitlines()[0]
    copy = ["sqlite3", "-csv", "-header", database, f'SELECT {_COLUMNS} FROM "{table}" WHERE {_WHERE}']  # noqa: S608
    return _measure("SQLite", {"PORTAL_HOME": str(settings.home)}, copy)


def _measure_postgresql(folder: Path, rows: int, url: str) -> TransferFigure:
    made = set_up_server(url, f"portal_bench_{os.getpid()}")
    databases = {
        "PORTAL_DATABASE_URL": made.database,
        "PORTAL_DATA_URL": made.data,
        "PORTAL_ADMINISTRATION_DATABASE_URL": made.administration,
        "PORTAL_OWNER_DATABASE_URL": made.owner_database,
        "PORTAL_OWNER_DATA_URL": made.owner_data,
    }
    settings = make_world(folder, datetime.now(UTC), rows, databases=databases)
    _, parsed = parse_address(made.owner_data)
    data = parsed.render_as_string(hide_password=False).replace(f"{parsed.drivername}:", "postgresql:", 1)
    find = "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE attname = 'division'"
    table = _output(["psql", data, "-Atc", f"{find} AND relkind = 'r'"]).splitlines()[0]
    copy = f'COPY (SELECT {_COLUMNS} FROM "{table}" WHERE {_WHERE}) TO STDOUT CSV HEADER'  # noqa: S608
    return _measure("PostgreSQL", {"PORTAL_HOME": str(settings.home), **databases}, ["psql", data, "-qc", copy])


def _measure(database: str, environment: Mapping[str, str], by_hand: Sequence[str]) -> TransferFigure:
    environ = {**os.environ, **environment}
    token = _output([str(_PORTAL), "token", "--application", "checker"], environ).strip()
    with _served(environ) as (pid, port):
        url = f"http://127.0.0.1:{port}/exchange/people?purpose=VERIFICATION"
        ask = ["curl", "-sSf", "-H", f"Authorization: Bearer {token}", url]
        _timed([*ask[:-1], f"{url}&first=1000"])
        before = _peak(pid)
        pairs = [(_timed(ask), _timed(by_hand)) for _ in range(ROUNDS)]
        return TransferFigure(
            database,
            statistics.median(seconds for seconds, _ in pairs),
            statistics.median(seconds for _, seconds in pairs),
            _peak(pid),
            before,
        )


def _timed(command: Sequence[str]) -> float:
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def _output(command: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout


def _peak(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return int(found[1]) / 1000 if found else 0.0


@contextmanager
def _served(environ: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = subprocess.Popen(
        [str(_PORTAL), "serve", "--port", str(port)], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = monotonic() + _READY_SECONDS
        probe = ["curl", "-sf", f"http://127.0.0.1:{port}/readyz"]
        while subprocess.run(probe, capture_output=True, check=False).returncode and monotonic() < deadline:
            sleep(0.1)
        yield serving.pid, port
    finally:
        serving.terminate()
        serving.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
