from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from sqlalchemy import create_engine

from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import parse_entry, render_entry
from portal.errors import PolicyUnavailable
from portal.json_text import parse_json, render_json
from portal.policies.information_point import parse_content
from portal.policies.reading import parse_record
from portal.policies.record_parts import SharedParts
from portal.policies.records import PolicyRecord
from portal.policies.rows import StoredDocument, load_document, load_record, store_record
from portal.storage import tables
from portal.storage.content import ActiveRow, ContentRow, PortalIdentity, key_fingerprint, read_content
from portal.storage.content_changes import ChangeNote, WantedContent, compare_content, store_change
from portal.storage.metadata import metadata
from portal.vocabulary import EntryCode
from tests.fixtures.hostile_text import FRAGMENTS, hostile_text
from tests.fixtures.small_bundle import Document, small_bundle, statutory

SECRET = b"synthetic secret"


@pytest.fixture(scope="module")
def entries() -> Mapping[EntryCode, CatalogEntry]:
    found = {}
    for name, document in small_bundle().entries.items():
        entry, faults = parse_entry(document, name)
        assert entry is not None
        assert faults == []
        found[entry.code] = entry
    return found


def parse(document: Document, entries: Mapping[EntryCode, CatalogEntry]) -> PolicyRecord:
    record, faults = parse_record(document, "test", entries)
    assert faults == []
    assert record is not None
    return record


def hostile_document(random: Random, number: int, strings: int) -> Document:
    """Return a record whose free texts are all hostile; `strings` of them in its scope."""
    texts = sorted({hostile_text(random) for _ in range(strings)})
    return statutory(
        f"hostile-{number}",
        consumer=f"{random.choice(['department', 'group', 'application'])}:{hostile_text(random)}x",
        matters=sorted({hostile_text(random) + "x" for _ in range(3)}),
        applications=sorted({hostile_text(random) + "x" for _ in range(3)}),
        purposes=sorted({hostile_text(random) + "x" for _ in range(3)}),
        condition={"department": {"ne": hostile_text(random)}, "groups": {"contains": hostile_text(random)}},
        scope={"or": [{"name": {"in": texts}}, {"name": {"startsWith": hostile_text(random)}}]},
        basis=hostile_text(random) + "x",
    )


def through_the_store(rows: Mapping[str, ContentRow]) -> Mapping[str, ContentRow]:
    """Return the rows as they come back from a database."""
    engine = create_engine("sqlite://")
    identity = PortalIdentity("test", key_fingerprint(SECRET), "nantong-2015", "测试")
    wanted = WantedContent(identity, {tables.policy_records.name: rows})
    with engine.begin() as connection:
        metadata.create_all(connection)
        store_change(connection, compare_content(None, wanted), ChangeNote("2026-01-01T00:00:00Z", "", ""), SECRET)
        content = read_content(connection, SECRET)
    engine.dispose()
    return content.active(tables.policy_records)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="nothing beside what must be there"),
        pytest.param({"items": ["*"], "purposes": ["*"], "modes": ["*"]}, id="everything"),
        pytest.param({"valid_from": "2026-01-01T00:00:00+08:00", "valid_until": "2027-01-01T00:00:00Z"}, id="a period"),
        pytest.param({"valid_from": "0001-01-01T00:00:00Z", "valid_until": "9999-12-31T23:59:59Z"}, id="all times"),
        pytest.param({"matters": ["m"], "applications": ["a"]}, id="matters and applications"),
        pytest.param({"condition": {"auth_level": {"gte": 2}}}, id="a condition"),
        pytest.param({"scope": {"and": []}}, id="a scope that is always true"),
        pytest.param({"scope": {"or": []}}, id="a scope that is never true"),
        pytest.param({"scope": {"not": {"division": {"eq": {"subject": "region"}}}}}, id="a subject's attribute"),
        pytest.param({"obligations": {"mask": {"name": {"hash": {}}}, "max_rows": 1, "daily_rows": 2}}, id="limits"),
        pytest.param({"obligations": {"mask": {"income": {"generalise": {"to": 1000}}}}}, id="a mask of numbers"),
        pytest.param({"effect": "deny", "kind": "restriction", "consumer": "public"}, id="a deny"),
        pytest.param({"consumer": "group:a:b", "basis": "依据\n“二”"}, id="colons and line ends"),
    ],
)
def test_record_is_the_same_when_it_comes_back(
    members: dict[str, Any], entries: Mapping[EntryCode, CatalogEntry]
) -> None:
    record = parse(statutory("record", **members), entries)
    stored = through_the_store({"record": store_record(record, statutory("record", **members), "bundle")})
    assert parse(load_document("record", stored["record"]), entries) == record


