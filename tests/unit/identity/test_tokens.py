"""Tokens that the portal issues, keeps while they are good, and takes from a request's header."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.errors import BadInput, Unauthenticated
from portal.identity.claims import Binding, Confirmation, SubjectKind, TokenClaims
from portal.identity.tokens import (
    PresentedToken,
    Scheme,
    TokenGrant,
    TokenVerifier,
    issue_token,
    read_authorization,
    verify_token,
)
from portal.vocabulary import NetworkZone
from tests.fixtures.tokens import AUTHORITY, FORGE, NOW, OTHER_KEY, SECONDS, good_claims

GRANT = TokenGrant(SubjectKind.APPLICATION, "app-1")


def parts_of(token: str) -> list[dict[str, object]]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


@pytest.mark.parametrize(
    "grant",
    [
        replace(GRANT, ttl_seconds=0),
        replace(GRANT, ttl_seconds=-1),
        replace(GRANT, ttl_seconds=86401),
        replace(GRANT, auth_level=-1),
        replace(GRANT, auth_level=4),
        replace(GRANT, id=""),
        replace(GRANT, id="a\n"),
        replace(GRANT, id="a" * 257),
    ],
    ids=str,
)
def test_token_is_not_issued_when_it_could_not_be_taken(grant: TokenGrant) -> None:
    with pytest.raises(BadInput) as refused:
        issue_token(grant, AUTHORITY, NOW)
    assert refused.value.text.zh


@pytest.mark.parametrize(
    "grant",
    [
        GRANT,
        replace(GRANT, ttl_seconds=1),
        replace(GRANT, ttl_seconds=86400, auth_level=3, network_zone=NetworkZone.GOVERNMENT),
        TokenGrant(SubjectKind.USER, "应用:1", auth_level=0, network_zone=NetworkZone.INTERNET),
    ],
    ids=str,
)
def test_token_says_what_was_granted_when_verified(grant: TokenGrant) -> None:
    token = issue_token(grant, AUTHORITY, NOW + timedelta(microseconds=999_999))
    claims = verify_token(token, AUTHORITY, NOW)
    assert claims == TokenClaims(
        grant.kind,
        grant.id,
        grant.auth_level,
        grant.network_zone,
        NOW + timedelta(seconds=grant.ttl_seconds),
        claims.token_id,
    )


def test_token_has_the_form_of_rfc_9068_when_issued() -> None:
    header, claims = parts_of(issue_token(GRANT, AUTHORITY, NOW))
    assert header == {"alg": "Ed25519", "typ": "at+jwt", "kid": AUTHORITY.key_id}
    assert len(str(claims["jti"])) >= 22
    assert claims == good_claims(jti=claims["jti"])
    _, of_user = parts_of(issue_token(TokenGrant(SubjectKind.USER, "u-1"), AUTHORITY, NOW))
    assert (of_user["sub"], of_user["client_id"]) == ("user:u-1", "portal")


def test_tokens_differ_when_issued_at_one_instant() -> None:
    assert issue_token(GRANT, AUTHORITY, NOW) != issue_token(GRANT, AUTHORITY, NOW)


@pytest.mark.parametrize(
    "other",
    [
        replace(AUTHORITY, signing=OTHER_KEY),
        replace(AUTHORITY, issuer="https://other.example"),
        replace(AUTHORITY, audience="https://other.example"),
    ],
    ids=["key", "issuer", "audience"],
)
def test_token_is_refused_when_another_portal_issued_it(other: object) -> None:
    assert isinstance(other, type(AUTHORITY))
    with pytest.raises(Unauthenticated):
        verify_token(issue_token(GRANT, other, NOW), AUTHORITY, NOW)


def test_authority_shows_no_key_when_printed() -> None:
    assert "Ed25519PrivateKey" not in repr(AUTHORITY)
    assert AUTHORITY.issuer in repr(AUTHORITY)


# The keeper.


def test_verifier_refuses_what_verification_refuses() -> None:
    verifier = TokenVerifier(AUTHORITY)
    for token in ("", "\udcff", FORGE.token()[:-1], FORGE.token(None, good_claims(exp=SECONDS))):
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                verifier.claims_of(token, NOW)


def test_verifier_keeps_a_token_only_until_it_ends() -> None:
    verifier, token = TokenVerifier(AUTHORITY), FORGE.token()
    claims = verifier.claims_of(token, NOW)
    assert verifier.claims_of(token, NOW + timedelta(seconds=3599)) is claims
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="expired"):
            verifier.claims_of(token, NOW + timedelta(seconds=3600))


def test_verifier_keeps_no_more_than_its_capacity_and_forgets_the_longest_unused() -> None:
    verifier = TokenVerifier(AUTHORITY, capacity=2)
    first, second, third = (FORGE.token(None, good_claims(jti=str(number))) for number in range(3))
    kept_first, kept_second = verifier.claims_of(first, NOW), verifier.claims_of(second, NOW)
    assert verifier.claims_of(first, NOW) is kept_first
    verifier.claims_of(third, NOW)
    assert verifier.claims_of(first, NOW) is kept_first
    again = verifier.claims_of(second, NOW)
    assert again == kept_second
    assert again is not kept_second


# The header of a request.


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer  token",
            " Bearer token",
            "Bearer token ",
            "Bearer\ttoken",
            "Bearertoken",
        ),
        *(
            "Bearer token,",
            "Bearer one, Bearer two",
            "Bearer one two",
            "Bearer tok\nen",
            "Bearer token\n",
            "Bearer töken",
        ),
        *(
            "Basic dXNlcjpwYXNz",
            "token",
            "Token token",
            "Digest token",
            "bearer:token",
            "Bearer token\0",
            "\uff42earer token",
        ),
        *("DPoP", "dpop", "DPoP ", "DPoP  token", "DPoP one two", "DPoP a, DPoP b", "Bearer \ud800"),
    ],
)
def test_header_is_refused_when_it_is_not_one_bearer_token(value: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        read_authorization([value])
    assert "Bearer TOKEN" in refused.value.text.en
    assert "`Bearer 令牌`" in refused.value.text.zh


@pytest.mark.parametrize(
    "values", [["Bearer a", "Bearer a"], ["Bearer a", ""], ["", ""], ["Bearer a", "Basic b"], ["DPoP a", "Bearer a"]]
)
def test_header_is_refused_when_there_are_several(values: list[str]) -> None:
    with pytest.raises(Unauthenticated, match="more than one"):
        read_authorization(values)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_token_is_read_when_the_header_is_one_bearer_token(scheme: str) -> None:
    token = FORGE.token()
    assert read_authorization([f"{scheme} {token}"]) == PresentedToken(Scheme.BEARER, token)


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_token_is_read_when_the_header_is_one_token_with_a_proof(scheme: str) -> None:
    token = FORGE.token()
    assert read_authorization([f"{scheme} {token}"]) == PresentedToken(Scheme.DPOP, token)


@pytest.mark.parametrize("binding", Binding)
def test_token_says_to_what_it_is_bound(binding: Binding) -> None:
    grant = replace(GRANT, confirmation=Confirmation(binding, "A" * 43))
    assert verify_token(issue_token(grant, AUTHORITY, NOW), AUTHORITY, NOW).confirmation == grant.confirmation


def test_there_is_no_token_when_there_is_no_header() -> None:
    assert read_authorization([]) is None
