"""A token counts only from the sender that it is bound to, presented in the one way that goes with it (T23, T24)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.errors import Unauthenticated
from portal.identity.claims import Binding, Confirmation, SubjectKind, TokenClaims
from portal.identity.proofs import token_digest
from portal.identity.senders import Sender, check_sender
from portal.identity.tokens import PresentedToken, Scheme
from tests.fixtures.proofs import NOW, P256, P384, TOKEN, URL, claims, header, sign

pytestmark = [pytest.mark.clause("T23"), pytest.mark.clause("T24")]

PROOF = sign(header(), claims())
FREE = TokenClaims(SubjectKind.APPLICATION, "app-1", None, None, NOW + timedelta(minutes=5), "t-1")
BY_KEY = replace(FREE, confirmation=Confirmation(Binding.KEY, P256.thumbprint()))
BY_CERTIFICATE = replace(FREE, confirmation=Confirmation(Binding.CERTIFICATE, "A" * 43))
BEARER, DPOP = PresentedToken(Scheme.BEARER, TOKEN), PresentedToken(Scheme.DPOP, TOKEN)
NOBODY = Sender("POST", URL)
PROVEN = replace(NOBODY, proofs=(PROOF,))
CERTIFIED = replace(NOBODY, certificate="A" * 43)


def refusal(presented: PresentedToken, said: TokenClaims, sender: Sender, *, takes_bearer: bool = True) -> str:
    with pytest.raises(Unauthenticated) as refused:
        check_sender(presented, said, sender, NOW, takes_bearer=takes_bearer)
    return refused.value.text.en


def test_proof_of_a_bound_token_is_told_for_it_counts_once() -> None:
    proof = check_sender(DPOP, BY_KEY, PROVEN, NOW, takes_bearer=False)
    assert proof is not None
    assert proof.thumbprint == P256.thumbprint()


@pytest.mark.parametrize("takes_bearer", [True, False])
def test_token_bound_to_a_certificate_is_taken_over_its_connection(*, takes_bearer: bool) -> None:
    assert check_sender(BEARER, BY_CERTIFICATE, CERTIFIED, NOW, takes_bearer=takes_bearer) is None


def test_token_bound_to_nothing_is_taken_where_such_are() -> None:
    for sender in (NOBODY, PROVEN, CERTIFIED):
        assert check_sender(BEARER, FREE, sender, NOW, takes_bearer=True) is None


@pytest.mark.parametrize("sender", [NOBODY, PROVEN, CERTIFIED])
def test_token_bound_to_nothing_is_refused_where_a_portal_takes_none(sender: Sender) -> None:
    assert "such tokens aren't taken here" in refusal(BEARER, FREE, sender, takes_bearer=False)


@pytest.mark.parametrize("said", [FREE, BY_CERTIFICATE])
def test_token_that_is_bound_to_no_key_is_refused_with_a_proof(said: TokenClaims) -> None:
    assert "bound to no key" in refusal(DPOP, said, replace(CERTIFIED, proofs=(PROOF,)))


def test_token_bound_to_a_key_is_refused_as_a_bearer_token() -> None:
    assert "send it as `DPoP TOKEN`" in refusal(BEARER, BY_KEY, PROVEN)


@pytest.mark.parametrize("proofs", [(), (PROOF, PROOF), (PROOF, ""), ("", PROOF)])
def test_token_bound_to_a_key_is_refused_without_just_one_proof(proofs: tuple[str, ...]) -> None:
    assert "needs one `DPoP` header" in refusal(DPOP, BY_KEY, replace(NOBODY, proofs=proofs))


def test_token_is_refused_with_the_proof_of_another_key() -> None:
    other = sign(header("ES384"), claims())
    assert "another key" in refusal(DPOP, BY_KEY, replace(NOBODY, proofs=(other,)))
    assert P384.thumbprint() != P256.thumbprint()


@pytest.mark.parametrize(
    "changed",
    [
        {"ath": token_digest("another.token.here")},
        {"htm": "GET"},
        {"htu": "https://share.example.gov.cn/token"},
        {"htu": "http://share.example.gov.cn/graphql"},
        {"htu": "https://elsewhere.example.gov.cn/graphql"},
        {"iat": int(NOW.timestamp()) - 61},
        {"iat": int(NOW.timestamp()) + 3},
    ],
)
def test_token_is_refused_with_a_proof_for_something_else(changed: dict[str, object]) -> None:
    proof = sign(header(), claims(**changed))
    assert "the DPoP proof" in refusal(DPOP, BY_KEY, replace(NOBODY, proofs=(proof,)))


def test_proof_of_a_token_request_does_not_go_for_the_token() -> None:
    body = claims()
    del body["ath"]
    assert "(`ath`)" in refusal(DPOP, BY_KEY, replace(NOBODY, proofs=(sign(header(), body),)))


@pytest.mark.parametrize("certificate", ["B" * 43, "a" * 43, "A" * 42, ""])
def test_token_is_refused_over_the_connection_of_another_certificate(certificate: str) -> None:
    assert "another certificate" in refusal(BEARER, BY_CERTIFICATE, replace(NOBODY, certificate=certificate))


def test_token_is_refused_over_a_connection_without_its_certificate() -> None:
    assert "shows none" in refusal(BEARER, BY_CERTIFICATE, PROVEN)
