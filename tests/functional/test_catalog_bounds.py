"""Documents that ask much of the catalog or the schema in few bytes (T70, T71)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, RESIDENTS, allow, sharing_bundle
from tests.fixtures.small_bundle import CONSUMER, entry, item

pytestmark = pytest.mark.clause("T71")

WIDE = "303001001/00088"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    items = [item(f"i{n}", open=True) for n in range(60)]
    draft.entries["wide"] = entry("wide", WIDE, items, open=True)
    draft.entries["wider"] = entry("wider", "303001001/00089", items, open=True)
    with open_world(draft, tmp_path_factory.mktemp("world")) as opened:
        yield opened


def aliases(field: str, count: int) -> str:
    return " ".join(f"a{n}:{field}" for n in range(count))


ENTRY = f'catalogEntry(code: "{WIDE}") {{...F}}'
MUCH = {
    "items of one entry": f'{{catalogEntry(code: "{WIDE}") {{{aliases("items{...F}", 10)}}}}}'
    f" fragment F on InformationItem {{{aliases('name', 200)}}}",
    "items of a page": f"{{catalog(first: 20) {{nodes {{items {{{aliases('name', 600)}}}}}}}}}",
    "one description again and again": f"{{a: {ENTRY} b: {ENTRY}}}"
    f" fragment F on CatalogEntry {{{aliases('interfaceDescription', 300)}}}",
    "records of items": f'{{explain(resource: "{RESIDENTS}") {{items {{{aliases("records{...F}", 40)}}}}}}}'
    f" fragment F on ExplainedRecord {{{aliases('text', 60)}}}",
}


@pytest.mark.parametrize("document", MUCH.values(), ids=MUCH)
@pytest.mark.parametrize("by", [None, CHECKER], ids=str)
def test_document_that_is_small_and_asks_for_much_is_refused(world: PortalWorld, document: str, by: str | None) -> None:
    assert len(document) < 8192
    answer = world.ask(document, by=by)
    assert answer.codes == ["TOO_COMPLEX"]
    assert "values of the catalog" in answer.errors[0]["message"]


ALL = """code identifier name provider { code name } providerUnit abstract keywords classification formatCategory
    formatType kind grade shareClass shareCondition shareModes useRequirements legalBasis open openCondition updateCycle
    publishedOn serviceWindow handler related relatedEntries { code identifier name provider { code name } abstract kind
    shareClass open status } key items { identifier name type length scale shareClass open sensitivity description
    shareCondition legalBasis } links { identifier items target targetItems many } status"""


def test_whole_pages_of_the_catalog_are_answered(world: PortalWorld) -> None:
    found = world.ask(f"{{a: catalog(first: 1000) {{nodes {{{ALL}}}}} b: catalog {{nodes {{{ALL}}}}}}}", by=CHECKER)
    assert len(found.data["a"]["nodes"]) == len(found.data["b"]["nodes"]) == 6


def test_entry_that_is_asked_for_again_and_again_is_described_once(world: PortalWorld) -> None:
    document = f"{{{' '.join(f'e{n}: catalogEntry(code: {chr(34)}{WIDE}{chr(34)}) {{ ...F }}' for n in range(9))}}}"
    answer = world.ask(f"{document} fragment F on CatalogEntry {{ {aliases('interfaceDescription', 20)} }}", by=CHECKER)
    texts = [text for one in answer.data.values() for text in one.values()]
    assert len(texts) == 180
    assert len(set(texts)) == 1


@pytest.mark.clause("T70")
@pytest.mark.parametrize("name", ["Shared", "Query", "residents_where"])
def test_type_named_by_a_default_counts_as_one_that_is_written(world: PortalWorld, name: str) -> None:
    below = f"fields{{args{{...F}} {aliases('args{...F}', 19)}}} inputFields {{...F type {{name}}}}"
    fragment = f"fragment F on __InputValue {{{aliases('name', 400)}}}"
    spread = f"{{...T}}}} fragment T on __Type {{{below}}} {fragment}"
    written = world.ask(f'{{__type(name: "{name}") {spread}', by=CHECKER)
    default = world.ask(f'query ($n: String! = "{name}") {{__type(name: $n) {spread}', by=CHECKER)
    given = world.ask(f"query ($n: String!) {{__type(name: $n) {spread}", by=CHECKER, variables={"n": name})
    assert written.codes == default.codes == given.codes
    if name == "Shared":
        assert written.codes == ["TOO_COMPLEX"]


@pytest.mark.clause("T58")
@pytest.mark.parametrize("by", [None, CHECKER], ids=str)
def test_refusal_counts_nothing_that_the_subject_may_not_know(tmp_path: Path, by: str | None) -> None:
    """The number in the sentence is the same whatever is hidden: entries, items and policies from the public."""
    told = []
    for number, hidden in enumerate((1, 9)):
        draft = sharing_bundle()
        for index in range(hidden):
            draft.policies[f"more{index}"] = {
                "id": f"more{index}",
                **allow(RESIDENTS, f"department:{CONSUMER}", ["code"]),
            }
            if by is None:
                items = [item(f"i{place}") for place in range(10 * hidden)]
                draft.entries[f"more{index}"] = entry(f"more{index}", f"303001001/001{index:02}", items)
        with open_world(draft, tmp_path / str(number), max_catalog_cells="3") as world:
            asked = "{catalog {nodes {items {name}}} explain(resource: 1) {items {records {id}}}}"
            told.append([world.ask(asked.replace(": 1", ': "1"'), by=by).errors[0]["message"]])
    assert told[0] == told[1]
    assert "values of the catalog" in told[0][0]
