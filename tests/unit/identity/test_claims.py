"""Tokens that the portal signed, with claims it never writes: each claim changed in each way (T7)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.errors import Unauthenticated
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.tokens import verify_token
from portal.vocabulary import NetworkZone
from tests.fixtures.tokens import AUTHORITY, FORGE, LEFT_OUT, NOW, SECONDS, good_claims

TEXT_CLAIMS = ("iss", "aud", "sub", "client_id", "jti")
TIME_CLAIMS = ("iat", "nbf", "exp")

NO_TEXT: tuple[object, ...] = (None, "", 0, 1, 1.5, True, [], ["x"], {}, LEFT_OUT)
NO_SECONDS: tuple[object, ...] = (
    *(None, True, False, [], [SECONDS], {}, "", str(SECONDS), "2026-06-01T12:00:00Z", LEFT_OUT),
    *(float(SECONDS), SECONDS + 0.5, 1e400),
)


def verify(changes: Mapping[str, object], now: datetime = NOW) -> TokenClaims:
    return verify_token(FORGE.token(None, good_claims(**changes)), AUTHORITY, now)


def refusal(changes: Mapping[str, object], now: datetime = NOW) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verify(changes, now)
    assert refused.value.text.zh
    return refused.value.text.en


def shown(value: object) -> str:
    return "left out" if value is LEFT_OUT else repr(value)


@pytest.mark.parametrize("name", TEXT_CLAIMS)
@pytest.mark.parametrize("value", NO_TEXT, ids=shown)
def test_token_is_refused_when_a_text_claim_is_none(name: str, value: object) -> None:
    assert refusal({name: value}) == f"the token has no usable claim `{name}`; get a new one"


@pytest.mark.parametrize("name", TIME_CLAIMS)
@pytest.mark.parametrize("value", NO_SECONDS, ids=shown)
def test_token_is_refused_when_a_time_is_no_integer(name: str, value: object) -> None:
    assert "get a new one" in refusal({name: value})


VERDICTS_OF_EXP = {
    -86400: False,
    -60: False,
    -10: False,
    -1: False,
    0: False,
    1: True,
    10: True,
    86400: True,
    86401: False,
}
VERDICTS_OF_START = {-3600: True, -60: True, -1: True, 0: True, 1: True, 2: True, 3: False, 10: False, 60: False}


@pytest.mark.parametrize(("seconds", "taken"), VERDICTS_OF_EXP.items())
def test_token_is_taken_only_when_it_ends_in_the_future(seconds: int, taken: bool) -> None:
    changes = {"exp": SECONDS + seconds}
    if taken:
        assert verify(changes).expires_at == NOW + timedelta(seconds=seconds)
    else:
        assert ("expired" if seconds <= 0 else "lives longer") in refusal(changes)


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("seconds", "taken"), VERDICTS_OF_START.items())
def test_token_is_taken_only_when_it_has_begun_but_for_the_skew(name: str, seconds: int, taken: bool) -> None:
    changes = {name: SECONDS + seconds}
    if taken:
        assert verify(changes).id == "app-1"
    else:
        assert "isn't valid yet" in refusal(changes)


@pytest.mark.parametrize(("microseconds", "taken"), [(-1, True), (0, False), (1, False)])
def test_token_ends_at_its_instant_when_now_is_between_seconds(microseconds: int, taken: bool) -> None:
    now = datetime.fromtimestamp(SECONDS + 3600, UTC) + timedelta(microseconds=microseconds)
    if taken:
        assert verify({}, now).id == "app-1"
    else:
        assert "expired" in refusal({}, now)


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": SECONDS - 86400, "exp": SECONDS + 1},
        {"iat": 0},
        {"iat": -SECONDS},
        {"exp": 2**31},
        {"exp": 2**53},
        {"exp": 2**63},
        {"exp": 10**30},
        {"iat": -(10**30)},
    ],
    ids=str,
)
def test_token_is_refused_when_it_lives_longer_than_a_day(changes: dict[str, object]) -> None:
    assert "lives longer" in refusal(changes)


@pytest.mark.parametrize(
    "changes", [{"iat": SECONDS + 1, "exp": SECONDS + 1}, {"iat": SECONDS + 2, "exp": SECONDS + 1}]
)
def test_token_is_refused_when_it_ends_as_it_begins(changes: dict[str, object]) -> None:
    assert "lives longer" in refusal(changes)


@pytest.mark.parametrize(
    "issuer",
    ["https://portal.example/", "https://PORTAL.example", "https://portal.example.attacker.example", "portal", " "],
)
def test_token_is_refused_when_of_another_issuer(issuer: str) -> None:
    assert "another issuer" in refusal({"iss": issuer})


@pytest.mark.parametrize(
    "audience", ["https://portal.example", "https://portal.example/graphql/", "https://portal.example/GraphQL", "*"]
)
def test_token_is_refused_when_for_another_audience(audience: str) -> None:
    assert "another audience" in refusal({"aud": audience})


@pytest.mark.parametrize("audience", [[AUTHORITY.audience], [AUTHORITY.audience, "other"], {"0": AUTHORITY.audience}])
def test_token_is_refused_when_its_audience_is_no_text(audience: object) -> None:
    assert "no usable claim `aud`" in refusal({"aud": audience})


@pytest.mark.parametrize(
    "subject",
    [
        *("app-1", "application", "application:", ":app-1", ":", "public", "public:", "department:11999999MB0000019T"),
        *("Application:app-1", "APPLICATION:app-1", " application:app-1", "user", "user:", "users:u"),
        *("application:\n", "application:a\tb", "application:\u202e", "application:" + "a" * 257),
    ],
)
def test_token_is_refused_when_it_names_no_subject(subject: str) -> None:
    assert "names no subject" in refusal({"sub": subject})


@pytest.mark.parametrize(
    ("subject", "client"),
    [
        ("application:app-1", "app-2"),
        ("application:app-1", "portal"),
        ("application:app-1", "application:app-1"),
        ("application:app-2", "app-1"),
        ("user:app-1", "app-1"),
        ("user:u-1", "u-1"),
        ("application:app-1:x", "app-1"),
    ],
)
def test_token_is_refused_when_its_client_is_another(subject: str, client: str) -> None:
    assert "names a client" in refusal({"sub": subject, "client_id": client})


@pytest.mark.parametrize(
    "binding",
    [
        *({}, None, "x", [], ["jkt"], True, 1, {"jkt": None}, {"jkt": 1}, {"jkt": ["A" * 43]}),
        *({"jkt": ""}, {"jkt": "A" * 42}, {"jkt": "A" * 44}, {"jkt": "A" * 42 + "="}, {"jkt": "A" * 42 + "\n"}),
        *({"JKT": "A" * 43}, {"x5t": "A" * 43}, {"kid": "A" * 43}, {"jwk": {}}, {"x5t#s256": "A" * 43}),
        {"jkt": "A" * 43, "x5t#S256": "A" * 43},
        {"jkt": "A" * 43, "kid": "k"},
    ],
)
def test_token_is_refused_when_bound_in_a_way_that_is_not_known(binding: object) -> None:
    assert "`cnf`" in refusal({"cnf": binding})


@pytest.mark.parametrize(
    "name", ["scope", "roles", "groups", "department", "act", "may_act", "ISS", "", "exp ", "auth_time"]
)
def test_token_is_refused_when_it_holds_another_claim(name: str) -> None:
    assert "a claim that isn't known" in refusal({name: "x"})


@pytest.mark.parametrize("level", [-1, 4, 2**53, True, False, None, "2", 2.0, 2.5, [2], {}], ids=repr)
def test_token_is_refused_when_its_level_is_none(level: object) -> None:
    assert "no usable claim `auth_level`" in refusal({"auth_level": level})


@pytest.mark.parametrize(
    "zone", ["", "Government", "intranet", "government ", None, 1, True, ["government"], {}], ids=repr
)
def test_token_is_refused_when_its_zone_is_none(zone: object) -> None:
    assert "no usable claim `network_zone`" in refusal({"network_zone": zone})


EXPECTED = TokenClaims(SubjectKind.APPLICATION, "app-1", None, None, NOW + timedelta(hours=1), "synthetic-1")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, EXPECTED),
        ({"auth_level": 0}, replace(EXPECTED, auth_level=0)),
        ({"auth_level": 3}, replace(EXPECTED, auth_level=3)),
        ({"network_zone": "government"}, replace(EXPECTED, network_zone=NetworkZone.GOVERNMENT)),
        ({"network_zone": "internet"}, replace(EXPECTED, network_zone=NetworkZone.INTERNET)),
        (
            {"sub": "user:u-1", "client_id": "portal"},
            replace(EXPECTED, kind=SubjectKind.USER, id="u-1"),
        ),
        ({"sub": "application:应用 a:1", "client_id": "应用 a:1"}, replace(EXPECTED, id="应用 a:1")),
        ({"sub": "application:a", "client_id": "a"}, replace(EXPECTED, id="a")),
        ({"sub": "application:" + "a" * 256, "client_id": "a" * 256}, replace(EXPECTED, id="a" * 256)),
    ],
)
def test_claims_are_read_as_they_are_when_good(changes: dict[str, object], expected: TokenClaims) -> None:
    assert verify(changes) == expected
