"""References of the demonstration's provider: each opens for its own client, while it lasts, and unchanged alone."""

import os
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.identity.demonstration_requests import LIFE, PREFIX, PushedAway

pytestmark = pytest.mark.clause("threats.md T48")

KEY = AESGCM(bytes(range(32)))
ASKED = {"client_id": "portal", "state": "synthetic"}


def reference(pushed: PushedAway) -> str:
    return str(pushed.seal(ASKED)["request_uri"])


def test_reference_opens_on_every_worker() -> None:
    query = {"client_id": "portal", "request_uri": reference(PushedAway(KEY)), "state": "another"}
    assert PushedAway(AESGCM(bytes(range(32)))).open(query) == ASKED


def test_reference_opens_for_its_own_client_alone() -> None:
    given = reference(PushedAway(KEY))
    assert PushedAway(KEY).open({"client_id": "other", "request_uri": given}) is None
    assert PushedAway(KEY).open({"request_uri": given}) is None


def test_reference_of_another_key_does_not_open() -> None:
    given = reference(PushedAway(AESGCM(os.urandom(32))))
    assert PushedAway(KEY).open({"client_id": "portal", "request_uri": given}) is None


@pytest.mark.parametrize("given", ["", PREFIX, f"{PREFIX}AAAA", f"{PREFIX}%", "x" * 400, f"{PREFIX}{'A' * 400}"])
def test_reference_that_is_none_does_not_open(given: str) -> None:
    assert PushedAway(KEY).open({"client_id": "portal", "request_uri": given}) is None


def test_reference_opens_no_more_when_it_has_expired() -> None:
    late = PushedAway(KEY, -timedelta(seconds=1))
    assert late.open({"client_id": "portal", "request_uri": reference(late)}) is None


def test_reference_is_drawn_anew_each_time() -> None:
    assert PushedAway(KEY).seal(ASKED)["expires_in"] == LIFE.total_seconds()
    assert reference(PushedAway(KEY)) != reference(PushedAway(KEY))
