"""Draws the items of entries and the cells of rows, with the values that tend to go wrong."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

from tests.oracle.codes import department_code, identity_number
from tests.oracle.conditions import ItemType
from tests.oracle.world import Cell, Item, JsonText, Row, ShareClass

DIVISIONS = ("37", "3710", "371002", "371002001", "371003", "370000", "99", "3", "", "三七")
TRAPS = (
    "", " ", "%", "_", "a_b", "a%b", "100%", "O'Neil", 'say "hi"', "“引号”", "a,b", "line\nbreak", "\\", "\\u0041",
    "Z", "z", "A", "a", "\uff41\uff42", "é", "e\u0301", "😀", "\U0001f468\u200d\U0001f469", "\U00020bb7野家", "\uffee",
    "null", "NULL", "N/A", "0", "true", "社区", "村", "威海社区", "威海村", "环翠", "\u200b", "ß", "İ", "\u0131",
    "中\u3000文", "; --", "{}", "$x", "*", "***",
)  # fmt: skip
NAMES = ("王一", "王二", "王小三", "李四", "欧阳五", "张", "赵六六六六", "司马七")
JSON_TEXTS = (
    "{}", "[]", '{"a": 1}', '{"名": "值", "list": [1, 2, {"b": null}]}', "[true, false, null]", '"text"', "7",
    '{"deep": {"er": {"est": [[]]}}}',
)  # fmt: skip
WORDS = (
    "name", "title", "amount", "balance", "born", "seen_at", "active", "detail", "order", "select", "group", "from",
    "row_number", "rowid", "value", "index", "first_name", "a1", "kind", "status", "number", "table", "limit", "first",
    "nodes", "level", "region", "department", "where", "null", "true", "case", "total_count",
)  # fmt: skip

ROW_GAP = 1000
"""What lies between the numbers of two rows, for rows that come between them later."""

T = TypeVar("T")


def chance(draw: Random, probability: float) -> bool:
    """True that often."""
    return draw.random() < probability


def weighted(draw: Random, choices: dict[T, float]) -> T:
    """One of the keys, by weight."""
    return draw.choices(list(choices), weights=list(choices.values()))[0]


def subset(draw: Random, members: Sequence[T], least: int = 0, most: int | None = None) -> tuple[T, ...]:
    """Some of the members, in their order."""
    size = draw.randint(min(least, len(members)), min(len(members), len(members) if most is None else most))
    chosen = set(draw.sample(range(len(members)), size))
    return tuple(member for index, member in enumerate(members) if index in chosen)


TYPE_WEIGHTS = {
    ItemType.STRING: 4.0,
    ItemType.INTEGER: 2.0,
    ItemType.DECIMAL: 2.0,
    ItemType.BOOLEAN: 1.0,
    ItemType.DATE: 1.6,
    ItemType.DATETIME: 1.6,
    ItemType.JSON: 0.7,
}


def draw_items(draw: Random, entry_class: ShareClass) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The items of an entry, and those that are its key."""
    names = ["code", "part"] if chance(draw, 0.2) else ["code"]
    key = tuple(names)
    items = [_draw_item(draw, "code", weighted(draw, {ItemType.STRING: 3, ItemType.INTEGER: 1}), entry_class)]
    if len(key) == 2:
        items.append(_draw_item(draw, "part", ItemType.INTEGER, entry_class))
    items.append(_draw_item(draw, "division", ItemType.STRING, entry_class))
    if chance(draw, 0.4):
        items.append(_draw_item(draw, "owner", ItemType.STRING, entry_class))
    if chance(draw, 0.5):
        items.append(_draw_item(draw, "id_number", ItemType.STRING, entry_class))
    others = draw.sample(WORDS, draw.randint(3, 6))
    items += [_draw_item(draw, name, weighted(draw, TYPE_WEIGHTS), entry_class) for name in others]
    if chance(draw, 0.5):
        draw.shuffle(items)
    return tuple(items), key


