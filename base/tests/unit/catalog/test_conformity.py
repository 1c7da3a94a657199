import pytest

from portal.catalog.conformity import ITEMS_LIMIT
from tests.unit.catalog.example import Document, parse, put


@pytest.mark.parametrize(
    ("path", "value", "place", "what"),
    [
        ("code", "3030010/1x/", "code", "no resource code"),
        ("code", "103001001/00001", "code", "is no code of kind department"),
        ("code", "403001001/00001", "code", "is no code of kind department"),
        ("kind", "theme", "code", "is no code of kind theme"),
        ("kind", "themes", "kind", "can't be"),
        ("identifier", "Residents", "identifier", "can't be an identifier"),
        ("identifier", "residents_edge", "identifier", "can't be an identifier"),
        ("provider", "11999999MB0000028M", "provider", "no unified social credit code"),
        ("format.category", "paper", "format.category", "can't be"),
        ("classified", True, "classified", "declared classified"),
        ("classified", "no", "classified", "can't be"),
        ("share_condition", None, "share_condition", "without `share_condition`"),
        ("share_condition", "", "share_condition", "can't be"),
        ("share_class", "not_shared", "legal_basis", "without `legal_basis`"),
        ("share_class", "secret", "share_class", "can't be"),
        ("share_modes", ["query", "query"], "share_modes", "listed twice"),
        ("share_modes", ["fax"], "share_modes", "can't be"),
        ("update_cycle", "hourly", "update_cycle", "can't be"),
        ("published_on", "2026-02-30", "published_on", "a date that doesn't exist"),
        ("published_on", "20260102", "published_on", "no date"),
        ("status", "final", "status", "can't be"),
        ("related", ["a", "a"], "related", "listed twice"),
        ("extensions", [], "extensions", "can't be"),
        ("key", ["name", "nome"], "key", "unknown item `nome`"),
        ("key", ["code", "code"], "key", "listed twice"),
        ("key", [], "key", "can't be `[]`"),
        ("items", [], "items", "can't be `[]`"),
        ("items.1", "name", "items[1]", "no object"),
        ("items.1.identifier", "not", "items[1].identifier", "can't be an identifier"),
        ("items.1.identifier", "code", "items[1].identifier", "is taken"),
        ("links.0.identifier", "name", "links[0].identifier", "is taken"),
        ("items.1.type", "text", "items[1].type", "can't be"),
        ("items.1.type", "text_list", "items[1].type", "can't be"),
        ("items.1.type", "address", "items[1].type", "can't be"),
        ("items.1.length", 0, "items[1].length", "can't be"),
        ("items.1.length", "60", "items[1].length", "can't be"),
        ("items.1.length", 2**31, "items[1].length", "can't be"),
        ("items.1.type", "integer", "items[1].length", "belongs to items of type string"),
        ("items.1.scale", 2, "items[1].scale", "belongs to items of type decimal"),
        ("items.1.sensitivity", 5, "items[1].sensitivity", "can't be"),
        ("items.1.sensitivity", 0, "items[1].sensitivity", "can't be"),
        ("items.1.sensitivity", True, "items[1].sensitivity", "can't be"),
        ("items.1.share_class", "not_shared", "items[1].legal_basis", "without `legal_basis`"),
        ("items.1.description", 1, "items[1].description", "can't be"),
        ("items.1.open", None, "items[1].open", "can't be"),
        ("links.0.items", [], "links[0].items", "can't be `[]`"),
        ("links.0.items", ["divison"], "links[0].items", "unknown item `divison`"),
        ("links.0.target_items", ["code", "name"], "links[0].target_items", "2 target items for 1 items"),
        ("links.0.many", "no", "links[0].many", "can't be"),
        ("links", {}, "links", "can't be"),
        ("keywords", "人口", "keywords", "can't be"),
    ],
)
def test_entry_has_exactly_the_planted_fault(path: str, value: object, place: str, what: str) -> None:
    [(found_place, found_what)] = parse(put(path, value))[1]
    assert found_place == place
    assert what in found_what


def test_key_is_refused_when_it_is_json() -> None:
    def change(document: Document) -> None:
        document["items"][0] |= {"type": "json"}
        del document["items"][0]["length"]

    assert parse(change)[1] == [("key", "`code` is JSON, which can't be compared")]


@pytest.mark.clause("ND-15")
@pytest.mark.parametrize(
    ("entry_class", "item_class", "members", "places"),
    [
        ("unconditional", "conditional", {}, ["items[0].share_condition"]),
        ("unconditional", "conditional", {"share_condition": "按约定"}, []),
        ("unconditional", "not_shared", {}, ["items[0].legal_basis"]),
        ("unconditional", "not_shared", {"legal_basis": "合成法第一条"}, []),
        ("unconditional", "unconditional", {}, []),
        ("not_shared", "conditional", {}, ["items[0].share_condition"]),
        ("not_shared", "not_shared", {}, []),
        ("not_shared", "unconditional", {}, []),
    ],
)
def test_item_needs_the_words_of_its_class_when_the_entry_has_none(
    entry_class: str, item_class: str, members: Document, places: list[str]
) -> None:
    def change(document: Document) -> None:
        basis = "合成法第一条" if entry_class == "not_shared" else None
        document |= {"share_class": entry_class, "share_condition": None, "legal_basis": basis}
        document["items"] = [document["items"][0] | {"share_class": item_class} | members]
        document["links"] = []

    found = [place for place, _ in parse(change)[1]]
    # The entry's basis holds for an item of its own class alone; a conditional item needs its condition.
    assert found == places


def test_entry_that_is_not_shared_needs_no_mode() -> None:
    def change(document: Document) -> None:
        document |= {"share_class": "not_shared", "legal_basis": "合成法第一条", "share_modes": []}

    assert parse(change)[1] == []


def test_too_many_items_are_a_fault() -> None:
    def change(document: Document) -> None:
        item = document["items"][0]
        document["items"] += [item | {"identifier": f"i{number}"} for number in range(ITEMS_LIMIT - 2)]

    assert parse(change)[1] == [("items", f"{ITEMS_LIMIT + 1} items, {ITEMS_LIMIT} are allowed")]
