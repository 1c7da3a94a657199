"""`me { standing }`: what is left of today's rows, and which agreements end soon."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.policies.standing import daily_limits, ending_agreements, records_in_force
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, RESIDENTS, VILLAGES, sharing_bundle
from tests.fixtures.small_bundle import CONSUMER, add_agreement, small_bundle
from tests.policies.building import CHECKER as SUBJECT
from tests.policies.building import CODE, NOW, OTHER, point, record, restriction

DOCUMENT = """{me {standing {
  endingAgreements {policy resource name validUntil withinDays} dailyQuotas {policy resource name dailyRows left}
}}}"""


def standing(world: PortalWorld, by: str | None) -> Any:  # noqa: ANN401  JSON
    return world.ask(DOCUMENT, by=by).data["me"]["standing"]


def test_standing_tells_what_is_left_of_the_day(tmp_path: Path) -> None:
    draft = sharing_bundle()
    draft.policies["names"]["obligations"] = {"daily_rows": 5}
    with open_world(draft, tmp_path) as world:
        quota = {"policy": "names", "resource": RESIDENTS, "name": draft.entries["residents"]["name"], "dailyRows": 5}
        assert standing(world, OUTSIDER) == {"endingAgreements": [], "dailyQuotas": [{**quota, "left": 5}]}
        assert world.ask("{shared{residents(purpose: VERIFICATION, first: 3){nodes{code}}}}", by=OUTSIDER).data
        assert standing(world, OUTSIDER)["dailyQuotas"] == [{**quota, "left": 2}]
        assert world.ask("{shared{villages{nodes{code}}}}", by=OUTSIDER).data
        assert standing(world, OUTSIDER)["dailyQuotas"] == [{**quota, "left": 2}]
        assert standing(world, CHECKER)["dailyQuotas"] == []


def test_standing_tells_the_public_nothing(tmp_path: Path) -> None:
    draft = sharing_bundle()
    draft.policies["few"] = {
        "id": "few",
        "effect": "allow",
        "kind": "open_data",
        "consumer": "public",
        "resource": VILLAGES,
        "items": ["code"],
        "purposes": ["*"],
        "modes": ["*"],
        "obligations": {"daily_rows": 9},
    }
    with open_world(draft, tmp_path) as world:
        assert standing(world, None) == {"endingAgreements": [], "dailyQuotas": []}
        assert [one["policy"] for one in standing(world, CHECKER)["dailyQuotas"]] == ["few"]


def test_standing_tells_an_agreement_in_the_days_before_it_ends(tmp_path: Path) -> None:
    draft = small_bundle()
    end = (datetime.now(UTC) + timedelta(days=6)).replace(microsecond=0)
    add_agreement(draft, valid_until=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    with open_world(draft, tmp_path) as world:
        told = [standing(world, f"application:{line.split(',')[0]}") for line in draft.applications]
    ending = [one for subject in told for one in subject["endingAgreements"]]
    assert {(one["validUntil"], one["withinDays"]) for one in ending} == {(end.strftime("%Y-%m-%dT%H:%M:%SZ"), 7)}


READ = "{ shared { residents(purpose: VERIFICATION) { nodes { name } } } }"


def test_answer_tells_an_agreement_on_its_last_day_to_those_it_is_for(tmp_path: Path) -> None:
    draft = small_bundle()
    end = (datetime.now(UTC) + timedelta(hours=20)).replace(microsecond=0)
    add_agreement(draft, valid_until=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    (agreement,) = draft.agreements
    consumers = [line.split(",")[0] for line in draft.applications if CONSUMER in line]
    told = {"policy": agreement, "resource": RESIDENTS, "validUntil": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    with open_world(draft, tmp_path) as world:
        for name in consumers:
            by = f"application:{name}"
            assert world.ask(READ, by=by).payload["extensions"] == {"endingAgreements": [told]}
            linked = "{ shared { residents(purpose: VERIFICATION) { nodes { village { name } } } } }"
            assert "extensions" in world.ask(linked, by=by).payload
            for elsewhere in (
                "{ me { application } }",
                "{ __schema { queryType { name } } }",
                '{ catalogEntry(code: "residents") { name } }',
                '{ shared { villages(where: {name: {eq: "residents"}}) { nodes { code } } } }',
            ):
                assert "extensions" not in world.ask(elsewhere, by=by).payload, elsewhere
            assert "extensions" not in world.ask("{ shared { villages { nodes { code } } } }", by=by).payload
        assert "extensions" not in world.ask("{ shared { villages { nodes { code } } } }").payload
    assert consumers


def test_answer_tells_nothing_of_an_agreement_before_its_last_day(tmp_path: Path) -> None:
    draft = small_bundle()
    end = datetime.now(UTC) + timedelta(hours=25)
    add_agreement(draft, valid_until=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    with open_world(draft, tmp_path) as world:
        for line in draft.applications:
            assert "extensions" not in world.ask(READ, by=f"application:{line.split(',')[0]}").payload


def test_agreements_that_end_later_or_ended_or_are_no_agreements_are_not_told() -> None:
    def agreed(name: str, days: float) -> Any:  # noqa: ANN401  a record of the builder
        until = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return record(id=name, kind="agreement", valid_from="2026-01-01T00:00:00Z", valid_until=until)

    statutory = record(id="statute", valid_until=(NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    records = [agreed("a", 30), agreed("b", 31), agreed("c", 0), agreed("d", 7), statutory, restriction(id="r")]
    snapshot = point(*records).snapshot
    found = ending_agreements(records_in_force(snapshot, SUBJECT, [CODE], NOW), NOW)
    assert [one.id for _, one in found] == ["d", "a"]
    assert list(records_in_force(snapshot, OTHER, [CODE], NOW)) == []
    assert daily_limits(records) == []
