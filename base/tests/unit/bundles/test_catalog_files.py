import json
from typing import Any

import pytest

from portal.bundles.catalog_files import CatalogReading, read_catalog
from portal.vocabulary import DepartmentCode
from tests.fixtures.small_bundle import PROVIDER, entry, item

DEPARTMENTS = {DepartmentCode(PROVIDER)}
VILLAGES = "catalog/villages.json"
RESIDENTS = "catalog/residents.json"


def documents() -> dict[str, dict[str, Any]]:
    link = {
        "identifier": "village",
        "items": ["division"],
        "target": "villages",
        "target_items": ["code"],
        "many": False,
    }
    return {
        RESIDENTS: entry("residents", "303001001/2", [item("code"), item("division")], links=[link]),
        VILLAGES: entry("villages", "303001001/1", [item("code")]),
    }


def read(contents: dict[str, dict[str, Any] | bytes]) -> tuple[CatalogReading, list[tuple[str, int | None, str, str]]]:
    octets = {
        file: content if isinstance(content, bytes) else json.dumps(content).encode()
        for file, content in contents.items()
    }
    catalog, faults = read_catalog(octets, DEPARTMENTS)
    return catalog, [(fault.file, fault.row, fault.column, fault.what.en) for fault in faults]


def test_entries_are_in_the_order_of_their_codes() -> None:
    catalog, faults = read({**documents()})
    assert faults == []
    assert list(catalog.entries) == ["303001001/1", "303001001/2"]
    assert set(catalog.entry_by_name) == {"residents", "villages"}
    assert (catalog.absent, catalog.doubtful) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("broken", "row", "column", "what"),
    [
        (b'{"code": "303001001/1",\n "name" "x"}', 2, "", "this is no JSON"),
        (b'{"name": "x", "code": "303001001/1", "name": "y"}', None, "", "member `name` is there twice"),
        ('{"code": "303001001/1", "name": "村"}'.encode("gb18030"), 1, "", "seems to be GB18030"),
        ('{"code": "303001001/1", "name": "村"}'.encode("utf-16"), 1, "", "seems to be UTF-16"),
        (b'{"code": "303001001/1", "name": "\\u0000"}', None, "name", "text holds NUL"),
    ],
)
def test_file_that_can_not_be_read_is_one_fault_and_its_code_still_known(
    broken: bytes, row: int | None, column: str, what: str
) -> None:
    catalog, [fault] = read({**documents(), VILLAGES: broken})
    assert fault[:3] == (VILLAGES, row, column)
    assert what in fault[3]
    assert (set(catalog.absent), set(catalog.doubtful)) == ({"villages"}, {"303001001/1"})


def test_file_without_an_entry_has_no_code_to_be_known() -> None:
    catalog, faults = read({**documents(), VILLAGES: b"[]"})
    assert faults == [(VILLAGES, None, "", "a catalog entry is one JSON object")]
    assert (set(catalog.absent), set(catalog.doubtful)) == ({"villages"}, set())


def test_faults_within_and_among_entries_are_all_told() -> None:
    changed = documents()
    changed[RESIDENTS]["status"] = "done"
    changed[RESIDENTS]["links"][0]["target_items"] = ["cod"]
    changed[VILLAGES]["code"] = "303001001/2"
    catalog, faults = read({**changed})
    assert sorted((file, column) for file, _, column, _ in faults) == [
        (RESIDENTS, "links[0].target_items"),
        (RESIDENTS, "status"),
        (VILLAGES, "code"),
    ]
    assert catalog.doubtful == {"303001001/2"}


def test_identifier_is_the_file_s_name_and_either_finds_the_entry() -> None:
    changed = documents()
    changed[VILLAGES]["identifier"] = "hamlets"
    catalog, faults = read({**changed})
    assert faults == [(VILLAGES, None, "identifier", "the identifier `hamlets` isn't the file's name")]
    assert catalog.entry_by_name["hamlets"] is catalog.entry_by_name["villages"]


def test_missing_identifier_is_one_fault() -> None:
    changed = documents()
    del changed[VILLAGES]["identifier"]
    assert read({**changed})[1] == [(VILLAGES, None, "identifier", "`identifier` is missing")]


@pytest.mark.parametrize(
    ("provider", "what"),
    [
        ("11999999MB0000019T", "the department `11999999MB0000019T` isn't registered"),
        ("11999999MB0000019X", "`11999999MB0000019X` is no unified social credit code"),
    ],
)
def test_provider_is_one_fault_when_it_is_not_registered_or_no_code(provider: str, what: str) -> None:
    changed = documents()
    changed[VILLAGES]["provider"] = provider
    catalog, faults = read({**changed})
    assert faults == [(VILLAGES, None, "provider", what)]
    assert catalog.doubtful == {"303001001/1"}
