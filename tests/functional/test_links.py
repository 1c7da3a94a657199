"""Links over HTTP: to one, to many, in cycles; what each level shows, and where it is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.linked_bundle import NAMED, linked_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(linked_bundle(), tmp_path_factory.mktemp("linked")) as world:
        yield world


def shared(world: PortalWorld, selection: str, by: str | None = CHECKER, **variables: object) -> dict[str, Any]:
    """What `shared` answers; `$` in the selection asks for variables, declared as the first member says."""
    answer = world.ask(
        selection if selection.startswith("query") else f"{{shared{{{selection}}}}}", by=by, variables=variables
    )
    found: dict[str, Any] = answer.data["shared"]
    return found


def refusal(world: PortalWorld, selection: str, by: str | None = CHECKER) -> dict[str, Any]:
    """The one error, without its sentence and place in the text."""
    answer = world.ask(f"{{shared{{{selection}}}}}", by=by)
    assert answer.status == 200
    (error,) = answer.errors
    assert answer.payload["data"]["shared"] == {error["path"][1]: None}
    return {"path": error["path"], **error["extensions"]}


def test_link_to_one_shows_the_target_or_null(world: PortalWorld) -> None:
    found = shared(world, "villages { nodes { code street { name __typename } } }")
    east = {"name": "东街", "__typename": "streets"}
    assert [node["street"] for node in found["villages"]["nodes"]] == [
        east,
        east,
        {"name": "西街", "__typename": "streets"},
        None,
        None,
    ]


def test_link_to_many_shows_a_connection_of_each_parent(world: PortalWorld) -> None:
    found = shared(
        world, "streets { nodes { villages { totalCount nodes { name } pageInfo { hasNextPage } __typename } } }"
    )
    assert [node["villages"] for node in found["streets"]["nodes"]] == [
        {
            "totalCount": count,
            "nodes": [{"name": name} for name in names],
            "pageInfo": {"hasNextPage": False},
            "__typename": "villages_connection",
        }
        for count, names in [(2, ["东一村", "东二村"]), (1, ["西一村"]), (0, [])]
    ]


def test_link_to_many_takes_filter_order_and_size_for_each_parent(world: PortalWorld) -> None:
    document = """query ($first: Int!, $name: String) { shared { streets { nodes {
        villages(where: {name: {contains: $name}}, orderBy: {code: DESC}, first: $first) {
            totalCount edges { node { code } cursor } pageInfo { hasNextPage endCursor } } } } } }"""
    found = shared(world, document, first=1, name="村")["streets"]["nodes"]
    shown = [
        (
            [edge["node"]["code"] for edge in node["villages"]["edges"]],
            node["villages"]["pageInfo"]["hasNextPage"],
            node["villages"]["totalCount"],
        )
        for node in found
    ]
    assert shown == [(["9999990102"], True, 2), (["9999990201"], False, 1), ([], False, 0)]
    assert [node["villages"]["pageInfo"]["endCursor"] is None for node in found] == [False, False, True]


@pytest.mark.parametrize("never", ["{or: []}", "{and: [{name: {in: []}}]}", '{not: {}, name: {eq: "x"}}'])
def test_link_shows_no_row_when_its_filter_is_never_true(world: PortalWorld, never: str) -> None:
    found = shared(world, f"streets {{ nodes {{ villages(where: {never}) {{ totalCount nodes {{ code }} }} }} }}")
    assert found["streets"]["nodes"] == [{"villages": {"totalCount": 0, "nodes": []}}] * 3


def test_link_shows_no_row_when_the_scope_of_its_target_is_never_true(tmp_path: Path) -> None:
    draft = linked_bundle()
    draft.policies["verify"]["scope"] = {"or": []}
    with open_world(draft, tmp_path) as closed:
        found = shared(closed, f"visits({NAMED}, first: 1) {{ nodes {{ number whom {{ code }} }} }}")
        assert found["visits"]["nodes"] == [{"number": 1, "whom": None}]
        found = shared(closed, f"villages({NAMED}, first: 1) {{ nodes {{ residents {{ totalCount }} }} }}")
        assert found["villages"]["nodes"] == [{"residents": {"totalCount": 0}}]


def test_two_names_of_one_link_are_two_links(world: PortalWorld) -> None:
    found = shared(
        world,
        """streets(first: 1) { nodes {
            first: villages(first: 1) { nodes { code } }
            last: villages(first: 1, orderBy: {code: DESC}) { nodes { code } } } }""",
    )
    assert found["streets"]["nodes"] == [
        {"first": {"nodes": [{"code": "9999990101"}]}, "last": {"nodes": [{"code": "9999990102"}]}}
    ]


def test_links_go_round_in_circles_to_any_depth(world: PortalWorld) -> None:
    found = shared(
        world,
        'villages(purpose: VERIFICATION, where: {code: {eq: "9999990201"}})'
        """ { nodes { street { area { streets { nodes { villages(first: 1) {
            nodes { code street { name } } } } } } } } }""",
    )
    assert found["villages"]["nodes"][0]["street"]["area"]["streets"]["nodes"] == [
        {"villages": {"nodes": [{"code": "9999990101", "street": {"name": "东街"}}]}},
        {"villages": {"nodes": [{"code": "9999990201", "street": {"name": "西街"}}]}},
    ]


def test_fragments_repeated_fields_and_directives_apply_below_links(world: PortalWorld) -> None:
    document = """query ($no: Boolean!) { shared { villages(purpose: VERIFICATION, first: 1) { nodes {
            street { ...Named code @skip(if: $no) } street { area { name } } ... on villages { street { code } } } } } }
        fragment Named on streets { called: name area { code @include(if: $no) } }"""
    found = shared(world, document, no=False)
    assert found["villages"]["nodes"] == [
        {"street": {"called": "东街", "area": {"name": "示例区"}, "code": "99999901"}}
    ]
    assert list(found["villages"]["nodes"][0]["street"]) == ["called", "area", "code"]


def test_several_items_join_together(world: PortalWorld) -> None:
    found = shared(
        world, f"residents({NAMED}) {{ nodes {{ code visits {{ totalCount nodes {{ number fee details }} }} }} }}"
    )
    shown = {node["code"]: [one["number"] for one in node["visits"]["nodes"]] for node in found["residents"]["nodes"]}
    assert shown == {"r1": [1, 2], "r2": [4], "r3": [6], "r4": [6]}


def test_masks_of_the_target_apply(world: PortalWorld) -> None:
    found = shared(world, f"residents({NAMED}, first: 1) {{ nodes {{ visits {{ nodes {{ fee details }} }} }} }}")
    assert found["residents"]["nodes"][0]["visits"]["nodes"] == [
        {"fee": "10.00", "details": {"a": 1.0}},
        {"fee": "20.00", "details": None},
    ]


def test_rows_that_are_not_permitted_are_not_there(world: PortalWorld) -> None:
    found = shared(world, f"villages({NAMED}) {{ nodes {{ code residents {{ totalCount nodes {{ code }} }} }} }}")
    shown = {node["code"]: [one["code"] for one in node["residents"]["nodes"]] for node in found["villages"]["nodes"]}
    assert shown["9999990101"] == ["r1", "r2", "r3"]
    assert shown["9999990201"] == []
    assert [node["residents"]["totalCount"] for node in found["villages"]["nodes"]] == [3, 1, 0, 0, 0]


def test_link_to_one_is_null_where_the_row_is_not_permitted(tmp_path: Path) -> None:
    draft = linked_bundle()
    draft.policies["visits"]["scope"] = {"resident": {"in": ["r1", "r4"]}}
    draft.rows["residents"][1] = "r1,合成甲一,9999990201,"
    with open_world(draft, tmp_path) as world:
        found = shared(world, f"visits({NAMED}) {{ nodes {{ number whom {{ code }} }} }}")
    assert found["visits"]["nodes"] == [
        {"number": 1, "whom": None},
        {"number": 2, "whom": None},
        {"number": 3, "whom": None},
        {"number": 6, "whom": {"code": "r4"}},
    ]


@pytest.mark.clause("enforcement.md §5, links: if refused, the root field is refused with `path` at the link")
def test_refused_target_refuses_the_root_field_at_the_link(world: PortalWorld) -> None:
    assert refusal(world, "villages { nodes { name residents { nodes { name } } } }") == {
        "path": ["shared", "villages", "nodes", "residents"],
        "code": "PURPOSE_REQUIRED",
        "items": ["name", "division"],
    }
    below = "all: streets { nodes { villages { nodes { who: residents { totalCount } } } } }"
    found = refusal(world, f"mine: areas(purpose: WORK_REFERENCE) {{ edges {{ one: node {{ {below} }} }} }}")
    assert found["path"] == ["shared", "mine", "edges", "one", "all", "nodes", "villages", "nodes", "who"]


def test_other_root_fields_are_answered_where_a_link_is_refused(world: PortalWorld) -> None:
    answer = world.ask("{shared{a: villages{nodes{residents{totalCount}}} b: streets{totalCount}}}", by=CHECKER)
    assert answer.payload["data"] == {"shared": {"a": None, "b": {"totalCount": 3}}}


def test_masked_join_items_refuse_on_either_side(world: PortalWorld) -> None:
    masked = 'purpose: WORK_REFERENCE, matter: "999999-0001"'
    assert refusal(world, f"residents({masked}) {{ nodes {{ village {{ name }} }} }}") == {
        "path": ["shared", "residents"],
        "code": "MASKED_ITEM",
        "items": ["division"],
    }
    assert refusal(world, f"villages({masked}) {{ nodes {{ residents {{ nodes {{ code }} }} }} }}") == {
        "path": ["shared", "villages", "nodes", "residents"],
        "code": "MASKED_ITEM",
        "items": ["division"],
    }
    # The same items unjoined are shown.
    assert shared(world, f"residents({masked}) {{ totalCount nodes {{ division }} }}")["residents"]["totalCount"] == 6


def test_link_with_a_join_item_or_target_outside_the_view_does_not_exist(world: PortalWorld) -> None:
    def fields(type_name: str, by: str | None) -> set[str]:
        answer = world.ask(f'{{__type(name: "{type_name}") {{ fields {{ name }} }}}}', by=by)
        return {field["name"] for field in answer.data["__type"]["fields"]}

    assert fields("villages", CHECKER) == {"code", "name", "street_code", "note", "street", "residents"}
    assert fields("villages", OUTSIDER) == {"code", "name", "street_code", "note", "street"}  # no `residents.division`
    assert fields("streets", None) == {"code", "name", "villages"}  # neither `area_code` nor `areas`
    assert fields("residents", OUTSIDER) == {"code", "name"}
    hidden = world.ask("{shared{villages{nodes{residents{totalCount}}}}}", by=OUTSIDER)
    absent = world.ask("{shared{villages{nodes{presidents{totalCount}}}}}", by=OUTSIDER)
    assert hidden.codes == ["NOT_VALID"]
    assert hidden.content.replace(b"residents", b"*") == absent.content.replace(b"presidents", b"*")


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 101",
        "first: 0",
        "where: {name: {in: [null]}}",
        "orderBy: {name: ASC, code: ASC}",
        'where: {name: {eq: "\\u0000"}}',
    ],
)
def test_unusable_arguments_of_a_link_are_refused(world: PortalWorld, arguments: str) -> None:
    found = refusal(world, f"streets {{ nodes {{ villages({arguments}) {{ totalCount }} }} }}")
    assert found["code"] == "BAD_INPUT"


def test_link_to_many_takes_no_cursor(world: PortalWorld) -> None:
    assert world.ask('{shared{streets{nodes{villages(after: "x"){totalCount}}}}}', by=CHECKER).codes == ["NOT_VALID"]


def test_cursor_of_a_link_fits_no_root_field(world: PortalWorld) -> None:
    found = shared(world, "streets { nodes { villages { edges { cursor } pageInfo { endCursor } } } }")
    linked = found["streets"]["nodes"][0]["villages"]
    for cursor in (linked["edges"][0]["cursor"], linked["pageInfo"]["endCursor"]):
        assert refusal(world, f'villages(after: "{cursor}") {{ totalCount }}')["code"] == "BAD_INPUT"
    own = shared(world, "villages(first: 1) { pageInfo { endCursor } }")["villages"]["pageInfo"]["endCursor"]
    assert shared(world, f'villages(after: "{own}") {{ nodes {{ code }} }}')["villages"]["nodes"]


def test_access_below_a_link_names_the_policies_of_the_target_and_the_one_receipt(world: PortalWorld) -> None:
    access = "access { receipt policies }"
    found = shared(world, f"villages({NAMED}) {{ {access} nodes {{ residents {{ {access} }} }} }}")["villages"]
    below = [node["residents"]["access"] for node in found["nodes"]]
    assert below == [{"receipt": found["access"]["receipt"], "policies": ["verify"]}] * 5
    assert found["access"]["policies"] == ["open-villages", "unconditional-villages"]