def test_decimals_keep_their_digits(entries: Mapping[EntryCode, CatalogEntry]) -> None:
    document = parse_json(render_json(statutory("record")).replace('"basis"', '"scope":{"income":{"eq":1.10}},"basis"'))
    assert isinstance(document, dict)
    row = store_record(parse(document, entries), document, "bundle")
    assert row.text("scope") == '{"income":{"eq":1.10}}'


def test_loaded_document_leaves_out_what_is_empty(entries: Mapping[EntryCode, CatalogEntry]) -> None:
    document = statutory("record", matters=[], applications=[], condition={}, scope={}, obligations={})
    row = store_record(parse(document, entries), document, "bundle")
    assert load_document("record", row) == statutory("record")
    assert len(StoredDocument("record", row)) == len(statutory("record"))


@pytest.mark.clause("T10")
@pytest.mark.parametrize("text", FRAGMENTS)
def test_record_is_the_same_when_its_texts_are_hostile(text: str, entries: Mapping[EntryCode, CatalogEntry]) -> None:
    document = statutory(
        "record",
        consumer=f"department:{text}x",
        matters=[text + "x"],
        condition={"department": {"ne": text}},
        scope={"name": {"in": [text]}},
        basis=f"{text}x",
    )
    record = parse(document, entries)
    stored = through_the_store({"record": store_record(record, document, "bundle")})
    assert parse(load_document("record", stored["record"]), entries) == record


@pytest.mark.clause("T10")
def test_records_of_100000_hostile_texts_are_the_same_when_they_come_back(
    entries: Mapping[EntryCode, CatalogEntry],
) -> None:
    random = Random(10)
    documents = {f"hostile-{n}": hostile_document(random, n, 500) for n in range(215)}
    records = {name: parse(document, entries) for name, document in documents.items()}
    assert sum(len(document["scope"]["or"][0]["name"]["in"]) for document in documents.values()) >= 100_000
    stored = through_the_store(
        {name: store_record(record, documents[name], "bundle") for name, record in records.items()}
    )
    assert {name: parse(load_document(name, row), entries) for name, row in stored.items()} == records


def loaded(name: str, row: ContentRow, entries: Mapping[EntryCode, CatalogEntry], shared: SharedParts) -> PolicyRecord:
    return load_record(name, ActiveRow(1, 1, row), entries, shared)


def test_records_that_share_their_parts_are_those_read_by_themselves(entries: Mapping[EntryCode, CatalogEntry]) -> None:
    """Each part is drawn of few, so that most are alike in several records."""
    random, shared, rows = Random(11), SharedParts(), {}
    parts: dict[str, list[Any]] = {
        "consumer": [f"department:{n}" for n in range(3)] + ["group:g"],
        "items": [["*"], ["code"], ["code", "name"], ["name", "code"]],
        "purposes": [["*"], ["verification"], ["verification", "statistics"]],
        "modes": [["*"], ["query"]],
        "matters": [[], ["m"]],
        "applications": [[], ["a", "b"]],
        "condition": [{}, {"auth_level": {"gte": 2}}],
        "scope": [{}, {"name": {"eq": "a"}}, {"name": {"eq": "b"}}],
        "obligations": [{}, {"max_rows": 5}],
        "valid_until": [None, "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"],
        "basis": ["依据", "另一依据"],
    }
    for number in range(600):
        document = statutory(f"r{number}", **{name: random.choice(values) for name, values in parts.items()})
        rows[f"r{number}"] = store_record(parse(document, entries), document, "bundle")
    records = {name: loaded(name, row, entries, shared) for name, row in rows.items()}
    assert records == {name: parse(load_document(name, row), entries) for name, row in rows.items()}
    assert len({id(record.condition) for record in records.values()}) == 2
    assert len({id(record.items) for record in records.values()}) <= 4


