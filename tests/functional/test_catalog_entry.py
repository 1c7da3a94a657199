"""The root field `catalogEntry`: related entries, and what the subject that asks may read of each item."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import (
    CASES,
    CHECKER,
    HIDDEN_ITEM,
    KEEPER,
    PLANS,
    RESIDENTS,
    VILLAGES,
    allow,
    sharing_bundle,
)
from tests.fixtures.small_bundle import CONSUMER

DOCUMENT = """
query ($code: String!) {
  catalogEntry(code: $code) {
    related relatedEntries { code identifier name provider { code name } abstract kind shareClass open status }
    links { identifier target }
    items { identifier access { permitted purposes { purpose validUntil scoped } code advice } }
  }
}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    draft.entries["villages"]["related"] = [RESIDENTS, PLANS]
    draft.entries["residents"]["related"] = [VILLAGES]
    draft.entries["villages"]["links"] = [
        {"identifier": "people", "items": ["code"], "target": "residents", "target_items": ["division"], "many": True}
    ]
    department = f"department:{CONSUMER}"
    extra = {
        "soon": allow(
            RESIDENTS, department, ["code"], purposes=["business_collaboration"], valid_until="2100-01-01T00:00:00Z"
        ),
        "service": allow(CASES, department, ["code"], modes=["service"]),
    }
    draft.policies |= {name: {"id": name, **record} for name, record in extra.items()}
    with open_world(draft, tmp_path_factory.mktemp("world")) as opened:
        yield opened


def entry_of(world: PortalWorld, code: str, by: str | None = CHECKER) -> Any:  # noqa: ANN401  JSON
    return world.ask(DOCUMENT, by=by, variables={"code": code}).data["catalogEntry"]


def access(world: PortalWorld, code: str, item: str, by: str | None = CHECKER) -> Any:  # noqa: ANN401  JSON
    return next(one["access"] for one in entry_of(world, code, by)["items"] if one["identifier"] == item)


def test_item_tells_the_purposes_that_it_may_be_read_for_and_until_when(world: PortalWorld) -> None:
    told = access(world, RESIDENTS, "code")
    assert (told["permitted"], told["code"], told["advice"]) == (True, None, None)
    assert told["purposes"] == [
        {"purpose": "WORK_REFERENCE", "validUntil": None, "scoped": False},
        {"purpose": "VERIFICATION", "validUntil": None, "scoped": True},
        {"purpose": "BUSINESS_COLLABORATION", "validUntil": "2100-01-01T00:00:00Z", "scoped": False},
    ]


def test_item_that_needs_no_purpose_says_so(world: PortalWorld) -> None:
    assert [one["purpose"] for one in access(world, VILLAGES, "code")["purposes"]] == [
        None,
        "ADMINISTRATIVE_BASIS",
        "WORK_REFERENCE",
        "VERIFICATION",
        "BUSINESS_COLLABORATION",
    ]


@pytest.mark.parametrize(
    ("code", "item", "why", "words"),
    [
        (RESIDENTS, HIDDEN_ITEM, "ITEM_DENIED", "apply to the provider"),
        (CASES, "code", "MODE_DENIED", "apply for the mode"),
        (CASES, "suspect", "ITEM_DENIED", "apply to the provider"),
        (PLANS, "code", "ITEM_DENIED", "apply to the provider"),
    ],
)
def test_item_that_may_not_be_read_says_why_and_what_would_change_it(
    world: PortalWorld, code: str, item: str, why: str, words: str
) -> None:
    told = access(world, code, item)
    assert (told["permitted"], told["purposes"], told["code"]) == (False, [], why)
    assert words in told["advice"]
    assert f"`{item}`" in told["advice"]


def test_item_may_be_read_by_its_provider(world: PortalWorld) -> None:
    assert access(world, PLANS, "code", KEEPER)["permitted"]


def test_item_of_a_list_is_not_decided(world: PortalWorld) -> None:
    told = world.ask("{catalog {nodes {items {access {permitted}}}}}", by=CHECKER).data["catalog"]["nodes"]
    assert {str(item["access"]) for node in told for item in node["items"]} == {"None"}


def test_related_entries_are_told_as_entries(world: PortalWorld) -> None:
    told = entry_of(world, VILLAGES)
    assert told["related"] == [RESIDENTS, PLANS]
    assert [(one["code"], one["identifier"], one["status"]) for one in told["relatedEntries"]] == [
        (RESIDENTS, "residents", "PUBLISHED"),
        (PLANS, "plans", "REGISTERED"),
    ]
    assert told["relatedEntries"][0]["provider"]["name"] == "提供方"
    assert told["links"] == [{"identifier": "people", "target": "residents"}]


def test_public_is_told_of_no_related_entry_or_link_target_that_it_may_not_know(world: PortalWorld) -> None:
    told = entry_of(world, VILLAGES, None)
    assert (told["related"], told["relatedEntries"], told["links"]) == ([], [], [])
    assert [one["identifier"] for one in told["items"]] == ["code", "name", "population", "area", "founded", "urban"]
    assert all(one["access"]["permitted"] for one in told["items"])
    assert entry_of(world, RESIDENTS, None) is None
