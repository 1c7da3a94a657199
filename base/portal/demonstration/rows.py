"""Rows of an entry as the bundle writes them: the cells' text by item, None where nothing is there."""

from collections.abc import Sequence
from pathlib import Path

from portal.bundles.csv_files import render_csv_line

Row = dict[str, str | None]


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as CSV, with the items of the first as header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(render_csv_line(list(rows[0])))
        file.writelines(render_csv_line(list(row.values())) for row in rows)


def render_flag(holds: bool) -> str:
    """Return the text of a boolean cell."""
    return "true" if holds else "false"


def render_day(day: object | None) -> str | None:
    """Return the text of a date cell."""
    return None if day is None else str(day)
