"""How fast rows are brought in: a million of ten columns into SQLite, checked, written and switched to."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from benchmarks.world import ENTRY, PROVIDER
from portal.bundles.data_in import DataAct, DataOrder, bring_in
from portal.bundles.loading import LoadOrder, load_bundle, no_progress, switch_at_once
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.identity.keys import create_keys
from portal.storage.addresses import database_url
from portal.storage.migrating import upgrade_database

ROWS = 1_000_000
_ITEMS: dict[str, dict[str, object]] = {
    "code": {"type": "string", "length": 18},
    "name": {"type": "string", "length": 60},
    "division": {"type": "string", "length": 12},
    "born": {"type": "date"},
    "seen": {"type": "datetime"},
    "income": {"type": "decimal", "scale": 2},
    "children": {"type": "integer"},
    "present": {"type": "boolean"},
    "note": {"type": "string", "length": 60},
    "street": {"type": "string", "length": 60},
}


@dataclass(frozen=True, slots=True)
class DataFigure:
    """How long one delivery took, by the clock and of the processor, in seconds; and its rows."""

    name: str
    rows: int
    seconds: float
    processor_seconds: float

    def render(self) -> str:
        """Return the figure as a line."""
        return f"{self.name:16} {self.rows / self.seconds:10,.0f} {self.rows / self.processor_seconds:16,.0f}"


def measure_data_in(folder: Path, rows: int = ROWS) -> Iterator[DataFigure]:
    """Yield the figures of a delivery to an entry without rows, of one in place of as many, and of one behind them."""
    store = _make_store(folder)
    first, second = folder / "first.csv", folder / "second.csv"
    _write_rows(first, 0, rows)
    _write_rows(second, rows, rows)
    for name, act, file in (
        ("into none", DataAct.REPLACE, first),
        ("in place of them", DataAct.REPLACE, first),
        ("behind them", DataAct.APPEND, second),
    ):
        began, worked = perf_counter(), process_time()
        order = DataOrder(act, "people", file)
        bring_in(order, store, LoadOrder(datetime.now(UTC)), no_progress, switch_at_once)
        yield DataFigure(name, rows, perf_counter() - began, process_time() - worked)


def _make_store(folder: Path) -> PortalStore:
    _write_bundle(folder / "bundle")
    reading = read_bundle(folder / "bundle", datetime.now(UTC))
    if reading.bundle is None:
        raise AssertionError(reading.faults)
    keys = create_keys(folder / "keys.json")
    store = PortalStore(database_url(folder / "portal.db"), database_url(folder / "data.db"), keys.digest_secret)
    upgrade_database(store.database_url)
    load_bundle(reading.bundle, store, LoadOrder(datetime.now(UTC)))
    return store


def _write_bundle(folder: Path) -> None:
    shared = {"share_class": "unconditional", "open": False, "sensitivity": 1}
    items = [{"identifier": name, "name": name, **kind, **shared} for name, kind in _ITEMS.items()]
    entry = {**ENTRY, "share_class": "unconditional", "share_condition": None, "legal_basis": None, "items": items}
    (folder / "catalog").mkdir(parents=True)
    (folder / "bundle.toml").write_text('profile = "nantong-2015"\ntitle = "测量"\n', encoding="utf-8")
    (folder / "departments.csv").write_text(f"code,name,region,groups\n{PROVIDER},提供方,,\n", encoding="utf-8")
    (folder / "catalog" / "people.json").write_text(json.dumps(entry), encoding="utf-8")


def _write_rows(file: Path, first: int, count: int) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.write(",".join(_ITEMS) + "\n")
        lines.writelines(map(_row, range(first, first + count)))


def _row(number: int) -> str:
    day, minute, flag = 10 + number % 20, number % 60, "true" if number % 2 else "false"
    return (
        f"{number:018d},合成{number % 9973},999999{number % 1000:03},{1940 + number % 80}-01-{day},"
        f"2026-01-{day}T08:{minute:02}:00+08:00,{number % 10_000}.{number % 100:02},{number % 5},{flag},"
        f"{'备注' if number % 3 else ''},{number % 400}号街\n"
    )


def main() -> int:
    """Measure and print a table; return the exit code."""
    with TemporaryDirectory() as folder:
        figures = [figure.render() for figure in measure_data_in(Path(folder))]
    sys.stdout.write("rows brought in     rows/s  rows/s of processor\n" + "\n".join(figures) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
