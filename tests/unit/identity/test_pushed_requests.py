"""Pushed requests: where they go, and what is taken for a reference; whatever else comes back ends the sign-in."""

import json

import pytest

from portal.identity.fetching import Fetched
from portal.identity.provider import parse_metadata
from portal.identity.pushed_requests import parse_reference, pushed_endpoint
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from portal.setting_values import PushedRequests
from tests.fixtures.provider_keys import ISSUER
from tests.fixtures.pushed_answers import GOOD_REFERENCE, HOSTILE_ANSWERS, answered
from tests.unit.identity.test_provider import changed, refused

pytestmark = pytest.mark.clause("threats.md T48")

ENDPOINT = f"{ISSUER}/par"


@pytest.mark.parametrize("wanted", PushedRequests)
def test_request_is_pushed_when_the_provider_takes_it(wanted: PushedRequests) -> None:
    metadata = parse_metadata(changed(pushed_authorization_request_endpoint=ENDPOINT), ISSUER)
    assert pushed_endpoint(metadata, wanted) == ENDPOINT


def test_request_goes_with_the_browser_when_the_provider_takes_none_and_nobody_requires_it() -> None:
    metadata = parse_metadata(changed(require_pushed_authorization_requests=False), ISSUER)
    assert pushed_endpoint(metadata, PushedRequests.WHEN_OFFERED) is None
    with pytest.raises(SignInRefused, match="identity provider") as raised:
        pushed_endpoint(metadata, PushedRequests.REQUIRED)
    assert raised.value.reason is SignInReason.PROVIDER_UNAVAILABLE
    assert "PORTAL_OIDC_PUSHED_REQUESTS" in raised.value.detail


@pytest.mark.parametrize(
    "endpoint", ["http://id.example.gov.cn/par", "", 1, ["x"], "https://a@b/par", "ftp://x/", f"{ISSUER}/#par", "par"]
)
def test_metadata_with_another_endpoint_are_refused(endpoint: object) -> None:
    refused(changed(pushed_authorization_request_endpoint=endpoint))


def test_metadata_that_require_it_and_name_no_endpoint_are_refused() -> None:
    refused(changed(require_pushed_authorization_requests=True))


@pytest.mark.parametrize("media_type", ["application/json"])
@pytest.mark.parametrize("seconds", [1, 60, 90, 10**9])
def test_reference_is_read(media_type: str, seconds: int) -> None:
    body = json.dumps({"request_uri": GOOD_REFERENCE, "expires_in": seconds, "more": None}).encode()
    assert parse_reference(Fetched(201, body, media_type)) == GOOD_REFERENCE


@pytest.mark.parametrize("answer", HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
def test_answer_without_a_reference_that_lasts_is_refused(answer: tuple[int, bytes, str]) -> None:
    status, body, media_type = answer
    with pytest.raises(SignInRefused) as raised:
        parse_reference(Fetched(status, body, media_type.partition(";")[0]))
    expected = SignInReason.REFUSED_BY_PROVIDER if 400 <= status < 500 else SignInReason.PROVIDER_UNAVAILABLE
    assert raised.value.reason is expected
    assert "evil" not in raised.value.detail


def test_good_answer_is_good() -> None:
    status, body, media_type = answered()
    assert parse_reference(Fetched(status, body, media_type)) == GOOD_REFERENCE