def _draw_item(draw: Random, name: str, kind: ItemType, entry_class: ShareClass) -> Item:
    stricter = [each for each in ShareClass if each >= entry_class]
    share_class = entry_class if chance(draw, 0.6) else draw.choice(stricter)
    scale = draw.choice((0, 1, 2, 2, 4, 9)) if kind is ItemType.DECIMAL else 0
    return Item(name, kind, share_class, chance(draw, 0.55), draw.randint(1, 4), scale)


def draw_rows(draw: Random, items: tuple[Item, ...], key: tuple[str, ...], size: int) -> tuple[Row, ...]:
    """Rows of an entry: keys unique and never null, their order in the file no order of theirs."""
    keys = draw.sample(range(1, size * 3 + 2), size)
    rows = []
    for place, serial in enumerate(keys, start=1):
        rows.append(draw_row(draw, (items, key), place * ROW_GAP, serial))
    return tuple(rows)


def draw_row(draw: Random, layout: tuple[tuple[Item, ...], tuple[str, ...]], number: int, serial: int) -> Row:
    """A row of a number, its key made from a serial."""
    items, key = layout
    cells = {item.identifier: draw_cell(draw, item) for item in items}
    cells |= {item.identifier: _key_cell(item, serial, key) for item in items if item.identifier in key}
    return Row(number, cells)


def _key_cell(item: Item, serial: int, key: tuple[str, ...]) -> Cell:
    if len(key) == 2:
        serial = serial // 3 if item.identifier == "code" else serial
    return serial if item.type is ItemType.INTEGER else f"{'一aB'[serial % 3]}-{serial:04d}"


def draw_cell(draw: Random, item: Item) -> Cell:
    """A value of an item, null now and then; equal values are frequent."""
    if chance(draw, 0.12):
        return None
    match item.type:
        case ItemType.STRING:
            return _draw_string(draw, item.identifier)
        case ItemType.INTEGER:
            return draw.choice(
                (draw.randint(-20, 20), draw.randint(-20, 20), draw.choice((2**63 - 1, -(2**63), 10**12)))
            )
        case ItemType.DECIMAL:
            return _draw_decimal(draw, item.scale)
        case ItemType.BOOLEAN:
            return chance(draw, 0.5)
        case ItemType.DATE:
            return _draw_date(draw)
        case ItemType.DATETIME:
            return _draw_instant(draw)
        case _:
            return JsonText(draw.choice(JSON_TEXTS))


def _draw_string(draw: Random, name: str) -> str:
    match name:
        case "division":
            return draw.choice(DIVISIONS)
        case "owner":
            return department_code(draw.randint(1, 6))
        case "id_number":
            return identity_number(_draw_date(draw).strftime("%Y%m%d").rjust(8, "0"), draw.randint(0, 20))
        case _:
            return draw.choice(NAMES) if chance(draw, 0.5) else draw.choice(TRAPS)


def _draw_decimal(draw: Random, scale: int) -> Decimal:
    most = 10**9 if chance(draw, 0.1) else 30
    whole = Decimal(draw.randint(-most, most) * 10**scale + draw.choice((0, 1, 5, 10**scale - 1)) % 10**scale)
    return whole.scaleb(-scale)


def _draw_date(draw: Random) -> date:
    if chance(draw, 0.05):
        return draw.choice((date(1, 1, 1), date(9999, 12, 31), date(1900, 2, 28), date(2000, 2, 29)))
    return date(2024, 1, 1) + timedelta(days=draw.randint(0, 8) * draw.choice((1, 31, 200)))


def _draw_instant(draw: Random) -> datetime:
    if chance(draw, 0.06):
        # In these years Shanghai had summer time, or its own mean time, or its calendar began or will end.
        year = draw.choice((1988, 1990, 1941, 1900, 1927, 2, 9998))
        return datetime(year, draw.randint(4, 9), 10, 12, tzinfo=UTC) + timedelta(minutes=draw.randint(0, 50_000))
    start = datetime(2025, 12, 31, 15, 59, 58, tzinfo=UTC)
    return start + timedelta(seconds=draw.randint(0, 5), days=draw.choice((0, 0, 1, 31, 365)))
