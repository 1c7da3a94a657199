"""A column of a table, looked at once: which type all of its cells are of, and which line rules the others out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portal.catalog.members import shorten
from portal.conditions.tree import ValueType
from portal.errors import Text
from portal.proposals.cell_types import (
    LOCAL_OFFSET,
    NUMBER_DIGITS,
    READERS,
    decimal_digits,
    has_offset,
    read_midnight,
)
from portal.proposals.personal_marks import PERSONAL, Mark, PersonalMarks

_LENGTHS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000)
_EMPTY_LENGTH = 200
"""The length of a column without any cell."""
_SHOWN = 20
_CODE_HEADER = re.compile(r"(?:码|号|编号|_code|_no|_number|\bcode|\bno)$", re.IGNORECASE)
_CODE_DIGITS = 4
_EXACT_LENGTH = 15
"""Whole numbers that are longer aren't exact in every program that reads them."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A cell that rules a type out."""

    line: int
    cell: str


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What is proposed for a column, and why; `nulls` is the first line without a cell that could be part of a key."""

    header: str
    type: ValueType
    length: int | None
    scale: int | None
    sensitivity: int
    nulls: int | None
    reasons: tuple[Text, ...]


@dataclass(slots=True)
class ColumnSurvey:
    """What was seen of a column so far."""

    header: str
    days_are_midnights: bool
    marks: PersonalMarks = field(init=False)
    _left: dict[ValueType, Callable[[str], str | None]] = field(init=False)
    _ruled_out: dict[ValueType, Witness] = field(default_factory=dict)
    _count: int = 0
    _nulls: int | None = None
    _empty_text: int | None = None
    _without_offset: int | None = None
    _shortest: int = 0
    _longest: int = 0
    _digits: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Begin with every type possible."""
        self.marks = PersonalMarks(self.header)
        self._left = dict(READERS)
        if self.days_are_midnights:
            self._left[ValueType.DATETIME] = read_midnight

    def add(self, lines: Sequence[int], cells: Sequence[str | None]) -> None:
        """Look at more cells; each stands on the line at the same place."""
        there = [(line, cell) for line, cell in zip(lines, cells, strict=True) if cell]
        if len(there) < len(cells):
            self._note_empty(lines, cells)
        if not there:
            return
        at, texts = [line for line, _ in there], [cell for _, cell in there]
        lengths = [*map(len, texts)]
        self._shortest = min(lengths) if not self._count else min(self._shortest, *lengths)
        self._longest = max(self._longest, *lengths)
        self._count += len(texts)
        for value_type in [*self._left]:
            self._try(value_type, at, texts)
        self.marks.add(at, texts)

    def _note_empty(self, lines: Sequence[int], cells: Sequence[str | None]) -> None:
        for line, cell in zip(lines, cells, strict=True):
            if not cell and self._nulls is None:
                self._nulls = line
            if cell == "" and self._empty_text is None:
                self._empty_text = line

    def _try(self, value_type: ValueType, lines: Sequence[int], cells: Sequence[str]) -> None:
        read = self._left[value_type]
        wrong = {cell for cell in set(cells) if read(cell) is None}
        if wrong:
            self._rule_out(value_type, lines, cells, wrong.__contains__)
        elif value_type is ValueType.DECIMAL:
            self._widen(lines, cells)
        elif value_type is ValueType.DATETIME and self._without_offset is None:
            self._without_offset = next(
                (line for line, cell in zip(lines, cells, strict=True) if not has_offset(cell)), None
            )

    def _widen(self, lines: Sequence[int], cells: Sequence[str]) -> None:
        """Let a decimal have as many digits as these cells need; too many together rule it out."""
        before, after = self._digits
        for cell in cells:
            digits = decimal_digits(cell)
            if digits[0] > before or digits[1] > after:
                before, after = max(before, digits[0]), max(after, digits[1])
                if before + after > NUMBER_DIGITS:
                    self._rule_out(ValueType.DECIMAL, lines, cells, cell.__eq__)
                    return
        self._digits = before, after

    def _rule_out(
        self, value_type: ValueType, lines: Sequence[int], cells: Sequence[str], wrong: Callable[[str], bool]
    ) -> None:
        line, cell = next((line, cell) for line, cell in zip(lines, cells, strict=True) if wrong(cell))
        self._ruled_out[value_type] = Witness(line, cell)
        del self._left[value_type]

    def guess(self) -> ColumnGuess:
        """Return what is proposed for the column."""
        value_type, why = self._type()
        raised = self.marks.reason()
        reasons = [why, *([raised] if raised else [])]
        if self._empty_text is not None and value_type is not ValueType.STRING:
            reasons.append(
                Text(
                    en=f'`""`, first in line {self._empty_text}, is taken as no value',
                    zh=f'`""`（首次见于第 {self._empty_text} 行）视为无值',
                )
            )
        return ColumnGuess(
            header=self.header,
            type=value_type,
            length=self._length() if value_type is ValueType.STRING else None,
            scale=self._digits[1] if value_type is ValueType.DECIMAL else None,
            sensitivity=self.marks.sensitivity,
            nulls=self._nulls,
            reasons=tuple(reasons),
        )

    def _length(self) -> int:
        if not self._count:
            return _EMPTY_LENGTH
        if self._shortest == self._longest:
            return self._longest
        return next((length for length in _LENGTHS if length >= self._longest), self._longest)

    def _type(self) -> tuple[ValueType, Text]:
        if not self._count:
            return ValueType.STRING, Text(en="every cell is empty", zh="所有单元格均为空")
        code = self._why_code()
        if code is not None:
            return ValueType.STRING, code
        value_type = next(iter(self._left), ValueType.STRING)
        match value_type:
            case ValueType.STRING:
                return value_type, self._why_text()
            case ValueType.DECIMAL:
                witness = self._ruled_out[ValueType.INTEGER]
                return value_type, self._why_not(ValueType.INTEGER, witness)
            case ValueType.DATETIME if self._without_offset is not None:
                return value_type, Text(
                    en=f"every cell is a time; without an offset, as in line {self._without_offset}, "
                    f"it is taken as {LOCAL_OFFSET}",
                    zh=f"每格均为时间；未写时区者（如第 {self._without_offset} 行）按 {LOCAL_OFFSET} 处理",
                )
            case _:
                return value_type, Text(en=f"every cell is of type {value_type}", zh=f"每格均为 {value_type} 类型")

    def _why_code(self) -> Text | None:
        """Return why digits are no number here, None where they are one, or aren't digits at all."""
        if ValueType.INTEGER not in self._left:
            return None
        if Mark.IDENTITY in self.marks.found or Mark.PHONE in self.marks.found:
            return Text(en="numbers of persons or phones aren't counted with", zh="证件或电话号码不作数值")
        if self._longest > _EXACT_LENGTH:
            return Text(
                en=f"whole numbers of more than {_EXACT_LENGTH} characters are rounded by spreadsheets and browsers",
                zh=f"超过 {_EXACT_LENGTH} 个字符的整数会被电子表格和浏览器舍入",
            )
        if self._shortest == self._longest >= _CODE_DIGITS and _CODE_HEADER.search(self.header):
            return Text(
                en=f"a code by its name: each of {self._longest} digits", zh=f"由列名看为代码：均为 {self._longest} 位"
            )
        return None

    def _why_text(self) -> Text:
        """Return the cell that ruled out the type that held longest: what a person would have taken the column for."""
        value_type, witness = max(
            self._ruled_out.items(), key=lambda ruled: (ruled[1].line, ruled[0] is ValueType.INTEGER)
        )
        return self._why_not(value_type, witness)

    def _why_not(self, value_type: ValueType, witness: Witness) -> Text:
        # What is about persons isn't shown: this is printed, and kept by terminals.
        cell = f"`{shorten(witness.cell[:_SHOWN])}`" if self.marks.sensitivity < PERSONAL else ""
        return Text(
            en=f"line {witness.line}{cell and f' ({cell})'} isn't of type {value_type}",
            zh=f"第 {witness.line} 行{cell and f'（{cell}）'}不属 {value_type} 类型",
        )
