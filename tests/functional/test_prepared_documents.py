"""Documents that were prepared before: held for who asks, for these variables, and for the view as it is now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.office import DRAFTER, office_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, KEEPER, OUTSIDER, sharing_bundle

NAMES = "{ shared { residents(purpose: VERIFICATION, first: 2) { nodes { code name } } } }"
PAGE = "query ($rows: Int!) { shared { residents(purpose: VERIFICATION, first: $rows) { nodes { code name } } } }"
CATALOG = "query ($rows: Int!) { catalog(first: $rows) { nodes { code name items { identifier name } } } }"
TWO = """query A { shared { residents(purpose: VERIFICATION, first: 1) { nodes { code } } } }
query B { shared { residents(purpose: VERIFICATION, first: 2) { nodes { code } } } }"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path, max_cells="50", max_catalog_cells="200") as opened:
        yield opened


def test_document_is_prepared_for_who_asks_alone(world: PortalWorld) -> None:
    hidden = "{ shared { residents(first: 2) { nodes { id_number } } } }"
    for _ in range(2):
        # It is there for its provider, whether it may be read or not.
        assert world.ask(hidden, by=KEEPER).codes != ["NOT_VALID"]
        for by in (None, OUTSIDER):
            assert world.ask(hidden, by=by).codes == ["NOT_VALID"]


def test_document_is_not_valid_any_more_when_an_item_left_the_view(world: PortalWorld, tmp_path: Path) -> None:
    for _ in range(2):
        assert world.ask(NAMES, by=CHECKER).data
    draft = sharing_bundle()
    for name in [name for name, policy in draft.policies.items() if policy["effect"] == "allow"]:
        del draft.policies[name]
    world.load(draft, tmp_path / "without")

    assert world.ask(NAMES, by=CHECKER).codes == ["NOT_VALID"]


def test_bounds_are_held_against_the_variables_of_each_request(world: PortalWorld) -> None:
    for _ in range(2):
        assert world.ask(PAGE, by=CHECKER, variables={"rows": 2}).data
        assert world.ask(PAGE, by=CHECKER, variables={"rows": 1000}).codes == ["TOO_COMPLEX"]
        assert world.ask(CATALOG, by=CHECKER, variables={"rows": 1}).data


@pytest.mark.parametrize("rows", ["2", 2.0, True, None, [2], 2.5], ids=repr)
def test_value_that_equals_another_is_refused_as_if_it_were_the_first(world: PortalWorld, rows: object) -> None:
    first = world.ask(PAGE, by=CHECKER, variables={"rows": rows})
    assert world.ask(PAGE, by=CHECKER, variables={"rows": 2}).data

    again = world.ask(PAGE, by=CHECKER, variables={"rows": rows})

    assert (again.status, again.payload) == (first.status, first.payload)


def test_operation_that_is_named_is_the_one_that_was_prepared(world: PortalWorld) -> None:
    for _ in range(2):
        for name, rows in (("A", 1), ("B", 2)):
            nodes = world.ask(TWO, by=CHECKER, operation=name).data["shared"]["residents"]["nodes"]
            assert len(nodes) == rows
        for unknown in ("C", None):
            assert world.ask(TWO, by=CHECKER, operation=unknown).codes == ["NOT_VALID"]


def test_change_by_get_is_refused_after_it_was_sent_by_post(tmp_path: Path) -> None:
    change = 'mutation { draftChange(title: "x", reason: "x", change: {}) { id } }'
    with open_world(office_bundle(), tmp_path) as world:
        posted = world.ask(change, by=DRAFTER)
        asked = world.send("GET", by=DRAFTER, params={"query": change})

    assert "NOT_VALID" not in posted.codes
    assert asked.status == 405


def shown_items(world: PortalWorld, by: str | None) -> set[str]:
    answer = world.ask('{ __type(name: "residents") { fields { name } } }', by=by)
    shown = answer.data["__type"]
    return set() if shown is None else {field["name"] for field in shown["fields"]}


def test_schema_that_was_shown_before_is_shown_to_nobody_else(world: PortalWorld, tmp_path: Path) -> None:
    for _ in range(2):
        assert "id_number" in shown_items(world, KEEPER)
        assert "id_number" not in shown_items(world, CHECKER) | shown_items(world, None)
    before = shown_items(world, CHECKER)
    draft = sharing_bundle()
    for name in [name for name, policy in draft.policies.items() if policy["effect"] == "allow"]:
        del draft.policies[name]
    world.load(draft, tmp_path / "without")

    assert "name" in before
    assert "name" not in shown_items(world, CHECKER)


def test_schema_that_was_shown_before_is_shown_by_its_variables_and_operation(world: PortalWorld) -> None:
    document = """query A($name: String!, $all: Boolean!) {
      __type(name: $name) { name fields @include(if: $all) { name } }
    }
    query B { __typename }"""
    for _ in range(2):
        for name, whole in (("residents", True), ("villages", True), ("villages", False)):
            variables = {"name": name, "all": whole}
            shown = world.ask(document, by=CHECKER, variables=variables, operation="A").data["__type"]
            assert (shown["name"], "fields" in shown) == (name, whole)
        assert world.ask(document, by=CHECKER, operation="B").data == {"__typename": "Query"}


def test_schema_beside_anything_else_is_answered_anew(world: PortalWorld) -> None:
    document = "{ __typename me { application } }"
    assert world.ask(document, by=CHECKER).data["me"] == {"application": "checker"}
    assert world.ask(document, by=OUTSIDER).data["me"] == {"application": "outsider"}
