"""A synthetic city: the content of a portal with many entries, departments and records, written without its rows."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from portal.catalog.codes import credit_check_character
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry
from portal.catalog.rows import store_entry
from portal.errors import Fault
from portal.identity.keys import create_keys
from portal.identity.registry import Application, Department
from portal.identity.rows import store_registry
from portal.json_text import JsonValue, parse_json
from portal.policies.reading import parse_record
from portal.policies.rows import store_record
from portal.settings import Settings, load_settings
from portal.storage.content import Cell, ContentRow, PortalIdentity, key_fingerprint
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.database import for_writing, open_sync_database
from portal.storage.migrating import upgrade_database
from portal.storage.tables import catalog_entries, datasets, policy_records
from portal.vocabulary import ApplicationId, DepartmentCode, EntryCode

ITEMS_OF_THE_WIDEST = 50
WIDE_READER = 1
"""The number of the department that reads each item of the widest entry by a record of its own."""
_Read = TypeVar("_Read")
_ABOUT = (
    "户籍",
    "婚姻",
    "社保",
    "医保",
    "企业",
    "法人",
    "车辆",
    "道路",
    "河道",
    "学校",
    "学籍",
    "养老",
    "残疾",
    "低保",
    "就业",
    "税务",
    "发票",
    "食品",
    "药品",
    "环境",
    "排污",
    "气象",
    "地震",
    "林木",
    "土地",
    "规划",
    "建筑",
    "消防",
    "港口",
    "船舶",
    "农机",
    "种子",
    "水利",
    "电力",
    "燃气",
)
_ACTS = ("登记", "许可", "备案", "检查", "处罚", "缴费", "名录", "统计", "档案", "变更", "注销", "年报", "抽检")
_PURPOSES = ("verification", "work_reference", "statistics")


@dataclass(frozen=True, slots=True)
class City:
    """How much there is."""

    entries: int = 2_000
    items: int = 20
    departments: int = 200
    records: int = 100_000
    """The first are on the items of the widest entry, one each, all for one department."""
    beginning: str = ""
    """What every title begins with."""
    are_items_own: bool = False
    """True where no two entries have an item of the same name; else all have the same items."""


def make_city(folder: Path, city: City) -> Settings:
    """Return the settings of a portal in the folder that has all this; its entries have no rows."""
    settings = load_settings({"PORTAL_HOME": str(folder)}, None)
    upgrade_database(settings.database_url)
    keys = create_keys(settings.key_file)
    entries = {entry.code: entry for entry in _entries(city)}
    wanted: dict[str, Mapping[str, ContentRow]] = {
        **store_registry(_departments(city), (), _applications(city), ()),
        catalog_entries.name: {code: store_entry(entry, removed=False) for code, entry in entries.items()},
        datasets.name: {code: _dataset(number) for number, code in enumerate(entries)},
        policy_records.name: {str(document["id"]): _record(document, entries) for document in _records(city)},
    }
    identity = PortalIdentity("city", key_fingerprint(keys.digest_secret), "nantong-2015", "合成城市")
    change = compare_content(None, WantedContent(identity, wanted))
    engine = open_sync_database(settings.database_url)
    with for_writing(engine).begin() as connection:
        store_change(connection, change, ChangeNote("2026-01-01T00:00:00Z", "", "measure"), keys.digest_secret)
    engine.dispose()
    return settings


def department_code(number: int) -> DepartmentCode:
    """Return the code of a department, in a region that is assigned to nobody."""
    first = f"11999999MB{number:07}"
    return DepartmentCode(first + credit_check_character(first))


def entries_of(city: City, department: int) -> list[str]:
    """Return the identifiers of the entries that records on no widest entry name the department for."""
    numbers = range(city.records - ITEMS_OF_THE_WIDEST)
    read = (number % city.entries for number in numbers if _consumer(city, number) == department)
    return [f"entry_{number}" for number in dict.fromkeys(read)]


def _consumer(city: City, number: int) -> int:
    return (number // city.entries * 7 + number) % city.departments


def entry_code(number: int) -> EntryCode:
    """Return the code of an entry."""
    return EntryCode(f"303001001/{number:05}")


def entry_title(number: int, beginning: str = "") -> str:
    """Return the title of an entry, put together of words that many entries share, and a number."""
    about, act = _ABOUT[number % len(_ABOUT)], _ACTS[number // len(_ABOUT) % len(_ACTS)]
    return f"{beginning}{about}{act}信息 {number}"


def _departments(city: City) -> Iterator[Department]:
    for number in range(city.departments):
        yield Department(department_code(number), f"合成部门 {number}", f"9999{number % 100:02}", ())


def _applications(city: City) -> Iterator[Application]:
    for number in range(city.departments):
        yield Application(
            ApplicationId(f"app-{number}"), f"合成应用 {number}", department_code(number), (), 2, None, None
        )


def _entries(city: City) -> Iterator[CatalogEntry]:
    for number in range(city.entries):
        width = ITEMS_OF_THE_WIDEST if number == 0 else city.items
        of_entry = f" {number}" if city.are_items_own else ""
        document: dict[str, JsonValue] = {
            "code": entry_code(number),
            "identifier": f"entry_{number}",
            "name": entry_title(number, city.beginning),
            "provider": department_code(number % city.departments),
            "abstract": "合成数据，仅供测量",
            "format": {"category": "database", "type": "sqlite"},
            "kind": "department",
            "classified": False,
            "share_class": "conditional",
            "share_condition": "测量",
            "share_modes": ["query"],
            "legal_basis": "测量",
            "open": False,
            "update_cycle": "daily",
            "published_on": "2026-01-02",
            "key": ["item_0"],
            "items": [_item(item, of_entry) for item in range(width)],
            "status": "published",
        }
        yield _sound(*parse_entry(document, f"entry {number}"))


def _item(number: int, of_entry: str) -> dict[str, JsonValue]:
    return {
        "identifier": f"item_{number}",
        "name": f"信息项 {number}{of_entry}",
        "type": "string",
        "length": 60,
        "share_class": "conditional",
        "open": False,
        "sensitivity": 1,
    }


def _dataset(number: int) -> ContentRow:
    cells: dict[str, Cell] = {"table_name": f"rows_{number}", "row_count": 0, "digest": "", "layout": "{}"}
    return ContentRow(cells, {})


def _records(city: City) -> Iterator[dict[str, JsonValue]]:
    for number in range(min(ITEMS_OF_THE_WIDEST, city.records)):
        yield {
            "id": f"wide-{number}",
            "effect": "allow",
            "kind": "statutory",
            "consumer": f"department:{department_code(WIDE_READER % city.departments)}",
            "resource": entry_code(0),
            "items": [f"item_{number}"],
            "purposes": ["verification"],
            "modes": ["query"],
            "scope": {f"item_{number}": {"startsWith": {"subject": "region"}}},
            "basis": f"测量第 {number} 条",
        }
    for number in range(city.records - ITEMS_OF_THE_WIDEST):
        consumer = _consumer(city, number)
        yield {
            "id": f"record-{number}",
            "effect": "allow",
            "kind": "statutory",
            "consumer": f"department:{department_code(consumer)}",
            "resource": entry_code(number % city.entries),
            "items": [f"item_{(number + offset) % city.items}" for offset in range(3)],
            "purposes": [_PURPOSES[number % len(_PURPOSES)]],
            "modes": ["query"],
            "scope": {"item_1": {"startsWith": {"subject": "region"}}},
            "valid_until": f"20{30 + number % 20}-01-01T00:00:00Z",
            "basis": f"测量第 {number % 500} 条",
        }


def _record(document: dict[str, JsonValue], entries: dict[EntryCode, CatalogEntry]) -> ContentRow:
    read = parse_json(json.dumps(document))
    if not isinstance(read, dict):
        raise AssertionError(document)
    return store_record(_sound(*parse_record(read, str(document["id"]), entries)), read, "bundle")


def _sound(read: _Read | None, faults: list[Fault]) -> _Read:
    if read is None or faults:
        raise AssertionError(faults)
    return read
