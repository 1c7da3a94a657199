"""The root field `catalog`: search, facets, pages; and that no search finds what isn't shown."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from portal.catalog.index_layers import CatalogIndex
from portal.catalog.search import SearchDocument
from portal.vocabulary import PUBLIC, DepartmentCode, EntryCode, Subject
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CASES, CHECKER, PLANS, RESIDENTS, VILLAGES, sharing_bundle
from tests.fixtures.small_bundle import PROVIDER, BundleDraft, entry, item

STREETS = "303001001/00005"
DOCUMENT = """
query ($search: String, $kind: EntryKind, $provider: String, $shareClass: ShareClass, $open: Boolean,
       $updateCycle: UpdateCycle, $classification: [String!], $first: Int, $after: String) {
  catalog(search: $search, kind: $kind, provider: $provider, shareClass: $shareClass, open: $open,
          updateCycle: $updateCycle, classification: $classification, first: $first, after: $after) {
    nodes { code } edges { cursor node { code } } pageInfo { hasNextPage endCursor } totalCount
    facets {
      kind { value count } provider { value name count } shareClass { value count } open { value count }
      updateCycle { value count } classification { path count }
    }
  }
}
"""


def searchable_bundle() -> BundleDraft:
    """Return the sharing bundle with words to search for, some in what the public isn't shown."""
    draft = sharing_bundle()
    draft.entries["villages"] |= {
        "name": "行政村名录",
        "abstract": "各镇的行政村",
        "keywords": ["村庄"],
        "classification": ["基础信息资源", "行政区划", "", ""],
    }
    draft.entries["villages"]["items"][-1] |= {"name": "内部批注"}
    draft.entries["residents"] |= {
        "name": "常住人口登记",
        "abstract": "居住在行政村的人",
        "keywords": ["户籍", "村庄"],
        "classification": ["基础信息资源", "人口", "", ""],
        "update_cycle": "yearly",
    }
    streets = entry("streets", STREETS, [item("code", open=True), item("village", open=True)], open=True)
    streets["name"] = "街道"
    streets["items"][1] |= {"name": "所辖行政村"}
    draft.entries["streets"] = streets
    draft.rows["streets"] = ["code,village"]
    return draft


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(searchable_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def catalog(world: PortalWorld, by: str | None = CHECKER, **variables: object) -> Any:  # noqa: ANN401  JSON
    return world.ask(DOCUMENT, by=by, variables=variables).data["catalog"]


def codes(world: PortalWorld, by: str | None = CHECKER, **variables: object) -> list[str]:
    return [node["code"] for node in catalog(world, by, **variables)["nodes"]]


def test_search_ranks_by_title_then_items_then_abstract(world: PortalWorld) -> None:
    assert codes(world, search="行政村") == [VILLAGES, STREETS, RESIDENTS]
    assert codes(world, search="政村") == [VILLAGES, STREETS, RESIDENTS]
    assert codes(world, search="村庄") == [VILLAGES, RESIDENTS]
    assert codes(world, search="户籍 行政村") == [RESIDENTS]
    assert codes(world, search="籍") == [RESIDENTS]
    assert codes(world, search="RESIDENTS") == [RESIDENTS]
    assert codes(world, search="！") == []


def test_search_is_narrowed_by_filters(world: PortalWorld) -> None:
    assert codes(world, search="行政村", open=True) == [VILLAGES, STREETS]
    assert codes(world, search="行政村", updateCycle="YEARLY") == [RESIDENTS]
    assert codes(world, search="行政村", classification=["基础信息资源", ""]) == [VILLAGES, RESIDENTS]
    assert codes(world, search="行政村", provider="11999999MB0000043B") == []
    assert codes(world, shareClass="NOT_SHARED") == [CASES]


def test_search_pages_without_gap_or_repetition(world: PortalWorld) -> None:
    seen, after = [], None
    for left in (True, True, False):
        page = catalog(world, search="行政村", first=1, after=after)
        assert page["totalCount"] == 3
        assert page["pageInfo"]["hasNextPage"] is left
        seen.append(page["nodes"][0]["code"])
        after = page["pageInfo"]["endCursor"]
        assert page["edges"][0]["cursor"] == after
    assert seen == [VILLAGES, STREETS, RESIDENTS]
    assert catalog(world, search="行政村", after=after)["pageInfo"] == {"hasNextPage": False, "endCursor": None}


def test_catalog_without_search_is_in_the_order_of_codes(world: PortalWorld) -> None:
    everything = [VILLAGES, RESIDENTS, CASES, PLANS, STREETS]
    assert codes(world) == everything
    assert codes(world, search="  ") == everything
    page = catalog(world, first=2, after=RESIDENTS)
    assert [node["code"] for node in page["nodes"]] == [CASES, PLANS]
    assert page["pageInfo"] == {"hasNextPage": True, "endCursor": PLANS}


def test_facets_count_the_result_each_without_its_own_filter(world: PortalWorld) -> None:
    facets = catalog(world, search="行政村", open=True)["facets"]
    assert facets["open"] == [{"value": "true", "count": 2}, {"value": "false", "count": 1}]
    assert facets["provider"] == [{"value": PROVIDER, "name": "提供方", "count": 2}]
    assert facets["shareClass"] == [{"value": "UNCONDITIONAL", "count": 2}]
    assert {"path": ["基础信息资源", "行政区划"], "count": 1} in facets["classification"]
    assert {"path": ["基础信息资源", "人口"], "count": 1} not in facets["classification"]


@pytest.mark.parametrize("search", ["批注", "内部", "note", "常住", "户籍", "plans", "嫌疑", "suspect", "residents"])
def test_search_of_the_public_finds_no_text_that_it_is_not_shown(world: PortalWorld, search: str) -> None:
    hidden, absent = (world.ask(DOCUMENT, variables={"search": text}).content for text in (search, "龘龘"))
    assert hidden == absent


def test_search_of_the_public_finds_what_is_open(world: PortalWorld) -> None:
    assert codes(world, None, search="行政村") == [VILLAGES, STREETS]
    assert codes(world, None) == [VILLAGES, STREETS]
    facets = catalog(world, None)["facets"]
    assert facets["shareClass"] == [{"value": "UNCONDITIONAL", "count": 2}]
    assert codes(world, search="批注") == [VILLAGES]


def test_search_sees_a_changed_catalog_at_once(tmp_path: Path) -> None:
    draft = searchable_bundle()
    with open_world(draft, tmp_path / "first") as changing:
        assert codes(changing, None, search="街道") == [STREETS]
        draft.entries["streets"]["name"] = "镇街"
        draft.entries["villages"] |= {"open": False}
        for one in draft.entries["villages"]["items"]:
            one["open"] = False
        changing.load(draft, tmp_path / "second")
        assert codes(changing, None, search="街道") == []
        assert codes(changing, None, search="镇街") == [STREETS]
        assert codes(changing, None, search="行政村") == [STREETS]


def test_search_keeps_its_index_when_only_policies_change(tmp_path: Path) -> None:
    draft = searchable_bundle()
    with open_world(draft, tmp_path / "first") as changing:
        assert codes(changing, search="街道") == [STREETS]
        shelves, keeper = changing.portal.endpoint.shelves, changing.portal.road.keeper
        before = changing.run(shelves.shelf(changing.run(keeper.current()).snapshot, Subject(DepartmentCode(PROVIDER))))
        del draft.policies["names"]
        assert changing.load(draft, tmp_path / "second").changed
        assert codes(changing, search="街道") == [STREETS]
        after = changing.run(shelves.shelf(changing.run(keeper.current()).snapshot, Subject(DepartmentCode(PROVIDER))))
        assert after is before


@pytest.mark.parametrize("is_public", [False, True])
def test_search_reads_an_entry_again_only_when_it_changed(tmp_path: Path, is_public: bool) -> None:
    draft, subject = searchable_bundle(), Subject(None if is_public else DepartmentCode(PROVIDER))
    by = None if is_public else CHECKER

    def documents(world: PortalWorld) -> Mapping[EntryCode, SearchDocument]:
        assert codes(world, by, search="行政村") != []
        snapshot = world.run(world.portal.road.keeper.current()).snapshot
        indexed = world.run(world.portal.endpoint.shelves.shelf(snapshot, subject)).latest_indexed
        assert indexed is not None
        return indexed.documents

    with open_world(draft, tmp_path / "first") as changing:
        # The other side is asked first: nothing of it may be taken over.
        codes(changing, CHECKER if is_public else None, search="行政村")
        before = documents(changing)
        draft.entries["streets"]["name"] = "镇街"
        changing.load(draft, tmp_path / "second")
        after = documents(changing)
        assert before.keys() == after.keys()
        assert {code for code in after if after[code] is not before[code]} == {STREETS}
        assert (codes(changing, by, search="批注") == []) is is_public


@pytest.mark.parametrize(
    "variables",
    [
        {"search": "字" * 201},
        {"search": " ".join("abcdefghijk")},
        {"search": "\0"},
        {"search": "村", "after": "nothing"},
        {"search": "村", "after": VILLAGES},
        {"classification": ["\0"]},
        {"first": 0},
        {"first": 1001},
    ],
)
def test_catalog_refuses_input_that_it_cannot_use(world: PortalWorld, variables: dict[str, object]) -> None:
    assert world.ask(DOCUMENT, by=CHECKER, variables=variables).codes == ["BAD_INPUT"]


def test_catalog_is_indexed_before_anyone_searches(tmp_path: Path) -> None:
    subjects = PUBLIC, Subject(DepartmentCode(PROVIDER))
    with open_world(searchable_bundle(), tmp_path / "first") as world:
        endpoint, keeper = world.portal.endpoint, world.portal.road.keeper

        async def indexed() -> list[CatalogIndex]:
            snapshot = (await keeper.current()).snapshot
            found = [(await endpoint.shelves.shelf(snapshot, subject)).latest_indexed for subject in subjects]
            return [one.index for one in found if one is not None]

        async def all_indexed() -> list[CatalogIndex]:
            async with asyncio.timeout(20):
                while len(indexes := await indexed()) < len(subjects):  # noqa: ASYNC110 - it is indexed in a thread
                    await asyncio.sleep(0.001)
            return indexes

        of_public, of_departments = world.run(all_indexed())
        assert len(of_public.find(["村"])) == 2
        assert len(of_departments.find(["村"])) == 3
