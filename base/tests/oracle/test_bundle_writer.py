import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from tests.oracle.bundle_writer import render_record, render_rows, write_bundle
from tests.oracle.codes import credit_check, department_code, identity_number
from tests.oracle.conditions import ItemType
from tests.oracle.generate_worlds import draw_world
from tests.oracle.masks import Generalise, Partial
from tests.oracle.samples import CONSUMER, IN_REGION, days, statute, world_with
from tests.oracle.world import Cell, Entry, Item, JsonText, Row

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def test_codes_are_those_of_the_page_s_examples() -> None:
    assert [department_code(number) for number in (1, 2, 3)] == [
        "11999999MB0000019T",
        "11999999MB0000027M",
        "11999999MB0000035G",
    ]
    assert credit_check("91350100M000100Y4") == "3"


def test_identity_number_has_its_check_digit() -> None:
    number = identity_number("19491231", 2)
    assert number.startswith("99999919491231002")
    weighted = sum((10 if digit == "X" else int(digit)) * 2 ** (17 - place) for place, digit in enumerate(number))
    assert weighted % 11 == 1


def test_null_and_empty_string_are_told_apart_in_rows() -> None:
    items = (Item("a", ItemType.STRING), Item("b", ItemType.STRING), Item("c", ItemType.JSON))
    rows = (
        Row(1, {"a": None, "b": "", "c": JsonText('{"x": 1}')}),
        Row(2, {"a": 'say "hi"', "b": "x,y", "c": None}),
        Row(3, {"a": "plain", "b": None, "c": None}),
    )
    text = render_rows(Entry("303001001/00001", "e", "d", items, ("a",), rows=rows))
    assert text.splitlines()[1:] == [',"","{""x"": 1}"', '"say ""hi""","x,y",', '"plain",,']
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[2] == ['say "hi"', "x,y", ""]


def test_cells_are_in_plain_notation() -> None:
    items = (
        Item("a", ItemType.DECIMAL, scale=9),
        Item("b", ItemType.DATETIME),
        Item("c", ItemType.DATE),
        Item("d", ItemType.BOOLEAN),
    )
    cells: dict[str, Cell] = {
        "a": Decimal("0.000000001"),
        "b": datetime(2026, 1, 31, tzinfo=UTC),
        "c": date(1, 1, 1),
        "d": True,
    }
    text = render_rows(Entry("303001001/00001", "e", "d", items, ("a",), rows=(Row(1, cells),) * 3))
    assert text.splitlines()[1] == "0.000000001,2026-01-31T08:00:00+08:00,0001-01-01,true"


def test_record_is_written_as_the_page_has_it() -> None:
    record = statute(
        items=("name",),
        valid_until=days(0),
        scope=IN_REGION,
        masks={"name": Partial(1, 0), "count": Generalise("year")},
    )
    assert render_record(record) == {
        "id": "s",
        "effect": "allow",
        "kind": "statutory",
        "consumer": f"department:{CONSUMER}",
        "resource": "303001001/00001",
        "items": ["name"],
        "purposes": ["*"],
        "modes": ["*"],
        "matters": [],
        "applications": [],
        "condition": {},
        "scope": {"division": {"startsWith": {"subject": "region"}}},
        "obligations": {"mask": {"name": {"partial": {"head": 1, "tail": 0}}, "count": {"generalise": {"to": "year"}}}},
        "valid_until": "2026-06-15T12:00:00+08:00",
        "basis": "合成依据第一条",
    }


def test_bundle_has_a_file_for_each_part(tmp_path: Path) -> None:
    write_bundle(world_with(statute()), tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "applications.csv",
        "bundle.toml",
        "catalog/residents.json",
        "data/residents.csv",
        "departments.csv",
        "groups.csv",
        "policies/s.json",
        "users.csv",
    ]
    assert json.loads((tmp_path / "policies/s.json").read_text())["id"] == "s"


def test_seed_gives_the_same_world_again() -> None:
    assert draw_world(3, NOW) == draw_world(3, NOW)
    assert draw_world(3, NOW) != draw_world(4, NOW)


def test_drawn_worlds_keep_the_rules_of_consistency() -> None:
    for seed in range(20):
        world = draw_world(seed, NOW)
        assert len({entry.code for entry in world.entries}) == len(world.entries)
        assert len({record.id for record in world.records}) == len(world.records)
        for entry in world.entries:
            assert all(item.share_class >= entry.share_class for item in entry.items)
            keys = [tuple(row.cells[name] for name in entry.key) for row in entry.rows]
            assert len(set(keys)) == len(keys)
            assert all(cell is not None for key in keys for cell in key)
