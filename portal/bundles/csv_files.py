"""CSV as RFC 4180 writes it, with one distinction more: an empty cell is None, a quoted empty one the empty text.

Python's `csv` reads both as the same text and takes stray quotes as they come, so this is a reader of our own.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from portal.errors import Text
from portal.json_text import SAVE_AS_UTF8, describe_encoding

Cells = list[str | None]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NEEDS_QUOTES = re.compile('[",\r\n]')
_STRAY = re.compile("[\0\r]")


@dataclass(frozen=True, slots=True)
class CsvFault:
    """What is wrong in a record, and how to mend it; `before` are the cells that could be read before the fault."""

    what: Text
    mend: Text
    before: tuple[str | None, ...] = ()


def parse_csv(lines: Iterable[bytes], first: int = 1, separator: str = ",") -> Iterator[tuple[int, Cells | CsvFault]]:
    """Yield the line on which each record begins, counted from `first`, with its cells or what is wrong with it.

    `lines` are as a binary file gives them: each ends in LF or CRLF, the last perhaps in neither. After a fault reading
    goes on in the next line, even where the record took in more; lines in another encoding are told of once.
    """
    source = _Lines(lines, first, separator)
    encoding_told = False
    while (line := source.take()) is not None:
        number, text = line
        outcome = _quoted_cells(text, source) if '"' in text else _plain_cells(_body(text), separator)
        if source.undecoded is None:
            yield number, outcome
        else:
            number, raw = source.undecoded
            if not encoding_told:
                yield number, CsvFault(describe_encoding(raw), SAVE_AS_UTF8)
            source.undecoded, encoding_told = None, True


def render_csv_line(cells: Sequence[str | None]) -> str:
    """Return one record with its line end, LF; quoted is only what would not read back otherwise."""
    return ",".join(map(_render_cell, cells)) + "\n"


def _render_cell(cell: str | None) -> str:
    if cell is None:
        return ""
    if cell and not _NEEDS_QUOTES.search(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'


class _Lines:
    """The lines of a file as text, numbered from `first`, of which some may be put back.

    `undecoded` is the last that isn't UTF-8; its text is a stand-in.
    """

    def __init__(self, lines: Iterable[bytes], first: int, separator: str) -> None:
        self.separator = separator
        self._source = enumerate(lines, start=first)
        self._again: deque[tuple[int, str]] = deque()
        self.undecoded: tuple[int, bytes] | None = None

    def take(self) -> tuple[int, str] | None:
        """Return the next line and its number, None behind the last."""
        if self._again:
            return self._again.popleft()
        number, raw = next(self._source, (0, b""))
        if not number:
            return None
        try:
            return number, (raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw).decode()
        except UnicodeDecodeError:
            self.undecoded = number, raw
            return number, raw.decode(errors="replace")

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        """Have the lines taken again."""
        self._again.extendleft(reversed(lines))


def _body(text: str) -> str:
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def _plain_cells(body: str, separator: str) -> Cells | CsvFault:
    stray = _STRAY.search(body)
    if stray is None:
        return [cell or None for cell in body.split(separator)]
    before = [cell or None for cell in body[: stray.start()].split(separator)[:-1]]
    return replace(_NUL if stray[0] == "\0" else _STRAY_RETURN, before=tuple(before))


def _quoted_cells(text: str, source: _Lines) -> Cells | CsvFault:
    """Return the cells of a record that begins with `text`, taking more lines for quotes that go on."""
    record = _Record(source.separator)
    further: list[tuple[int, str]] = []
    outcome = record.take(text)
    while outcome is None:
        line = source.take()
        if line is None:
            outcome = replace(_UNCLOSED, before=tuple(record.cells))
        else:
            further.append(line)
            outcome = record.take(line[1])
    if isinstance(outcome, CsvFault):
        # Which quote is wrong can't be known; most often it is one of the first line.
        source.put_back(further)
    return outcome


class _Malformed(Exception):
    """A record that can't be read on."""

    def __init__(self, fault: CsvFault) -> None:
        super().__init__(fault.what.en)
        self.fault = fault


@dataclass(slots=True)
class _Record:
    """A record with quotes that is being put together; `quoted` are the parts of a cell that isn't closed yet."""

    separator: str
    cells: Cells = field(default_factory=list)
    quoted: list[str] | None = None

    def take(self, text: str) -> Cells | CsvFault | None:
        """Read one more line: the cells, or a fault, or None where the record goes on in the next line."""
        body = _body(text)
        try:
            self._take_cells(body)
        except _Malformed as malformed:
            return replace(malformed.fault, before=tuple(self.cells))
        if self.quoted is None:
            return self.cells
        self.quoted.append(text[len(body) :])
        return None

    def _take_cells(self, body: str) -> None:
        if "\0" in body:
            raise _Malformed(_NUL)
        position = 0
        while position <= len(body):
            if self.quoted is not None:
                position = self._take_quoted(self.quoted, body, position)
            elif body.startswith('"', position):
                self.quoted = []
                position += 1
            else:
                position = self._take_plain(body, position)

    def _take_plain(self, body: str, start: int) -> int:
        found = body.find(self.separator, start)
        end = len(body) if found < 0 else found
        cell = body[start:end]
        if '"' in cell:
            raise _Malformed(_STRAY_QUOTE)
        if "\r" in cell:
            raise _Malformed(_STRAY_RETURN)
        self.cells.append(cell or None)
        return end + 1

    def _take_quoted(self, quoted: list[str], body: str, start: int) -> int:
        end = _closing_quote(body, start)
        if end < 0:
            quoted.append(body[start:])
            return len(body) + 1
        if end + 1 < len(body) and body[end + 1] != self.separator:
            raise _Malformed(_STRAY_QUOTE)
        quoted.append(body[start:end])
        self.cells.append("".join(quoted).replace('""', '"'))
        self.quoted = None
        return end + 2


def _closing_quote(body: str, start: int) -> int:
    """Return where the next quote is that isn't doubled, -1 where there is none."""
    end = body.find('"', start)
    while end >= 0 and body.startswith('""', end):
        end = body.find('"', end + 2)
    return end


_UNCLOSED = CsvFault(
    Text(en="a quoted cell is never closed", zh="带引号的单元格没有结束引号"),
    Text(en='close it with `"`', zh='请补上结束的 `"`'),
)
_STRAY_QUOTE = CsvFault(
    Text(en="a quote stands inside a cell", zh="单元格中间出现引号"),
    Text(
        en='put the whole cell in quotes and double the quotes in it: `"a ""b"" c"`',
        zh='请将整个单元格加引号，其中的引号写两次：`"a ""b"" c"`',
    ),
)
_STRAY_RETURN = CsvFault(
    Text(en="a carriage return stands outside quotes", zh="引号之外出现回车符"),
    Text(en="end lines in LF or CRLF, or put the cell in quotes", zh="请以 LF 或 CRLF 换行，或给单元格加引号"),
)
_NUL = CsvFault(
    Text(en="the line holds a NUL character", zh="该行含有 NUL 字符"),
    Text(en="remove it", zh="请删除"),
)
