"""Who can see an item, what somebody can see, and why something was refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.administration.answers import render_permissions, render_refusal, render_sights
from portal.errors import ErrorCode
from portal.identity.registry import UserStatus
from portal.policies.questions import (
    Hypothetical,
    PastRefusal,
    Standing,
    Viewer,
    explain_refusal,
    imagine_viewer,
    registered_viewer,
    what_can_see,
    who_can_see,
)
from portal.policies.records import MaskKind
from portal.vocabulary import (
    PUBLIC,
    Action,
    ApplicationId,
    DepartmentCode,
    Environment,
    ItemIdentifier,
    Matter,
    Mode,
    NetworkZone,
    PolicyId,
    Purpose,
    UserId,
)
from tests.policies.building import CODE, CONSUMER, NOW, entry, open_entry, record, restriction
from tests.policies.registering import MATTER, REGISTRY, application, content, point_of, registry, user

pytestmark = [pytest.mark.clause("NT-33"), pytest.mark.clause("KF-14")]
OF = entry()
NAME = ItemIdentifier("name")
PURPOSES = (Purpose("verification"), Purpose("work_reference"))
CHECKER = ApplicationId("checker")


def test_who_can_see_lists_parties_with_their_terms() -> None:
    end = NOW + timedelta(days=3)
    scoped = record(
        valid_until=end.isoformat(),
        scope={"division": {"eq": "1"}},
        condition={"auth_level": {"gte": 2}},
        obligations={"mask": {"name": {"partial": {"head": 1, "tail": 0}}}},
    )
    [sight] = who_can_see(content([OF], [scoped]), CODE, NAME, NOW)
    assert {str(one) for one in sight.who} == {f"department:{CONSUMER}", "application:checker"}
    assert (sight.purposes, sight.modes, sight.matters, sight.until) == (
        ("verification",),
        (Mode.QUERY,),
        (None,),
        end,
    )
    assert (sight.is_scoped, sight.is_conditional, sight.records) == (True, True, ("statute-1",))
    assert sight.mask is not None
    assert sight.mask.kind is MaskKind.PARTIAL
    [line] = render_sights([sight])
    assert "in the rows of a scope, under a condition, first 1 and last 0 characters shown, until" in line.en
    assert "依据 statute-1" in line.zh


def test_who_can_see_is_asked_of_a_moment() -> None:
    later = record(valid_from=(NOW + timedelta(days=3)).isoformat())
    snapshot = content([OF], [later])
    assert who_can_see(snapshot, CODE, NAME, NOW) == ()
    assert [line.en for line in render_sights(())] == ["nobody can see it"]
    assert who_can_see(snapshot, CODE, NAME, NOW + timedelta(days=3)) != ()
    assert who_can_see(content([OF], [record(), restriction()]), CODE, NAME, NOW) == ()
    assert who_can_see(content([OF], [record(condition={"auth_level": {"gt": 3}})]), CODE, NAME, NOW) == ()


def test_who_can_see_names_matters_and_endless_records() -> None:
    [sight] = who_can_see(content([OF], [record(matters=[MATTER])]), CODE, NAME, NOW)
    assert (sight.matters, sight.until) == ((MATTER,), None)
    [line] = render_sights([sight])
    assert f"under {MATTER}, without end" in line.en


def test_what_can_see_is_decided_for_the_viewer() -> None:
    point = point_of(content([OF], [record(scope={"division": {"eq": "1"}}), record(id="b", items=["note"])]))
    viewer = registered_viewer(REGISTRY, CHECKER, None)
    assert viewer is not None
    found = what_can_see(point, viewer, [CODE], NOW, PURPOSES)
    assert {(one.items, one.is_scoped) for one in found} == {(("name",), True), (("note",), False)}
    lines = [line.en for line in render_permissions(found)]
    assert any("in the rows of a scope" in line for line in lines)
    assert what_can_see(point, Viewer(PUBLIC, NetworkZone.INTERNET), [CODE], NOW, PURPOSES) == ()
    assert [line.en for line in render_permissions(())] == ["nothing can be seen"]


def test_what_can_see_asks_under_each_matter() -> None:
    own = registry(applications=[application("checker", CONSUMER, "999999-0001", "999999-0002")])
    point = point_of(content([OF], [record(matters=["999999-0002"])], own))
    viewer = registered_viewer(own, CHECKER, None)
    assert viewer is not None
    [seen] = what_can_see(point, viewer, [CODE], NOW, PURPOSES)
    assert seen.matters == ("999999-0002",)


def test_viewer_may_be_supposed() -> None:
    supposed = Hypothetical(CONSUMER, 3, NetworkZone.GOVERNMENT, Matter("999999-0009"))
    viewer = imagine_viewer(supposed, REGISTRY)
    assert viewer is not None
    assert (viewer.subject.groups, viewer.subject.auth_level, viewer.zone) == (
        ("inspectors",),
        3,
        NetworkZone.GOVERNMENT,
    )
    point = point_of(content([OF], [record(matters=["999999-0009"])]))
    assert [one.items for one in what_can_see(point, viewer, [CODE], NOW, PURPOSES)] == [("name",)]
    bare = imagine_viewer(Hypothetical(CONSUMER), REGISTRY)
    assert bare is not None
    assert bare.subject.matters == ()
    assert imagine_viewer(Hypothetical(DepartmentCode("unknown")), REGISTRY) is None


def test_viewer_is_admitted_or_nobody() -> None:
    person = registered_viewer(REGISTRY, None, UserId("clerk"))
    assert person is not None
    assert (person.subject.user, person.subject.application, person.subject.auth_level) == ("clerk", None, 2)
    assert registered_viewer(REGISTRY, ApplicationId("unknown"), None) is None
    disabled = registry(users=[replace(user("clerk", CONSUMER), status=UserStatus.DISABLED)])
    assert registered_viewer(disabled, None, UserId("clerk")) is None


def past(**members: object) -> PastRefusal:
    refusal = PastRefusal(
        entry=CODE,
        items=(NAME,),
        application=CHECKER,
        user=None,
        department=CONSUMER,
        action=Action(Mode.QUERY, None),
        environment=Environment(NOW, None),
        epoch=1,
        code=ErrorCode.PURPOSE_REQUIRED,
        reasons={NAME: ErrorCode.PURPOSE_REQUIRED},
    )
    return replace(refusal, **members)  # type: ignore[arg-type]  # what a test changes is of its type


def test_refusal_is_explained_under_the_records_of_now() -> None:
    point = point_of(content([OF], [record()]))
    explained = explain_refusal(point, past())
    assert not explained.is_moved
    assert explained.explanation is not None
    assert explained.explanation.items[0].code is ErrorCode.PURPOSE_REQUIRED
    assert explained.explanation.request.environment.network_zone is NetworkZone.GOVERNMENT
    lines = [line.en for line in render_refusal(explained)]
    assert lines[0] == "refused at 2026-03-01T08:00:00Z, under epoch 1: name PURPOSE_REQUIRED"
    assert any("a purpose must be stated" in line for line in lines)


def test_refusal_says_what_moved_since() -> None:
    point = point_of(content([OF], [record(), replace(record(id="b"), version=2)], epoch=7))
    policies = tuple((PolicyId(name), 1) for name in ("statute-1", "b", "c"))
    explained = explain_refusal(point, past(policies=policies, reasons={}))
    assert explained.is_moved
    assert [standing for _, _, standing in explained.policies] == [Standing.UNCHANGED, Standing.CHANGED, Standing.GONE]
    lines = [line.en for line in render_refusal(explained)]
    assert lines[:4] == [
        "refused at 2026-03-01T08:00:00Z, under epoch 1: PURPOSE_REQUIRED",
        "  statute-1 v1: as it was",
        "  b v1: changed since",
        "  c v1: not there any more",
    ]
    assert "policies, register or catalog were changed since; what follows is by those of now" in lines


def test_refusal_of_somebody_who_left_is_told_as_the_log_has_it() -> None:
    point = point_of(content([OF], [record()]))
    explained = explain_refusal(point, past(application=ApplicationId("gone")))
    assert explained.explanation is None
    assert [line.en for line in render_refusal(explained)][-1].startswith("who asked isn't admitted any more")


def test_refusal_of_the_public_is_explained() -> None:
    of = open_entry()
    point = point_of(content([of], []))
    refusal = past(department=None, application=None, items=(ItemIdentifier("code"),))
    explained = explain_refusal(point, refusal)
    assert explained.explanation is not None
    assert explained.explanation.request.subject.is_public
