"""Rows and conditions drawn from a seed: every type and operator, hostile texts, operands close to what is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from random import Random

from portal.catalog.entries import CatalogEntry
from portal.conditions.reading import operators_of
from portal.conditions.tree import (
    And,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
    Value,
    ValueType,
)
from tests.fixtures.planned import entry_of
from tests.fixtures.small_bundle import entry, item

ATOMS = (
    *("a", "A", "b", "%", "_", "'", '"', "\\", "\n", "\x01", " ", "0", "é", "e\u0301", "ß", "村", "社区"),
    *("\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0001f600", "\U0010fffe", "\U0010ffff"),
)
"""What texts are put together from: wildcards, quotes, look-alikes, and the borders of code points."""

_INTEGERS = (0, 1, -1, 2, 7, 10, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))
_LARGEST = 2**63 - 1
_FIRST_DAY, _LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
_NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
_JSON = ("null", "{}", '{"a": "村"}', "[1.0]", '""')
_NULLS = 0.15
EXACT = Context(prec=100)
UNBOUND = Comparison("name", Operator.EQ, SubjectAttribute("region"))
"""A scope's test that no subject was put into."""

Row = dict[str, Value | None]


def generated_entry() -> CatalogEntry:
    """Return an entry with items of every type and several scales."""
    return entry_of(
        entry(
            "generated",
            "303001001/00009",
            [
                item("name", length=100),
                item("label", length=100),
                item("count", "integer"),
                item("whole", "decimal", scale=0),
                item("price", "decimal", scale=2),
                item("ratio", "decimal", scale=9),
                item("flag", "boolean"),
                item("day", "date"),
                item("moment", "datetime"),
                item("body", "json"),
            ],
        )
    )


@dataclass
class Draw:
    """Draws rows, and conditions whose operands lie at or beside the cells of those rows."""

    random: Random
    entry: CatalogEntry

    def rows(self, count: int) -> list[Row]:
        """Return rows with nulls in every column."""
        return [
            {item.identifier: self.cell(item.type, item.scale or 0) for item in self.entry.items} for _ in range(count)
        ]

    def cell(self, value_type: ValueType, scale: int) -> Value | None:
        """Return a value that can be stored, or null."""
        return None if self.random.random() < _NULLS else self._value(value_type, scale)

    def _value(self, value_type: ValueType, scale: int) -> Value:
        drawn: dict[ValueType, Callable[[], Value]] = {
            ValueType.STRING: self._text,
            ValueType.INTEGER: lambda: self.random.choice((*_INTEGERS, self.random.randint(-5, 5))),
            ValueType.DECIMAL: lambda: self._stored_decimal(scale),
            ValueType.BOOLEAN: lambda: self.random.random() < 0.5,
            ValueType.DATE: self._day,
            ValueType.DATETIME: self._moment,
            ValueType.JSON: lambda: self.random.choice(_JSON),
        }
        return drawn[value_type]()

    def _text(self) -> str:
        return "".join(self.random.choices(ATOMS, k=self.random.choice((0, 1, 1, 2, 2, 3, 4))))

    def _stored_decimal(self, scale: int) -> Decimal:
        scaled = self.random.choice((0, 1, -1, 5, 150, -150, _LARGEST, -_LARGEST, self.random.randint(-300, 300)))
        return Decimal(scaled).scaleb(-scale)

    def _day(self) -> date:
        return self.random.choice((_FIRST_DAY, _LAST_DAY, date(2024, 2, 29), date(2026, 1, self.random.randint(1, 31))))

    def _moment(self) -> datetime:
        near = _NOON + timedelta(seconds=self.random.randint(-3, 3))
        first = datetime(1, 1, 1, tzinfo=UTC)
        return self.random.choice((near, near, first, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))

    def condition(self, rows: list[Row], depth: int = 3) -> Condition:
        """Return a condition on the entry's items."""
        kind = self.random.random()
        if depth == 0 or kind < 0.45:
            return self.leaf(rows)
        if kind < 0.6:
            return Not(self.condition(rows, depth - 1))
        members = tuple(self.condition(rows, depth - 1) for _ in range(self.random.choice((0, 1, 2, 2, 3))))
        return And(members) if kind < 0.8 else Or(members)

    def leaf(self, rows: list[Row]) -> Condition:
        if self.random.random() < 0.03:
            return self.random.choice((Constant(None), Constant(True), Constant(False), UNBOUND))
        item = self.random.choice(self.entry.items)
        return self.test(item.identifier, self.random.choice(operators_of(item.type)), rows)

    def test(self, name: str, operator: str, rows: list[Row]) -> Condition:
        """Return a test of the item with an operand close to a cell of some row."""
        if operator == "isNull":
            return NullTest(name, self.random.random() < 0.5)
        if operator in ("in", "notIn"):
            values = tuple(self.operand(name, rows) for _ in range(self.random.choice((0, 1, 2, 3, 8))))
            return Membership(name, values, operator == "notIn")
        operand = self.operand(name, rows)
        if operator in ("startsWith", "endsWith", "contains") and isinstance(operand, str):
            operand = self._part(operand, operator)
        return Comparison(name, Operator(operator), operand)

    def operand(self, name: str, rows: list[Row]) -> Value:
        item = self.entry.item(name)
        assert item is not None
        cell = self.random.choice(rows)[name]
        value = self._value(item.type, item.scale or 0) if cell is None else cell
        return self._beside(value) if self.random.random() < 0.4 else value

    def _beside(self, value: Value) -> Value:
        """Return a value just beside: longer or shorter by a character, between or beyond what can be stored."""
        match value:
            case bool():
                return not value
            case str():
                return self.random.choice((value + self.random.choice(ATOMS), value[:-1], value[1:], value.swapcase()))
            case int():
                return min(_LARGEST, max(-_LARGEST - 1, value + self.random.choice((-1, 1))))
            case Decimal():
                beside = (Decimal("0.0000000001"), Decimal("-0.005"), Decimal(1), Decimal("1E+30"), Decimal("-1E+30"))
                return EXACT.add(value, self.random.choice(beside))
            case datetime():
                return value.replace(second=self.random.randint(0, 59))
            case date():
                return value.replace(day=self.random.randint(1, 28))

    def _part(self, text: str, operator: str) -> str:
        length = self.random.randint(0, len(text))
        if operator == "startsWith":
            return text[:length]
        if operator == "endsWith":
            return text[len(text) - length :]
        start = self.random.randint(0, len(text) - length)
        return text[start : start + length]