def test_scope_is_read_for_each_entry_by_itself(entries: Mapping[EntryCode, CatalogEntry]) -> None:
    """The same text says a number of one entry's item and a text of another's."""
    codes = list(entries)
    texts = entry_with_item(entries[codes[0]], "string")
    numbers = entry_with_item(entries[codes[1]], "integer")
    both, shared = {texts.code: texts, numbers.code: numbers}, SharedParts()
    documents = [
        statutory(f"r{n}", resource=code, items=["*"], scope={"x": {"eq": "7"}}) for n, code in enumerate(both)
    ]
    stored = [store_record(parse(document, both), document, "bundle") for document in documents]
    records = [loaded(f"r{n}", row, both, shared) for n, row in enumerate(stored)]
    assert records == [parse(document, both) for document in documents]
    assert records[0].scope != records[1].scope


def entry_with_item(of: CatalogEntry, kind: str) -> CatalogEntry:
    """Return the entry with one item, `x`, of this type."""
    document = render_entry(of)
    added: Document = {"identifier": "x", "name": "x", "type": kind, "share_class": "unconditional"}
    length = {"length": 9} if kind == "string" else {}
    document |= {"items": [{**added, **length, "open": False, "sensitivity": 1}], "key": ["x"], "links": []}
    entry, faults = parse_entry(document, "x")
    assert faults == []
    assert entry is not None
    return entry


@pytest.mark.clause("T13")
@pytest.mark.parametrize("cells", [{"purposes": "[]"}, {"scope": '{"none":{"eq":1}}'}, {"items": '["none"]'}])
def test_fault_of_a_part_is_found_in_every_record_that_has_it(
    cells: dict[str, str], entries: Mapping[EntryCode, CatalogEntry]
) -> None:
    record = statutory("record")
    row = store_record(parse(record, entries), record, "bundle")
    wrong = ContentRow({**row.cells, **cells}, {})
    shared = SharedParts()
    for name in ("a", "b"):
        with pytest.raises(PolicyUnavailable):
            loaded(name, wrong, entries, shared)


def test_content_without_entries_and_records_is_read() -> None:
    engine = create_engine("sqlite://")
    identity = PortalIdentity("test", key_fingerprint(SECRET), "nantong-2015", "测试")
    with engine.begin() as connection:
        metadata.create_all(connection)
        change = compare_content(None, WantedContent(identity, {}))
        assert store_change(connection, change, ChangeNote("2026-01-01T00:00:00Z", "", ""), SECRET) == 1
        content = parse_content(read_content(connection, SECRET))
    engine.dispose()
    assert (content.epoch, content.entries, content.records) == (1, (), ())


@pytest.mark.clause("T13")
@pytest.mark.parametrize("cells", [{"effect": "deny"}, {"kind": "restriction"}, {"purposes": "[]"}, {"modes": "[7]"}])
def test_record_is_refused_when_one_that_differs_in_a_cell_was_sound(
    cells: dict[str, str], entries: Mapping[EntryCode, CatalogEntry]
) -> None:
    """What was read of many members at once is no answer for a record of which one is another."""
    document, shared = statutory("record"), SharedParts()
    row = store_record(parse(document, entries), document, "bundle")
    loaded("sound", row, entries, shared)
    with pytest.raises(PolicyUnavailable):
        loaded("broken", ContentRow({**row.cells, **cells}, {}), entries, shared)
