"""A draft of a table: surveyed once, written as the bundle has it, its key sought in what was written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from portal.bundles.csv_files import CsvFault, parse_csv, render_csv_line
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import render_entry
from portal.conditions.tree import ValueType
from portal.errors import BadInput, Text
from portal.json_text import render_json
from portal.proposals.cell_types import cell_writer
from portal.proposals.columns import ColumnGuess, ColumnSurvey
from portal.proposals.csv_source import Separator, open_csv
from portal.proposals.excel_source import open_excel
from portal.proposals.keys import KeyGuess, Row, guess_key
from portal.proposals.naming import propose_items
from portal.proposals.proposal import propose_entry, propose_names
from portal.proposals.source import TableSource, sound_batches
from portal.proposals.staging import BundlePlace, publish, staged
from portal.proposals.surroundings import Surroundings

_EXCEL = (".xlsx", ".xlsm")
Watch = Callable[[int], None]
"""Is told how many rows were read or written so far."""


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """The file, how it is to be read where that isn't to be guessed, and what the person says of the entry."""

    path: Path
    provider: str
    identifier: str = ""
    sheet: str | None = None
    separator: Separator | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written, and why it is as it is."""

    entry: CatalogEntry
    columns: tuple[ColumnGuess, ...]
    key: KeyGuess
    row_count: int
    remarks: tuple[Text, ...]


def draft_entry(order: DraftOrder, beside: Surroundings, place: BundlePlace, watch: Watch) -> Draft:
    """Write the draft of an entry into the bundle, all or nothing, and return what was guessed.

    Raises: FaultyTable; BadInput, also where a file is there already or can't be read or written.
    """
    names = propose_names(_readable(order.path.stem), order.provider, order.identifier, beside)
    place = place.resolved(names.identifier)
    source, stamp = _open(order)
    columns = _survey(source, watch)
    with staged(place) as stage:
        data = stage / "data" / f"{names.identifier}.csv"
        row_count = _write_rows(source, columns, data, watch)
        if stamp != _stamp(order.path):
            raise _changed(order.path)
        key = guess_key(partial(_written_rows, data), source.header, [column.nulls for column in columns])
        entry = propose_entry(source, names, columns, key.positions)
        text = render_json(render_entry(entry), indent=2) + "\n"
        (stage / "catalog" / f"{names.identifier}.json").write_text(text, encoding="utf-8")
        publish(stage, place, names, beside)
    return Draft(entry, tuple(columns), key, row_count, source.remarks)


def _readable(name: str) -> str:
    """Return a file's name as text that can be stored, whichever octets it has."""
    return name.encode("utf-8", "replace").decode()


def _open(order: DraftOrder) -> tuple[TableSource, tuple[int, ...]]:
    try:
        stamp = _stamp(order.path)
        if order.path.suffix.lower() in _EXCEL:
            return open_excel(order.path, order.sheet), stamp
        return open_csv(order.path, order.separator), stamp
    except OSError as refused:
        raise BadInput(
            Text(
                en=f"`{order.path}` can't be read ({refused.strerror}); name a CSV file or an .xlsx workbook",
                zh=f"无法读取 `{order.path}`（{refused.strerror}）；请指定 CSV 文件或 .xlsx 工作簿",
            )
        ) from None


def _survey(source: TableSource, watch: Watch) -> list[ColumnGuess]:
    surveys = [ColumnSurvey(name, source.days_are_midnights) for name in source.header]
    done = 0
    for batch in sound_batches(source.rows()):
        for survey, cells in zip(surveys, batch.columns, strict=True):
            survey.add(batch.lines, cells)
        done += len(batch.lines)
        watch(done)
    return [survey.guess() for survey in surveys]


def _write_rows(source: TableSource, columns: Sequence[ColumnGuess], data: Path, watch: Watch) -> int:
    done = 0
    with data.open("w", encoding="utf-8", newline="") as file:
        file.write(render_csv_line(propose_items(source.header)))
        for batch in sound_batches(source.rows()):
            written = [_write_cells(column, cells) for column, cells in zip(columns, batch.columns, strict=True)]
            file.writelines(map(render_csv_line, zip(*written, strict=True)))
            done += len(batch.lines)
            watch(done)
    return done


def _write_cells(column: ColumnGuess, cells: Sequence[str | None]) -> Sequence[str | None]:
    if column.type is ValueType.STRING:
        return cells
    write = cell_writer(column.type, column.scale)
    return [write(cell) if cell else None for cell in cells]


def _written_rows(data: Path) -> Iterator[Row]:
    with data.open("rb") as lines:
        records = parse_csv(lines)
        next(records)
        for line, cells in records:
            # INVARIANT: this program wrote the file, a moment ago and where nobody else looks.
            if isinstance(cells, CsvFault):
                raise _changed(data)
            yield line, cells


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _changed(path: Path) -> BadInput:
    return BadInput(
        Text(
            en=f"`{path.name}` was changed while it was read; run the command again",
            zh=f"`{path.name}` 在读取期间被改动；请重新运行",
        )
    )
