"""Agreements, entries and restrictions of departments that end, over HTTP: their successors have them from then on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.errors import PolicyUnavailable
from portal.identity.registry import Department, DepartmentStatus, Successor
from portal.vocabulary import DepartmentCode, EntryCode, PolicyId
from tests.fixtures.authority import CONSUMER
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.register_changes import change_register, store_of
from tests.fixtures.sharing_bundle import (
    BYSTANDER,
    CHECKER,
    KEEPER,
    OUTSIDER,
    PLANS,
    RESIDENTS,
    VILLAGES,
    sharing_bundle,
)
from tests.fixtures.small_bundle import PROVIDER, content_of

pytestmark = [pytest.mark.clause("threats.md T30"), pytest.mark.clause("ND-11")]

HEIR = DepartmentCode(BYSTANDER)
ASKED = "{ shared { residents(purpose: VERIFICATION, first: 100) { nodes { code name division } } } }"
PROVIDED = "{ shared { plans(purpose: VERIFICATION, first: 100) { nodes { code } } } }"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path) as opened:
        yield opened


def end(world: PortalWorld, code: str, status: DepartmentStatus, *successors: Successor) -> None:
    known: Department = content_of(store_of(world)).registry.departments[DepartmentCode(code)]
    change_register(store_of(world), replace(known, status=status, successors=successors))


def codes_of(answer: Answer, entry: str = "residents") -> list[str]:
    return [node["code"] for node in answer.data["shared"][entry]["nodes"]]


def test_successor_reads_what_the_merged_department_read_and_not_a_row_more(world: PortalWorld) -> None:
    before = world.ask(ASKED, by=CHECKER)
    rows = codes_of(before)
    assert rows
    assert world.ask(ASKED, by=OUTSIDER).codes
    end(world, CONSUMER, DepartmentStatus.MERGED, Successor(HEIR))
    after = world.ask(ASKED, by=OUTSIDER)
    assert after.data == before.data
    assert world.ask(ASKED, by=CHECKER).status == 401


def test_nobody_reads_what_a_dissolved_department_read(world: PortalWorld) -> None:
    end(world, CONSUMER, DepartmentStatus.DISSOLVED)
    assert world.ask(ASKED, by=OUTSIDER).codes
    assert world.ask(ASKED, by=CHECKER).status == 401


def test_entry_of_a_merged_provider_is_its_successors(world: PortalWorld) -> None:
    assert world.ask(PROVIDED, by=OUTSIDER).codes
    rows = codes_of(world.ask(PROVIDED, by=KEEPER), "plans")
    catalog = (
        f'{{ catalogEntry(code: "{VILLAGES}") {{ provider {{ code }} }} catalog(provider: "{HEIR}") {{ totalCount }} }}'
    )
    assert world.ask(catalog).data["catalog"]["totalCount"] == 0
    end(world, PROVIDER, DepartmentStatus.MERGED, Successor(HEIR))
    assert codes_of(world.ask(PROVIDED, by=OUTSIDER), "plans") == rows
    assert world.ask(PROVIDED, by=KEEPER).status == 401
    shown = world.ask(catalog).data
    assert shown["catalogEntry"]["provider"]["code"] == HEIR
    assert shown["catalog"]["totalCount"] > 0


def test_entry_of_a_split_provider_is_provided_by_who_is_named(world: PortalWorld) -> None:
    other = DepartmentCode(CONSUMER)
    end(world, PROVIDER, DepartmentStatus.SPLIT, Successor(HEIR, entries=(EntryCode(PLANS),)), Successor(other))
    assert codes_of(world.ask(PROVIDED, by=OUTSIDER), "plans")
    assert world.ask(PROVIDED, by=CHECKER).codes
    content = content_of(store_of(world))
    providers = {state.entry.code: state.entry.provider for state in content.entries}
    assert (providers[EntryCode(PLANS)], providers[EntryCode(RESIDENTS)]) == (HEIR, DepartmentCode(PROVIDER))


def test_records_of_a_split_department_follow_as_they_are_named(world: PortalWorld) -> None:
    records = content_of(store_of(world)).records
    named = tuple(PolicyId(one.id) for one in records if one.resource == RESIDENTS and one.consumer.code == CONSUMER)
    rest = DepartmentCode(PROVIDER)
    end(world, CONSUMER, DepartmentStatus.SPLIT, Successor(HEIR), Successor(rest))
    assert world.ask(ASKED, by=OUTSIDER).codes
    end(world, CONSUMER, DepartmentStatus.SPLIT, Successor(HEIR, named), Successor(rest))
    assert codes_of(world.ask(ASKED, by=OUTSIDER))


def test_circle_denies_everybody_everything_until_it_is_mended(world: PortalWorld) -> None:
    end(world, CONSUMER, DepartmentStatus.MERGED, Successor(HEIR))
    before = content_of(store_of(world)).registry
    end(world, HEIR, DepartmentStatus.MERGED, Successor(DepartmentCode(CONSUMER)))
    with pytest.raises(PolicyUnavailable, match="in a circle"):
        content_of(store_of(world))
    refused = world.ask("{ shared { villages(purpose: WORK_REFERENCE) { nodes { code } } } }")
    assert refused.codes == ["POLICY_UNAVAILABLE"]
    change_register(store_of(world), before.departments[HEIR])
    assert world.ask(ASKED, by=OUTSIDER).codes == []
