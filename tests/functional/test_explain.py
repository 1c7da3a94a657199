"""The field `explain`: what the subject that asks would be permitted, and nothing that it may not know of."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from portal.asking import NamedSubject, Question, explain
from portal.errors import Language
from portal.identity.claims import SubjectKind
from portal.policies.wording import render_explanation
from portal.vocabulary import Action, EntryCode, ItemIdentifier, Purpose
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import (
    CASES,
    CHECKER,
    HIDDEN_ITEM,
    OUTSIDER,
    PLANNER,
    PLANS,
    RESIDENTS,
    VILLAGES,
    allow,
    restrict,
    sharing_bundle,
)
from tests.fixtures.small_bundle import CONSUMER

DOCUMENT = """
query ($resource: String!, $purpose: Purpose, $mode: ShareMode, $matter: String, $at: DateTime, $items: [String!]) {
  explain(resource: $resource, purpose: $purpose, mode: $mode, matter: $matter, at: $at, items: $items) {
    resource purpose mode matter at matterRefused lines
    items { item permitted code text records { id kind effect applies text basis validFrom validUntil } }
  }
}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    draft.policies["late"] = {
        "id": "late",
        **allow(
            RESIDENTS, f"department:{CONSUMER}", ["code"], modes=["service"], valid_until="2020-01-01T00:00:00+08:00"
        ),
    }
    draft.policies["hush"] = {
        "id": "hush",
        **restrict(RESIDENTS, f"department:{CONSUMER}", scope={HIDDEN_ITEM: {"eq": "999999196001010060"}}),
    }
    with open_world(draft, tmp_path_factory.mktemp("world")) as opened:
        yield opened


def asked(world: PortalWorld, resource: str, by: str | None = CHECKER, **variables: object) -> Any:  # noqa: ANN401  whatever JSON the field answered
    return world.ask(DOCUMENT, by=by, variables={"resource": resource, **variables}).data["explain"]


def test_explain_tells_each_item_of_the_view_with_the_records_that_name_the_subject(world: PortalWorld) -> None:
    told = asked(world, RESIDENTS, purpose="VERIFICATION")
    assert (told["purpose"], told["mode"], told["matter"], told["matterRefused"]) == (
        "VERIFICATION",
        "QUERY",
        None,
        False,
    )
    assert HIDDEN_ITEM not in [item["item"] for item in told["items"]]
    name = next(item for item in told["items"] if item["item"] == "name")
    assert (name["permitted"], name["code"]) == (True, None)
    applying = {record["id"]: record["applies"] for record in name["records"]}
    assert applying == {"hush": True, "poor": True, "verify": True, "refer": False}


def test_explain_says_the_same_words_as_the_command_line(world: PortalWorld) -> None:
    told = asked(world, RESIDENTS, PLANNER, purpose="WORK_REFERENCE", items=["born", "name"], at="2026-03-01T08:00:00Z")
    question = Question(
        EntryCode(RESIDENTS),
        Action(purpose=Purpose("work_reference")),
        None,
        (ItemIdentifier("born"), ItemIdentifier("name")),
    )
    explanation = asyncio.run(explain(world.settings, NamedSubject(SubjectKind.APPLICATION, "planner"), question))
    lines = [line.render(Language.ENGLISH) for line in render_explanation(explanation)]
    hidden = 'rows where {"id_number": {"eq": "999999196001010060"}}'
    expected = [line.replace(hidden, "the rows of a scope") for line in lines]
    assert told["lines"][:3] == expected[:3]
    assert told["lines"][4:] == expected[4:]
    assert "at 2026-03-01T08:00:00Z" in told["lines"][3]


def test_explain_names_no_item_of_a_scope_that_is_not_in_the_view(world: PortalWorld) -> None:
    answer = world.ask(DOCUMENT, by=CHECKER, variables={"resource": RESIDENTS})
    assert HIDDEN_ITEM.encode() not in answer.content
    assert b"999999196001010060" not in answer.content
    told = {
        record["id"]: record["text"]
        for item in answer.data["explain"]["items"]
        if item["item"] == "code"
        for record in item["records"]
    }
    assert told["hush"] == "hush (restriction): denies the rows of a scope"
    assert '"income"' in told["poor"]


@pytest.mark.parametrize(
    ("resource", "items"),
    [
        ("303001001/09999", None),
        (CASES, None),
        (PLANS, None),
        (RESIDENTS, [HIDDEN_ITEM]),
        (RESIDENTS, ["name", "nothing"]),
        ("", None),
    ],
)
def test_explain_answers_null_alike_when_unknown_or_not_in_the_view(
    world: PortalWorld, resource: str, items: list[str] | None
) -> None:
    answer = world.ask(DOCUMENT, by=CHECKER, variables={"resource": resource, "items": items})
    assert answer.content == b'{"data":{"explain":null}}'


def test_explain_tells_the_public_of_no_policy(world: PortalWorld) -> None:
    told = asked(world, VILLAGES, None)
    assert [item["item"] for item in told["items"]] == ["code", "name", "population", "area", "founded", "urban"]
    assert all(item["permitted"] and not item["records"] for item in told["items"])
    assert told["lines"][-1] == "urban: permitted"
    assert not [line for line in told["lines"] if "record" in line or "open" in line]
    assert asked(world, VILLAGES, None, items=["note"]) is None
    assert asked(world, RESIDENTS, None) is None


def test_explain_names_no_record_of_others(world: PortalWorld) -> None:
    told = asked(world, RESIDENTS, OUTSIDER, purpose="VERIFICATION")
    assert {record["id"] for item in told["items"] for record in item["records"]} == {"names"}


def test_explain_says_when_a_purpose_is_wanted_and_what_another_mode_or_time_changes(world: PortalWorld) -> None:
    def code(**variables: str) -> tuple[object, ...]:
        item = asked(world, RESIDENTS, CHECKER, items=["code"], **variables)["items"][0]
        return item["permitted"], item["code"]

    assert code() == (False, "PURPOSE_REQUIRED")
    assert code(purpose="BUSINESS_COLLABORATION") == (False, "PURPOSE_DENIED")
    assert code(purpose="VERIFICATION", mode="SERVICE") == (False, "EXPIRED")
    assert code(purpose="VERIFICATION", mode="SERVICE", at="2019-12-31T23:59:59+08:00") == (True, None)
    assert code(purpose="VERIFICATION", matter="999999-0009") == (False, "PURPOSE_DENIED")
    assert asked(world, RESIDENTS, matter="999999-0009")["matterRefused"] is True


@pytest.mark.parametrize(
    "variables",
    [
        {"at": "yesterday"},
        {"at": 12},
        {"matter": "\0"},
        {"items": ["\0"]},
        {"resource": "\0"},
    ],
)
def test_explain_refuses_input_that_it_cannot_use(world: PortalWorld, variables: dict[str, object]) -> None:
    answer = world.ask(DOCUMENT, by=CHECKER, variables={"resource": RESIDENTS, **variables})
    assert answer.codes == ["BAD_INPUT"]
    assert answer.payload["data"] == {"explain": None}


@pytest.mark.parametrize("purpose", ["fun", "verification"])
def test_explain_takes_the_purposes_of_the_profile_alone(world: PortalWorld, purpose: str) -> None:
    answer = world.ask(DOCUMENT, by=CHECKER, variables={"resource": RESIDENTS, "purpose": purpose})
    assert answer.codes == ["BAD_INPUT"]
    literal = f'{{explain(resource: "{RESIDENTS}", purpose: {purpose}) {{at}}}}'
    assert world.ask(literal, by=CHECKER).codes == ["NOT_VALID"]
