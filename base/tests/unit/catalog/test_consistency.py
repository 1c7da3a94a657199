import dataclasses
from datetime import date

import pytest

from portal.catalog.consistency import FiledEntry, unknown_related, validate_catalog
from portal.catalog.entries import (
    CatalogEntry,
    EntryKind,
    EntryStatus,
    FormatCategory,
    InformationItem,
    Link,
    UpdateCycle,
)
from portal.conditions.tree import ValueType
from portal.vocabulary import DepartmentCode, EntryCode, EntryIdentifier, ItemIdentifier, Mode, ShareClass


def item(identifier: str, value_type: ValueType = ValueType.STRING, scale: int | None = None) -> InformationItem:
    return InformationItem(
        ItemIdentifier(identifier),
        identifier,
        value_type,
        ShareClass.UNCONDITIONAL,
        open=False,
        sensitivity=1,
        scale=scale,
    )


def link(items: str = "village", target_items: str = "code", *, many: bool = False, target: str = "villages") -> Link:
    return Link(
        "way",
        tuple(map(ItemIdentifier, items.split())),
        EntryIdentifier(target),
        tuple(map(ItemIdentifier, target_items.split())),
        many,
    )


def entry(identifier: str, serial: str, items: list[InformationItem], *links: Link) -> CatalogEntry:
    return CatalogEntry(
        code=EntryCode(f"303001001/{serial}"),
        identifier=EntryIdentifier(identifier),
        name=identifier,
        provider=DepartmentCode("11999999MB0000027M"),
        abstract="合成",
        format_category=FormatCategory.DATABASE,
        format_type="sqlite",
        kind=EntryKind.DEPARTMENT,
        share_class=ShareClass.UNCONDITIONAL,
        share_modes=(Mode.QUERY,),
        open=False,
        update_cycle=UpdateCycle.DAILY,
        published_on=date(2026, 1, 2),
        key=(items[0].identifier,),
        items=tuple(items),
        status=EntryStatus.PUBLISHED,
        links=links,
    )


VILLAGE_ITEMS = [
    item("code"),
    item("people", ValueType.INTEGER),
    item("area", ValueType.DECIMAL, 2),
    item("shape", ValueType.JSON),
]
PERSON_ITEMS = [
    item("number"),
    item("village"),
    item("people", ValueType.INTEGER),
    item("area", ValueType.DECIMAL, 2),
    item("width", ValueType.DECIMAL, 3),
    item("shape", ValueType.JSON),
]


def faults_of(*links: Link, absent: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    entries = [
        FiledEntry("catalog/persons.json", entry("persons", "1", PERSON_ITEMS, *links)),
        FiledEntry("catalog/villages.json", entry("villages", "2", VILLAGE_ITEMS)),
    ]
    return [(fault.file, fault.column, fault.what.en) for fault in validate_catalog(entries, absent)]


@pytest.mark.parametrize(
    "good",
    [
        link(),
        link(many=True),
        link("people", "people", many=True),
        link("area", "area", many=True),
        link("village people", "code people", many=True),
        link("number", "number", target="persons"),
    ],
    ids=str,
)
def test_link_passes_when_items_pair_and_can_be_compared(good: Link) -> None:
    assert faults_of(good) == []


@pytest.mark.parametrize(
    ("bad", "member", "what"),
    [
        (link(target="village"), "target", "unknown entry `village`"),
        (link(target_items="id"), "target_items", "unknown item `id` of `villages`"),
        (link(target_items="id", many=True), "target_items", "unknown item `id` of `villages`"),
        (link("people", "people"), "many", "a link to one doesn't use the target's key"),
        (link("village people", "code people"), "many", "a link to one doesn't use the target's key"),
        (link("people"), "target_items", "`people` (integer) can't be compared with `code` (string)"),
        (link("people", "area", many=True), "target_items", "can't be compared"),
        (link("width", "area", many=True), "target_items", "can't be compared"),
        (link("shape", "shape", many=True), "target_items", "can't be compared"),
    ],
    ids=str,
)
def test_link_has_exactly_the_planted_fault(bad: Link, member: str, what: str) -> None:
    [(file, column, found)] = faults_of(link(many=True), bad)
    assert (file, column) == ("catalog/persons.json", f"links[1].{member}")
    assert what in found


def test_link_to_an_entry_that_could_not_be_read_is_no_fault() -> None:
    assert faults_of(link(target="lost"), absent=("lost",)) == []


def test_link_without_a_target_or_to_an_entry_without_key_is_no_further_fault() -> None:
    keyless = dataclasses.replace(entry("villages", "2", VILLAGE_ITEMS), key=())
    persons = entry("persons", "1", PERSON_ITEMS, link(target=""), link(), link("unknown", "code"))
    assert validate_catalog([FiledEntry("a", persons), FiledEntry("b", keyless)]) == []


def test_codes_are_unique_in_the_catalog() -> None:
    entries = [FiledEntry(f"catalog/{name}.json", entry(name, "1", VILLAGE_ITEMS)) for name in ("a", "b", "c")]
    faults = validate_catalog(entries)
    assert [(fault.file, fault.column) for fault in faults] == [("catalog/b.json", "code"), ("catalog/c.json", "code")]
    assert "is the code of catalog/a.json too" in faults[0].what.en


def test_entries_without_a_code_are_no_further_fault() -> None:
    blank = dataclasses.replace(entry("a", "1", VILLAGE_ITEMS), code=EntryCode(""))
    assert validate_catalog([FiledEntry("a", blank), FiledEntry("b", blank)]) == []


def test_related_code_that_no_entry_has_is_a_remark() -> None:
    first = dataclasses.replace(
        entry("a", "1", VILLAGE_ITEMS), related=(EntryCode("303001001/2"), EntryCode("303001001/9"))
    )
    remarks = unknown_related([first, entry("b", "2", VILLAGE_ITEMS)])
    assert [remark.en for remark in remarks] == [
        "`303001001/1` names the related entry `303001001/9`, which isn't in this catalog"
    ]
