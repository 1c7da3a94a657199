"""Signing in with a browser at the demonstration's own provider: the whole way, and a second factor."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from portal.identity.second_factors import STEP_SECONDS, code_of
from tests.fixtures.browser import Browser
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.staff import SYSTEM, staffed_bundle


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(staffed_bundle(), tmp_path_factory.mktemp("portal"), demonstration="true") as opened:
        yield opened


def test_person_signs_in(world: PortalWorld) -> None:
    browser = Browser(world)
    answer = browser.sign_in(SYSTEM, "/console/changes")
    assert answer.status == 200, answer.content
    assert b'url=/console/changes"' in answer.content
    session = browser.session
    assert session["signed_in"] is True
    assert session["user"] == SYSTEM
    assert browser.ask("{ me { user } }").data == {"me": {"user": SYSTEM}}


def test_person_shows_a_second_factor(world: PortalWorld) -> None:
    browser = Browser(world)
    browser.sign_in(SYSTEM)
    enrolled = browser.ask("mutation { enrolSecondFactor { secret uri } }").data["enrolSecondFactor"]
    before = browser.cookies["portal-session"]
    code = code_of(enrolled["secret"], datetime.now(UTC))
    assert browser.ask(f'mutation {{ confirmSecondFactor(code: "{code}") }}').data == {"confirmSecondFactor": True}
    assert browser.cookies["portal-session"] != before
    assert browser.session["second_factor"] is True
    assert [each["user"] for each in browser.ask("{ sessions { user isOwn } }").data["sessions"]] == [SYSTEM]
    assert STEP_SECONDS == 30
