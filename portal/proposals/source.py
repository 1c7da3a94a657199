"""A table that a person keeps in a file: header and rows as text, whichever program wrote them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from portal.bundles.csv_batches import CsvBatch
from portal.catalog.conformity import ITEMS_LIMIT
from portal.catalog.entries import FormatCategory
from portal.catalog.members import shorten
from portal.errors import BadInput, Fault, Text

FAULTS_LIMIT = 1000
"""Faults that are told of one file; reading stops there."""
Rows = Iterator[CsvBatch | Fault]
"""Sound rows by batches, with the line of each, and a fault for each that isn't sound, in the file's order."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table: its file's name, the names of its columns, and its rows, to be read as often as asked for.

    `remarks` say how the file was read. Where `days_are_midnights`, a day without a time may be one of a column of
    times, as spreadsheets write midnight.
    """

    file: str
    header: tuple[str, ...]
    rows: Callable[[], Rows]
    format_category: FormatCategory
    format_type: str
    remarks: tuple[Text, ...]
    days_are_midnights: bool = False


class FaultyTable(BadInput):
    """A file of which no entry can be drafted; nothing was written."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        super().__init__(Text(en=f"faults: {count}; nothing was written", zh=f"错误 {count} 处；未写入任何内容"))


def column_letters(position: int) -> str:
    """Return what a spreadsheet calls the column: `A` for 0, `AA` for 26."""
    letters = ""
    number = position + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def parse_names(cells: Sequence[str | None], file: str, line: int) -> tuple[str, ...]:
    """Return the names of the columns, without the spaces around them.

    Raises: FaultyTable for a column without a name, a name used twice, more columns than an entry has items, and a
    line that holds no name but numbers.
    """
    names = tuple((cell or "").strip() for cell in cells)
    places: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        places[name].append(position)
    faults = [_nameless(file, line, position) for position in places.pop("", [])]
    faults += [_doubled(file, line, name, places[name]) for name in places if len(places[name]) > 1]
    if len(names) > ITEMS_LIMIT:
        what = Text(
            en=f"{len(names)} columns, {ITEMS_LIMIT} are allowed", zh=f"有 {len(names)} 列，最多 {ITEMS_LIMIT} 列"
        )
        faults.append(Fault(file, line, "", what, Text(en="split the table", zh="请拆分该表")))
    if not faults and all(map(_is_value, names)):
        what = Text(en="the first line holds values and no names of columns", zh="首行是数据而不是列名")
        mend = Text(en="write the names of the columns above the rows", zh="请在数据行之上填写列名")
        faults.append(Fault(file, line, "", what, mend))
    if faults:
        raise FaultyTable(faults)
    return names


def _nameless(file: str, line: int, position: int) -> Fault:
    return Fault(
        file,
        line,
        column_letters(position),
        Text(en=f"column {position + 1} has no name", zh=f"第 {position + 1} 列没有列名"),
        Text(
            en="write its name, or remove the column; where header cells were merged or stand in two lines, give each "
            "column one name of its own; remove titles above the header",
            zh="请填写列名，或删除该列；表头有合并单元格或占两行时，请给每列单独一个列名；请删除表头之上的标题行",
        ),
    )


def _doubled(file: str, line: int, name: str, positions: Sequence[int]) -> Fault:
    listed = ", ".join(column_letters(position) for position in positions)
    shown = shorten(name)
    return Fault(
        file,
        line,
        listed,
        Text(en=f"{len(positions)} columns are named `{shown}`", zh=f"有 {len(positions)} 列同名：`{shown}`"),
        Text(en="name each differently", zh="请使用不同的列名"),
    )


def _is_value(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return name.removeprefix("-").replace(".", "", 1).isdigit()
    return True


def sound_batches(rows: Rows) -> Iterator[CsvBatch]:
    """Yield the batches as long as nothing is wrong; then read on for faults alone. Raises: FaultyTable at the end."""
    faults: list[Fault] = []
    for piece in rows:
        if isinstance(piece, Fault):
            faults.append(piece)
            if len(faults) == FAULTS_LIMIT:
                what = Text(en="reading stopped here", zh="读取到此为止")
                mend = Text(en="mend the faults told before, and try again", zh="请先改正以上错误，再重试")
                faults.append(Fault(piece.file, piece.row, "", what, mend))
                break
        elif not faults:
            yield piece
    if faults:
        raise FaultyTable(faults)
