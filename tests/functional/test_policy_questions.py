"""Questions on policies over GraphQL and at the command line: by those whose duty it is, each in the audit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.storage.audit_tables import audit_records
from portal.storage.database import open_sync_database
from tests.fixtures.office import (
    AUDITOR,
    DRAFTER,
    MANAGER,
    OFFICER,
    SYSTEM,
    UNCONFIRMED,
    in_force,
    office_bundle,
)
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, CLERK, HIDDEN_ITEM, RESIDENTS, allow
from tests.fixtures.small_bundle import CONSUMER

pytestmark = [pytest.mark.clause("NT-33"), pytest.mark.clause("WH-28"), pytest.mark.clause("KF-14")]

WHO = """query ($code: String!, $item: String!, $at: DateTime) {
  whoCanSee(resource: $code, item: $item, at: $at) {
    who purposes modes matters until scoped conditional policies text
  }
}"""
WHAT = """query ($application: String, $user: String, $supposed: SupposedViewer, $at: DateTime) {
  whatCanSee(application: $application, user: $user, supposed: $supposed, at: $at) {
    resource name items purposes modes matters until scoped text
  }
}"""
WHY = """query ($receipt: String!) {
  whyRefused(receipt: $receipt) { resource items code moved policies { id version standing } lines }
}"""
REFUSED = "{ shared { residents(first: 1) { nodes { name } } } }"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(office_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def records(world: PortalWorld) -> list[dict[str, Any]]:
    """What is in the audit, in the order in which it came."""
    engine = open_sync_database(world.settings.database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            select(audit_records.c.record).order_by(audit_records.c.writer, audit_records.c.sequence)
        )
        found = [json.loads(row.record) for row in rows]
    engine.dispose()
    return found


def receipt_of_refusal(world: PortalWorld, document: str = REFUSED, by: str | None = CHECKER) -> str:
    assert world.ask(document, by=by).errors
    return last_place(world)


def last_place(world: PortalWorld) -> str:
    """The receipt of the last record."""
    engine = open_sync_database(world.settings.database_url)
    with engine.connect() as connection:
        row = connection.execute(
            select(audit_records.c.writer, audit_records.c.sequence).order_by(audit_records.c.sequence.desc())
        ).first()
    engine.dispose()
    assert row is not None
    return f"{row.writer}-{row.sequence}"


def who(world: PortalWorld, by: str = DRAFTER, code: str = RESIDENTS, item: str = "name") -> Any:  # noqa: ANN401
    return world.ask(WHO, by=by, variables={"code": code, "item": item})


def test_who_can_see_names_everybody_with_the_records(world: PortalWorld) -> None:
    sights = who(world).data["whoCanSee"]
    assert any(f"department:{CONSUMER}" in sight["who"] and "verify" in sight["policies"] for sight in sights)
    assert all("public" not in sight["who"] for sight in sights)
    hidden = who(world, item=HIDDEN_ITEM).data["whoCanSee"]
    assert all("verify" not in sight["policies"] for sight in hidden)


def test_what_can_see_is_what_the_subject_reads(world: PortalWorld) -> None:
    found = world.ask(WHAT, by=DRAFTER, variables={"application": CHECKER.partition(":")[2]}).data["whatCanSee"]
    seen = {item for one in found if one["resource"] == RESIDENTS for item in one["items"]}
    assert {one["name"] for one in found if one["resource"] == RESIDENTS} == {"条目 residents"}
    assert "name" in seen
    assert HIDDEN_ITEM not in seen
    assert world.ask(WHAT, by=DRAFTER).data["whatCanSee"] == world.ask(WHAT, by=OFFICER).data["whatCanSee"]


def test_what_can_see_takes_somebody_supposed(world: PortalWorld) -> None:
    supposed = {"department": CONSUMER, "authLevel": 3, "zone": "government"}
    found = world.ask(WHAT, by=DRAFTER, variables={"supposed": supposed}).data["whatCanSee"]
    assert any(one["resource"] == RESIDENTS for one in found)
    nobody = world.ask(WHAT, by=DRAFTER, variables={"supposed": {"department": "unknown"}})
    assert nobody.codes == ["BAD_INPUT"]


@pytest.mark.parametrize(
    "variables",
    [
        {"application": "checker", "user": "clerk"},
        {"application": "nobody"},
        {"user": "nobody"},
        {"supposed": {"department": CONSUMER, "authLevel": 4}},
        {"supposed": {"department": CONSUMER, "zone": "moon"}},
    ],
)
def test_what_can_see_refuses_what_it_cannot_look_through(world: PortalWorld, variables: dict[str, object]) -> None:
    assert world.ask(WHAT, by=DRAFTER, variables=variables).codes == ["BAD_INPUT"]


def test_why_refused_explains_what_the_log_holds(world: PortalWorld) -> None:
    receipt = receipt_of_refusal(world)
    told = world.ask(WHY, by=DRAFTER, variables={"receipt": receipt}).data["whyRefused"]
    assert (told["resource"], told["items"], told["code"], told["moved"]) == (
        RESIDENTS,
        ["name"],
        "PURPOSE_REQUIRED",
        False,
    )
    assert any("PURPOSE_REQUIRED" in line for line in told["lines"])


def test_why_refused_explains_the_public(world: PortalWorld) -> None:
    receipt = receipt_of_refusal(world, "{ shared { villages(first: 0) { nodes { name } } } }", None)
    told = world.ask(WHY, by=DRAFTER, variables={"receipt": receipt}).data["whyRefused"]
    assert told["code"] == "BAD_INPUT"


def test_why_refused_says_that_policies_moved(tmp_path: Path) -> None:
    with open_world(office_bundle(), tmp_path) as world:
        receipt = receipt_of_refusal(world)
        in_force(
            world,
            {
                "put": [
                    {
                        "kind": "policy",
                        "document": {"id": "more", **allow(RESIDENTS, f"department:{CONSUMER}", ["code"])},
                    }
                ],
                "declare": {"purposes": ["verification"], "lasting": ["more"]},
            },
        )
        told = world.ask(WHY, by=DRAFTER, variables={"receipt": receipt}).data["whyRefused"]
        assert told["moved"]


@pytest.mark.clause("threats.md T58")
def test_manager_asks_of_what_the_own_department_provides_alone(world: PortalWorld) -> None:
    assert who(world, MANAGER).data["whoCanSee"]
    found = world.ask(WHAT, by=MANAGER, variables={"application": CHECKER.partition(":")[2]}).data["whatCanSee"]
    assert found
    everything = world.ask(WHAT, by=DRAFTER, variables={"application": CHECKER.partition(":")[2]}).data["whatCanSee"]
    foreign = {one["resource"] for one in everything} - {one["resource"] for one in found}
    for code in foreign:
        assert who(world, MANAGER, code, "code").codes == ["FORBIDDEN"]
    # A receipt that isn't theirs to ask of is answered as one that there isn't.
    unknown = world.ask(WHY, by=MANAGER, variables={"receipt": "1-99999999"})
    assert unknown.codes == ["FORBIDDEN"]
    assert world.ask(WHY, by=DRAFTER, variables={"receipt": "1-99999999"}).codes == ["BAD_INPUT"]


def test_head_of_a_consumer_asks_of_nothing_that_others_provide(world: PortalWorld) -> None:
    for document, variables in ((WHO, {"code": RESIDENTS, "item": "name"}), (WHAT, {}), (WHY, {"receipt": "1-1"})):
        assert world.ask(document, by=CLERK, variables=variables).codes == ["FORBIDDEN"]


@pytest.mark.parametrize("by", [SYSTEM, "user:keeper", CHECKER, None])
def test_fields_are_unknown_to_whose_duty_it_is_not(world: PortalWorld, by: str | None) -> None:
    for document, variables in ((WHO, {"code": RESIDENTS, "item": "name"}), (WHAT, {}), (WHY, {"receipt": "1-1"})):
        assert set(world.ask(document, by=by, variables=variables).codes) == {"NOT_VALID"}


def test_questions_need_a_second_factor_and_refusals_are_in_the_audit(world: PortalWorld) -> None:
    before = len(records(world))
    assert who(world, UNCONFIRMED).codes == ["FORBIDDEN"]
    acts = [record for record in records(world)[before:] if record.get("act") == "policy_asked"]
    assert [(record["decision"], record["code"]) for record in acts] == [("deny", "FORBIDDEN")]


def test_each_question_is_in_the_audit(world: PortalWorld) -> None:
    before = len(records(world))
    who(world)
    world.ask(WHAT, by=AUDITOR, variables={"application": CHECKER.partition(":")[2]})
    acts = [record for record in records(world)[before:] if record.get("act") == "policy_asked"]
    assert [record["target"] for record in acts] == [f"who {RESIDENTS} name", f"what {CHECKER}"]


@pytest.mark.parametrize(("code", "item"), [("303001001/99999", "name"), (RESIDENTS, "nothing")])
def test_unknown_entry_or_item_is_bad_input(world: PortalWorld, code: str, item: str) -> None:
    assert who(world, code=code, item=item).codes == ["BAD_INPUT"]


def test_record_that_is_no_refusal_is_bad_input(world: PortalWorld) -> None:
    who(world)
    place = last_place(world)
    assert world.ask(WHY, by=DRAFTER, variables={"receipt": place}).codes == ["BAD_INPUT"]
    assert world.ask(WHY, by=DRAFTER, variables={"receipt": "one"}).codes == ["BAD_INPUT"]
