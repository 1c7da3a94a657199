"""Whoever's registration was stopped is refused at the next request, with the token that was good until then."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.identity.registry import (
    Application,
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Registered,
    Registry,
    Successor,
    User,
    UserStatus,
)
from portal.vocabulary import ApplicationId, DepartmentCode, UserId
from tests.fixtures.assertions import key_file
from tests.fixtures.authority import CONSUMER, authority
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.register_changes import change_register, store_of
from tests.fixtures.sharing_bundle import BYSTANDER, CHECKER, CLERK, OUTSIDER, sharing_bundle
from tests.fixtures.small_bundle import content_of
from tests.fixtures.token_clients import SIGNER, assertion, form, post

pytestmark = [pytest.mark.clause("threats.md T55"), pytest.mark.clause("threats.md T30")]

DOCUMENT = "{ me { department { code } } shared { villages(purpose: WORK_REFERENCE) { nodes { code } } } }"
HEIR = DepartmentCode(BYSTANDER)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    draft.keys |= {**authority().files(), "checker.pem": key_file(SIGNER)}
    draft.applications[0] += "checker.pem"
    with open_world(draft, tmp_path) as opened:
        yield opened


def registry_of(world: PortalWorld) -> Registry:
    return content_of(store_of(world)).registry


def change(world: PortalWorld, registered: Registered) -> None:
    change_register(store_of(world), registered)


def checker(world: PortalWorld, status: ApplicationStatus) -> Application:
    return replace(registry_of(world).applications[ApplicationId("checker")], status=status)


def clerk(world: PortalWorld, status: UserStatus) -> User:
    return replace(registry_of(world).users[UserId("clerk")], status=status)


def consumer(world: PortalWorld, status: DepartmentStatus, *successors: DepartmentCode) -> Department:
    known = registry_of(world).departments[DepartmentCode(CONSUMER)]
    return replace(known, status=status, successors=tuple(map(Successor, successors)))


def assert_refused(answer: Answer) -> None:
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert "isn't registered, or no longer" in answer.errors[0]["message"]


@pytest.mark.clause("FJ-35")
@pytest.mark.parametrize(
    "status", [ApplicationStatus.REGISTERED, ApplicationStatus.RECOGNISED, ApplicationStatus.DISABLED]
)
def test_application_is_refused_at_the_next_request_when_it_is_not_approved(
    world: PortalWorld, status: ApplicationStatus
) -> None:
    assert world.ask(DOCUMENT, by=CHECKER).status == 200
    change(world, checker(world, status))
    assert_refused(world.ask(DOCUMENT, by=CHECKER))
    assert_refused(world.ask("{ catalog { totalCount } }", by=CHECKER))
    change(world, checker(world, ApplicationStatus.APPROVED))
    assert world.ask(DOCUMENT, by=CHECKER).status == 200


def test_user_is_refused_at_the_next_request_when_disabled(world: PortalWorld) -> None:
    assert world.ask(DOCUMENT, by=CLERK).status == 200
    change(world, clerk(world, UserStatus.DISABLED))
    assert_refused(world.ask(DOCUMENT, by=CLERK))
    assert world.ask(DOCUMENT, by=CHECKER).status == 200


@pytest.mark.parametrize("status", [one for one in DepartmentStatus if one is not DepartmentStatus.ACTIVE])
def test_everybody_of_a_department_is_refused_at_the_next_request_when_it_is_no_more(
    world: PortalWorld, status: DepartmentStatus
) -> None:
    assert [world.ask(DOCUMENT, by=by).status for by in (CHECKER, CLERK, OUTSIDER)] == [200, 200, 200]
    change(world, consumer(world, status, *([] if status is DepartmentStatus.DISSOLVED else [HEIR])))
    for by in (CHECKER, CLERK):
        assert_refused(world.ask(DOCUMENT, by=by))
    assert world.ask(DOCUMENT, by=OUTSIDER).status == 200


@pytest.mark.parametrize("is_department", [False, True])
def test_no_token_is_given_to_who_may_not_ask(world: PortalWorld, is_department: bool) -> None:
    assert post(world, form()).status == 200
    stopped = (
        consumer(world, DepartmentStatus.DISSOLVED) if is_department else checker(world, ApplicationStatus.DISABLED)
    )
    change(world, stopped)
    refused = post(world, form())
    assert (refused.status, refused.payload["error"]) == (401, "invalid_client")
    unknown = post(world, form(client_assertion=assertion(client="nobody")))
    assert refused.payload == unknown.payload


def test_public_is_answered_whoever_was_stopped(world: PortalWorld) -> None:
    change(world, consumer(world, DepartmentStatus.DISSOLVED))
    assert world.ask("{ me { department { code } } }").data == {"me": {"department": None}}
