"""The portal that growth is measured on: a wide entry, a chain of links, entries of many records, many subjects."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.world import CONSUMER, ENTRY, PROVIDER
from portal.access.asker import Asker
from portal.bundles.loading import LoadOrder, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.keys import create_keys
from portal.settings import Settings, load_settings
from portal.storage.migrating import upgrade_database
from tests.oracle.codes import department_code

FIELDS = 50
REGION = "999999"
"""Of every department, and what rows of the wide entry begin with in `item_1`."""
_FIRST_DEPARTMENT = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """How far each of the dimensions goes, from the least on, in rising order."""

    rows: tuple[int, ...] = (1, 10, 100, 1_000, 2_000, 5_000, 10_000)
    fields: tuple[int, ...] = (1, 5, 10, 20, 30, 40, FIELDS)
    records: tuple[int, ...] = (1, 10, 32, 100, 320, 1_000)
    depth: tuple[int, ...] = (1, 2, 3, 4)
    subjects: tuple[int, ...] = (1, 10, 25, 50, 100, 250, 500)


def make_grown_world(folder: Path, sizes: Sizes) -> Settings:
    """Return the settings of a portal in the folder on which all of these can be asked."""
    settings = load_settings({"PORTAL_HOME": str(folder / "home")}, None)
    reading = read_bundle(_write_bundle(folder / "bundle", sizes), datetime.now(UTC))
    if reading.bundle is None:
        raise AssertionError(reading.faults)
    upgrade_database(settings.owner_database_url)
    keys = create_keys(settings.key_file)
    store = PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret)
    load_bundle(reading.bundle, store, LoadOrder(now=datetime.now(UTC)))
    return settings


def asker(name: str) -> Asker:
    """Return an application that asks."""
    end = datetime.max.replace(tzinfo=UTC)
    return Asker(TokenClaims(SubjectKind.APPLICATION, name, None, None, end, f"measured-{name}"), None, "measure")


READER = asker("reader")
"""Who reads every entry."""


def subject_names(sizes: Sizes) -> list[str]:
    """Return the applications, each of a department of its own, that read the wide entry."""
    return [f"app-{number}" for number in range(sizes.subjects[-1])]


def chain(depth: int) -> str:
    """Return the identifier of the entry that is so many links from the chain's first."""
    return f"chain_{depth}"


def crowded(records: int) -> str:
    """Return the identifier of the entry that so many records let the reader read."""
    return f"crowded_{records}"


def crowded_code(sizes: Sizes, records: int) -> str:
    """Return its code."""
    return f"303001003/{sizes.records.index(records):05}"


def _write_bundle(folder: Path, sizes: Sizes) -> Path:
    numbers = range(_FIRST_DEPARTMENT, _FIRST_DEPARTMENT + sizes.subjects[-1])
    others = {name: department_code(number) for name, number in zip(subject_names(sizes), numbers, strict=True)}
    departments = "".join(f"{code},合成部门,{REGION},\n" for code in others.values())
    applications = "".join(f"{name},合成应用,{code},,2,government,\n" for name, code in others.items())
    policies = [*_records(sizes), *(_record(f"wide-{name}", "303001001/00001", code) for name, code in others.items())]
    files = {
        "bundle.toml": 'profile = "nantong-2015"\ntitle = "测量"\n',
        "departments.csv": f"code,name,region,groups\n{PROVIDER},提供方,,\n{CONSUMER},使用方,{REGION},\n{departments}",
        "applications.csv": "id,name,department,matter,auth_level,network_zone,public_key\n"
        f"reader,读取,{CONSUMER},,2,government,\n{applications}",
        **{f"catalog/{one['identifier']}.json": _render(one) for one in _entries(sizes)},
        **{f"policies/{one['id']}.json": _render(one) for one in policies},
        **{f"data/{name}.csv": "".join(lines) for name, lines in _rows(sizes)},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def _render(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False)


def _entries(sizes: Sizes) -> Iterator[dict[str, object]]:
    yield _entry("wide", "303001001/00001", [f"item_{number}" for number in range(FIELDS)])
    last = sizes.depth[-1]
    for depth in range(last + 1):
        link = {
            "identifier": "next",
            "items": ["code"],
            "target": chain(depth + 1),
            "target_items": ["code"],
            "many": False,
        }
        links = {"links": [link]} if depth < last else {}
        yield {**_entry(chain(depth), f"303001002/{depth:05}", ["code", "name"]), **links}
    for records in sizes.records:
        yield _entry(crowded(records), crowded_code(sizes, records), ["code", "name"])


def _entry(identifier: str, code: str, items: Sequence[str]) -> dict[str, object]:
    shared = {"type": "string", "length": 60, "share_class": "conditional", "open": False, "sensitivity": 1}
    described = [{"identifier": name, "name": name, **shared} for name in items]
    return {**ENTRY, "identifier": identifier, "code": code, "key": [items[0]], "items": described}


def _records(sizes: Sizes) -> Iterator[dict[str, object]]:
    yield {
        **_record("wide-reader", "303001001/00001", CONSUMER),
        "scope": {"item_1": {"startsWith": {"subject": "region"}}},
    }
    for depth in range(sizes.depth[-1] + 1):
        yield _record(f"chain-{depth}", f"303001002/{depth:05}", CONSUMER)
    for records in sizes.records:
        for number in range(records):
            yield _record(f"crowded-{records}-{number}", crowded_code(sizes, records), CONSUMER)


def _record(name: str, entry: str, department: str) -> dict[str, object]:
    return {
        "id": name,
        "effect": "allow",
        "kind": "statutory",
        "consumer": f"department:{department}",
        "resource": entry,
        "items": ["*"],
        "purposes": ["verification"],
        "modes": ["query"],
        "basis": f"测量 {name}",
    }


def _rows(sizes: Sizes) -> Iterator[tuple[str, Iterator[str]]]:
    yield "wide", _lines([f"item_{number}" for number in range(FIELDS)], sizes.rows[-1])
    for depth in range(sizes.depth[-1] + 1):
        yield chain(depth), _lines(["code", "name"], min(1_000, sizes.rows[-1]))
    for records in sizes.records:
        yield crowded(records), _lines(["code", "name"], 1)


def _lines(items: Sequence[str], count: int) -> Iterator[str]:
    yield ",".join(items) + "\n"
    for number in range(count):
        cells = (f"{REGION}{at:02}" if at == 1 else f"合成{number}-{at}" for at in range(1, len(items)))
        yield ",".join((f"{number:09}", *cells)) + "\n"
