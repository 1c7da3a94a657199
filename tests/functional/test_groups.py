"""Counts of groups over HTTP: what is counted, what is refused, each kind by its name, and what the public is shown."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from portal.audit.records import quota_day
from portal.storage.addresses import database_path
from tests.fixtures.linked_bundle import linked_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, PLANNER, RESIDENTS, sharing_bundle
from tests.fixtures.small_bundle import BundleDraft, entry, item
from tests.functional.test_links import refusal, shared

PAGE = (Path(__file__).parents[2] / "docs/groups.md").read_text(encoding="utf-8")
VERIFYING = "purpose: VERIFICATION"
COUNTS = {"100": 9, "200": 7, "300": 6, "400": 2}
"""Villages by population."""


def draft_of_villages() -> BundleDraft:
    """Return the sharing bundle with villages enough that the public is shown groups of them."""
    draft = sharing_bundle()
    populations = [population for population, count in COUNTS.items() for _ in range(count)]
    rows = [f"{number:08},合成{number},{population},,,," for number, population in enumerate(populations, start=1)]
    draft.rows["villages"] = [draft.rows["villages"][0], *rows]
    return draft


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(draft_of_villages(), tmp_path_factory.mktemp("groups")) as opened:
        yield opened


def groups(world: PortalWorld, arguments: str, by: str | None = CHECKER, field: str = "villages") -> list[Any]:
    """Return the groups of a field, each as its key and count."""
    name = field.partition("(")[0]
    found = shared(world, f"{field} {{ groups({arguments}) {{ key count }} }}", by)[name]["groups"]
    return [(*group["key"], group["count"]) for group in found]


def residents(arguments: str) -> str:
    return f"residents({VERIFYING}) {{ groups({arguments}) {{ key count }} }}"


def last_record(world: PortalWorld) -> dict[str, Any]:
    with closing(sqlite3.connect(database_path(world.settings.database_url))) as connection:
        (text,) = connection.execute("SELECT record FROM audit_records ORDER BY sequence DESC LIMIT 1").fetchone()
    record: dict[str, Any] = json.loads(text)
    return record


def test_groups_come_the_largest_first_with_keys_as_cells_of_an_answer(world: PortalWorld) -> None:
    assert groups(world, "by: [population]") == [(100, 9), (200, 7), (300, 6), (400, 2)]
    assert groups(world, "by: [present, children], first: 3", field=f"residents({VERIFYING})") == [
        (False, 5, 2),
        (True, 1, 2),
        (True, 2, 1),
    ]


def test_groups_of_one_count_are_in_the_order_of_their_keys_with_nulls_last(world: PortalWorld) -> None:
    found = groups(world, "by: [income], where: {income: {lt: 1000}}", field=f"residents({VERIFYING})")
    assert found == [("0.00", 1), ("1.00", 1), ("99.99", 1), ("100.50", 1)]
    found = groups(world, "by: [children]", field=f"residents({VERIFYING})")
    assert found == [(1, 2), (5, 2), (2, 1), (None, 1)]


@pytest.mark.clause("threats.md T3")
def test_groups_count_the_rows_that_filter_list_and_policy_leave(world: PortalWorld) -> None:
    field = f'residents({VERIFYING}, where: {{code: {{lt: "r11"}}}})'
    found = groups(world, 'by: [division], where: {division: {ne: "9999990103"}}', field=field)
    # Of five rows there a restriction takes one and doubt another; those of other regions are in no count.
    assert found == [("9999990102", 2), ("9999990101", 1)]


def test_several_lists_of_one_field_stand_under_their_aliases(world: PortalWorld) -> None:
    asked = (
        f"residents({VERIFYING}) {{ totalCount a: groups(by: [present]) {{ n: count }} groups(by: born) {{ key }} }}"
    )
    found = shared(world, asked)["residents"]
    assert (found["totalCount"], found["a"]) == (6, [{"n": 4}, {"n": 2}])
    assert len(found["groups"]) == 5


VARIABLES = {"by": ["population"], "where": {"population": {"gt": 100}}, "first": 1}


def test_list_may_stand_in_a_fragment_with_variables(world: PortalWorld) -> None:
    document = """query ($by: [villages_item!]!, $where: villages_where, $first: Int) { shared { villages { ...F } } }
    fragment F on villages_connection { groups(by: $by, where: $where, first: $first) { key count __typename } }"""
    found = world.ask(document, by=CHECKER, variables=VARIABLES).data["shared"]
    assert found["villages"]["groups"] == [{"key": [200], "count": 7, "__typename": "GroupCount"}]


@pytest.mark.clause("enforcement.md §5, view")
def test_group_by_a_hidden_item_is_refused_as_by_one_that_is_not_there(world: PortalWorld) -> None:
    hidden = world.ask(f"{{shared{{{residents('by: [id_number]')}}}}}", by=CHECKER)
    absent = world.ask(f"{{shared{{{residents('by: [id_nowhere]')}}}}}", by=CHECKER)
    assert hidden.codes == absent.codes == ["NOT_VALID"]
    assert hidden.content.replace(b"id_number", b"id_nowhere") == absent.content


def test_hidden_item_of_a_variable_is_refused_as_one_that_is_not_there(world: PortalWorld) -> None:
    document = f"query ($by: [residents_item!]!) {{shared{{{residents('by: $by')}}}}}"
    hidden = world.ask(document, by=CHECKER, variables={"by": ["id_number"]})
    absent = world.ask(document, by=CHECKER, variables={"by": ["id_nowhere"]})
    assert hidden.codes == absent.codes == ["BAD_INPUT"]
    assert hidden.content.replace(b"id_number", b"id_nowhere") == absent.content


def test_group_by_an_item_of_another_purpose_is_refused(world: PortalWorld) -> None:
    asked = "residents(purpose: BUSINESS_COLLABORATION) { groups(by: [division]) { count } }"
    assert refusal(world, asked) == {
        "path": ["shared", "residents"],
        "code": "PURPOSE_DENIED",
        "items": ["division"],
    }


MASKED = 'residents(purpose: WORK_REFERENCE, matter: "999999-0001")'


@pytest.mark.parametrize(
    ("arguments", "items"),
    [
        ("by: [name]", ["name"]),
        ("by: [code, division, born]", ["division", "born"]),
        ('by: [code], where: {name: {startsWith: "合"}}', ["name"]),
        ("by: [code], where: {not: {income: {isNull: true}}}", ["income"]),
    ],
)
def test_group_by_a_masked_item_is_refused(world: PortalWorld, arguments: str, items: list[str]) -> None:
    found = refusal(world, f"{MASKED} {{ name: groups({arguments}) {{ code: key }} }}", PLANNER)
    assert found == {"path": ["shared", "residents"], "code": "MASKED_ITEM", "items": items}


def test_groups_filtered_by_a_hidden_item_are_refused(world: PortalWorld) -> None:
    asked = residents('by: [code], where: {id_number: {startsWith: "9"}}')
    assert world.ask(f"{{shared{{{asked}}}}}", by=CHECKER).codes == ["NOT_VALID"]


def test_json_items_are_not_offered(world: PortalWorld) -> None:
    answer = world.ask('{__type(name: "residents_item") {enumValues {name}}}', by=CHECKER)
    names = [value["name"] for value in answer.data["__type"]["enumValues"]]
    assert names == ["code", "name", "division", "born", "seen", "income", "children", "present"]


@pytest.mark.parametrize(
    "arguments",
    [
        "by: []",
        "by: [code, code]",
        "by: [code, name, division, born, seen, income, children, present, code]",
        "by: [code], first: 0",
        "by: [code], first: 1001",
        "by: [code], where: {name: {eq: null}}",
    ],
)
def test_arguments_that_can_not_be_used_are_refused(world: PortalWorld, arguments: str) -> None:
    assert refusal(world, residents(arguments))["code"] == "BAD_INPUT"


def test_more_groups_than_a_document_may_ask_for_are_refused(world: PortalWorld) -> None:
    lists = " ".join(f"a{number}: groups(by: [code], first: 1000) {{ key count }}" for number in range(1000))
    assert world.ask(f"{{shared{{residents({VERIFYING}) {{ {lists} }}}}}}", by=CHECKER).codes == ["TOO_COMPLEX"]


def test_groups_below_a_link_are_refused(tmp_path: Path) -> None:
    with open_world(linked_bundle(), tmp_path) as linked:
        assert refusal(linked, "streets { nodes { villages { groups(by: [code]) { count } } } }")["code"] == "BAD_INPUT"
        found = shared(linked, "streets { groups(by: [code]) { count } nodes { villages { totalCount } } }")
        assert found["streets"]["groups"]


def test_name_of_the_enum_that_an_entry_has_stays_the_entrys(tmp_path: Path) -> None:
    draft = sharing_bundle()
    draft.entries["villages_item"] = entry("villages_item", "303001002/00010", [item("code"), item("true")])
    draft.rows["villages_item"] = ["code,true", "a,合成"]
    with open_world(draft, tmp_path) as taken:
        assert taken.ask("{shared{villages{groups(by: [code]) {count}}}}", by=CHECKER).codes == ["NOT_VALID"]
        assert shared(taken, f"villages_item({VERIFYING}) {{ nodes {{ code }} }}")["villages_item"]["nodes"] == [
            {"code": "a"}
        ]
        assert groups(taken, "by: [code]", field=f"villages_item({VERIFYING})") == [("a", 1)]
        assert taken.ask('{__type(name: "villages_item") {kind}}', by=CHECKER).data == {"__type": {"kind": "OBJECT"}}


@pytest.mark.clause("threats.md T3")
def test_public_is_not_shown_small_groups_nor_what_would_tell_of_them(world: PortalWorld) -> None:
    everybody = [(100, 9), (200, 7), (300, 6), (400, 2)]
    # Two rows withheld alone would be `totalCount` less the others: the smallest of these goes with them.
    assert groups(world, "by: [population]", None) == everybody[:2]
    assert groups(world, "by: [population], first: 1", None) == everybody[:1]
    assert groups(world, "by: [population], where: {population: {lt: 300}}", None) == everybody[:2]
    assert groups(world, "by: [population], where: {population: {lt: 400}}", None) == everybody[:2]
    field = "villages(where: {population: {lt: 400}})"
    assert groups(world, "by: [population]", None, field) == everybody[:3]
    assert groups(world, "by: [population, code]", None) == []
    # The same document, asked by a department before and after.
    assert groups(world, "by: [population]", CHECKER) == everybody
    assert groups(world, "by: [population]", None) == everybody[:2]


def test_example_of_the_page_is_answered(tmp_path: Path) -> None:
    (document,) = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    draft = sharing_bundle()
    draft.entries["villages"]["items"].append(item("street_code", open=True))
    rows = [f"32061300{number:04},合成{number}村委会,,,,,,3206130{number % 3}" for number in range(20)]
    draft.rows["villages"] = [f"{draft.rows['villages'][0]},street_code", *rows]
    with open_world(draft, tmp_path) as world:
        assert world.ask(document).data["shared"]["villages"] == {
            "totalCount": 20,
            "groups": [{"key": ["32061300"], "count": 7}, {"key": ["32061301"], "count": 7}],
        }


def drawn_field(random: Random) -> str:
    """Return a field as the public may ask it: any filters, any items, any size, with the count of all."""

    def where() -> str:
        item, value = random.choice([("population", 100), ("population", 300), ("area", 2), ("area", 4)])
        return f"{{{item}: {{{random.choice(['eq', 'ne', 'lt', 'gte'])}: {value}}}}}"

    by = random.sample(["population", "area", "urban", "name"], random.randint(1, 3))
    field = f"(where: {where()})" if random.random() < 0.5 else ""
    own = f", where: {where()}" if random.random() < 0.5 else ""
    first = f", first: {random.randint(1, 9)}" if random.random() < 0.5 else ""
    return f"villages{field} {{ totalCount groups(by: [{', '.join(by)}]{own}{first}) {{ count }} }}"


@pytest.mark.clause("threats.md T3")
def test_no_field_tells_the_public_of_a_group_that_is_too_small(tmp_path: Path) -> None:
    random, draft = Random(20261123), sharing_bundle()
    rows = [
        f"{number:08},合成{number % 7},{random.choice((100, 100, 200, 300))},{random.choice((1, 1, 1, 2, 3, 4))},,"
        f"{random.choice(('true', 'true', 'false', ''))},"
        for number in range(60)
    ]
    draft.rows["villages"] = [draft.rows["villages"][0], *rows]
    lengths = Counter[int]()
    with open_world(draft, tmp_path) as world:
        for _ in range(300):
            asked = drawn_field(random)
            found = shared(world, asked, None)["villages"]
            counts = [group["count"] for group in found["groups"]]
            lengths[len(counts)] += 1
            assert all(count >= 5 for count in counts), asked
            assert not counts or found["totalCount"] - sum(counts) not in range(1, 5), asked
    assert len([length for length, times in lengths.items() if length and times > 5]) > 2


@pytest.mark.clause("threats.md T3")
def test_public_may_ask_for_one_list_a_field(world: PortalWorld) -> None:
    asked = "villages { a: groups(by: [population]) { count } b: groups(by: [population, urban]) { count } }"
    assert refusal(world, asked, None)["code"] == "BAD_INPUT"
    assert shared(world, asked, OUTSIDER)["villages"]["a"][0] == {"count": 9}
    assert last_record(world)["decision"] == "permit"


@pytest.mark.clause("enforcement.md §6")
def test_record_names_each_list_with_its_items_filter_and_groups(world: PortalWorld) -> None:
    shared(
        world,
        f"""residents({VERIFYING}, where: {{code: {{lt: "r04"}}}}, first: 2) {{ nodes {{ code }}
            groups(by: [present], where: {{name: {{contains: "甲"}}}}) {{ count }} }}""",
    )
    record = last_record(world)
    assert (record["rows"], record["items"]) == (2, ["code", "name", "present"])
    (part,) = record["parts"]
    assert (part["entry"], part["rows"], part["items"]) == (RESIDENTS, 1, ["code", "name", "present"])
    assert part["policies"] == record["policies"] == [["poor", 1], ["verify", 1]]
    code, name = part["filter"]["and"]
    assert code == record["filter"]
    assert name["name"]["contains"].startswith("hmac-sha256:")


def test_refused_list_is_recorded_with_its_items_and_no_groups(world: PortalWorld) -> None:
    refusal(world, f"{MASKED} {{ groups(by: [name, code]) {{ key }} }}", PLANNER)
    record = last_record(world)
    (part,) = record["parts"]
    assert (record["code"], record["items"]) == ("MASKED_ITEM", ["code", "name"])
    assert (part["rows"], part["items"], part["policies"]) == (0, ["code", "name"], [])


def limited(**obligations: int) -> BundleDraft:
    draft = sharing_bundle()
    draft.policies["verify"]["obligations"] = obligations
    return draft


def test_groups_count_as_rows_in_the_limit_of_a_request(tmp_path: Path) -> None:
    with open_world(limited(max_rows=3), tmp_path) as world:
        assert len(groups(world, "by: [code]", field=f"residents({VERIFYING})")) == 3
        assert refusal(world, residents("by: [code], first: 4"))["code"] == "QUOTA_EXCEEDED"
        both = f"residents({VERIFYING}, first: 2) {{ nodes {{ code }} groups(by: [code], first: %d) {{ count }} }}"
        assert len(shared(world, both % 1)["residents"]["groups"]) == 1
        assert refusal(world, both % 2)["code"] == "QUOTA_EXCEEDED"


def test_groups_count_as_rows_in_the_limit_of_a_day(tmp_path: Path) -> None:
    with open_world(limited(daily_rows=5), tmp_path) as world:
        day = quota_day(datetime.now(UTC))
        assert len(groups(world, "by: [code], first: 3", field=f"residents({VERIFYING})")) == 3
        assert world.run(world.portal.road.recorder.rows_today(CHECKER, RESIDENTS, day)) == 3  # type: ignore[arg-type]
        # Two are left, so the list ends there; then there is nothing.
        assert len(groups(world, "by: [code]", field=f"residents({VERIFYING})")) == 2
        assert refusal(world, residents("by: [code]"))["code"] == "QUOTA_EXCEEDED"
