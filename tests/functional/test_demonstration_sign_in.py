"""Signing in with a browser at the demonstration's own provider: the whole way, and a second factor."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from portal.conditions.values import render_instant
from portal.identity.second_factors import STEP_SECONDS, code_of
from portal.storage.database import for_writing, open_sync_database
from portal.storage.tables import changes
from tests.fixtures.browser import Browser
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.staff import OTHER_SYSTEM, SYSTEM, staffed_bundle


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


@pytest.mark.clause("threats.md T55")
def test_account_that_nobody_used_for_90_days_is_stopped(world: PortalWorld) -> None:
    engine = open_sync_database(world.settings.database_url)

    def registered(at: datetime) -> None:
        with for_writing(engine).begin() as connection:
            connection.execute(update(changes).values(made_at=render_instant(at)))

    now = datetime.now(UTC)
    registered(now - timedelta(days=91))
    refused = Browser(world).sign_in(OTHER_SYSTEM)
    assert (refused.status, b"90 days" in refused.content) == (403, True)
    # Whoever was seen since is let in, and so is whoever was registered anew.
    assert Browser(world).sign_in(SYSTEM).status == 200
    registered(now - timedelta(days=89))
    assert Browser(world).sign_in(OTHER_SYSTEM).status == 200
    engine.dispose()
