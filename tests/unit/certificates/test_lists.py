"""Lists of revoked certificates past their term: who proves who he is now is refused, what was signed before isn't."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from portal.agreements.signing import SigningAuthority
from portal.certificates.certificates import parse_pem_certificates
from portal.certificates.chains import Chain, check_chain, check_lists
from portal.certificates.jose import Algorithm
from portal.certificates.trust import TrustStore, load_trust_store
from portal.errors import BadInput
from tests.fixtures.authority import CONSUMER, NOW, authority, foreign_authority, renewed_by

pytestmark = pytest.mark.clause("threats.md T23")

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LEAF = authority().certify(CONSUMER, "合成应用", Algorithm.ES256).chain
FRESH, STALE = renewed_by(NOW + DAY), renewed_by(NOW - DAY)
CERTIFICATES = {name: octets for name, octets in authority().files().items() if name.endswith(".pem")}
ISSUING, ROOT = "ca/issuing.crl", "ca/root.crl"


def store(lists: Mapping[str, bytes], certificates: Mapping[str, bytes] = CERTIFICATES) -> TrustStore:
    made, faults, _ = load_trust_store({**certificates, **lists}, NOW)
    assert faults == []
    return made


def anchored(trust: TrustStore, chain: Chain = LEAF) -> Chain:
    return check_chain(chain, trust, NOW)


TAKEN: dict[str, dict[str, bytes]] = {
    "both current": FRESH,
    "no list at all": {},
    "of departments alone": {ISSUING: FRESH[ISSUING]},
    "of authorities alone": {ROOT: FRESH[ROOT]},
    "a former one beside": {**FRESH, "ca/issuing-2025.crl": STALE[ISSUING]},
    "a former one behind": {ISSUING: STALE[ISSUING], "ca/zzz.crl": FRESH[ISSUING], ROOT: FRESH[ROOT]},
    "many former ones": {**FRESH, **{f"ca/{year}.crl": renewed_by(NOW - year * DAY)[ISSUING] for year in range(1, 9)}},
    "to be renewed at this very moment": renewed_by(NOW),
}
REFUSED: dict[str, tuple[dict[str, bytes], str]] = {
    "both past": (STALE, ISSUING),
    "of departments past": ({**FRESH, ISSUING: STALE[ISSUING]}, ISSUING),
    "of authorities past": ({**FRESH, ROOT: STALE[ROOT]}, ROOT),
    "of departments past, none of authorities": ({ISSUING: STALE[ISSUING]}, ISSUING),
    "of authorities past, none of departments": ({ROOT: STALE[ROOT]}, ROOT),
    "a second ago": (renewed_by(NOW - SECOND), ISSUING),
    "years ago": (renewed_by(NOW - 300 * DAY), ISSUING),
    "two, both past": ({**STALE, "ca/another.crl": renewed_by(NOW - SECOND)[ISSUING]}, "ca/another.crl"),
    "current of authorities named like departments'": ({ISSUING: STALE[ISSUING], ROOT: FRESH[ROOT]}, ISSUING),
}


@pytest.mark.parametrize("case", TAKEN)
def test_certificate_is_taken_while_every_authority_over_it_says_what_it_revoked(case: str) -> None:
    trust = store(TAKEN[case])
    check_lists(anchored(trust), trust, NOW)


@pytest.mark.parametrize("case", REFUSED)
def test_certificate_is_refused_when_nobody_knows_whether_it_is_revoked(case: str) -> None:
    lists, named = REFUSED[case]
    trust = store(lists)
    with pytest.raises(BadInput, match="nobody knows whether the certificate") as refused:
        check_lists(anchored(trust), trust, NOW)
    assert f"`keys/{named}" in refused.value.text.en
    assert f"`keys/{named}" in refused.value.text.zh


@pytest.mark.parametrize("case", REFUSED)
def test_signature_that_was_made_before_holds_by_the_lists_that_were_read(case: str) -> None:
    trust = store(REFUSED[case][0])
    assert check_chain(LEAF, trust, NOW)[0] == LEAF[0]


@pytest.mark.parametrize("chain", [LEAF[:1], LEAF, (*LEAF, authority().root)], ids=["leaf", "issuing", "root"])
@pytest.mark.parametrize("stale", [ISSUING, ROOT])
def test_it_plays_no_part_how_much_of_the_chain_was_sent(chain: Chain, stale: str) -> None:
    trust = store({**FRESH, stale: STALE[stale]})
    with pytest.raises(BadInput, match="nobody knows"):
        check_lists(anchored(trust, chain), trust, NOW)


def beside(mine: Mapping[str, bytes], others: Mapping[str, bytes]) -> TrustStore:
    """Two authorities of one name, each with its own list."""
    other = {f"{path.removesuffix('.pem')}-2.pem": octets for path, octets in foreign_authority().files().items()}
    certificates = {**CERTIFICATES, **{path: one for path, one in other.items() if path.count(".") == 1}}
    lists = {**mine, **{path.replace("ca/", "ca/other-"): octets for path, octets in others.items()}}
    return store(lists, {path: one for path, one in certificates.items() if path.endswith(".pem")})


def foreign(until: datetime) -> dict[str, bytes]:
    return renewed_by(until, foreign_authority())


def test_current_list_of_another_authority_of_the_same_name_helps_nobody() -> None:
    trust = beside(STALE, foreign(NOW + DAY))
    assert len(trust.lists) == 4
    with pytest.raises(BadInput, match="nobody knows"):
        check_lists(anchored(trust), trust, NOW)


def test_past_list_of_another_authority_of_the_same_name_harms_nobody() -> None:
    trust = beside(FRESH, foreign(NOW - DAY))
    check_lists(anchored(trust), trust, NOW)


def test_current_list_beside_a_past_one_still_revokes() -> None:
    trust = store({**renewed_by(NOW + DAY, revoked=LEAF[:1]), "ca/former.crl": STALE[ISSUING]})
    with pytest.raises(BadInput, match="is revoked"):
        anchored(trust)


def test_past_list_still_revokes() -> None:
    with pytest.raises(BadInput, match="is revoked"):
        anchored(store(renewed_by(NOW - DAY, revoked=LEAF[:1])))


def test_list_that_does_not_say_when_it_is_renewed_is_never_known_to_be_the_last() -> None:
    trust = store(FRESH)
    timeless = replace(trust, lists=tuple(replace(term, until=None) for term in trust.lists))
    with pytest.raises(BadInput, match="nobody knows"):
        check_lists(anchored(timeless), timeless, NOW)


def test_authority_that_keeps_no_list_revokes_nothing() -> None:
    made: SigningAuthority = foreign_authority()
    certificates = {f"{path}": octets for path, octets in made.files().items() if path.endswith(".pem")}
    own = {path.replace("ca/", "ca/own-"): octets for path, octets in CERTIFICATES.items()}
    trust = store({ISSUING: STALE[ISSUING]}, {**certificates, **own})
    chain = made.certify(CONSUMER, "合成应用").chain
    check_lists(check_chain(chain, trust, NOW), trust, NOW)


def test_terms_name_file_issuer_and_end() -> None:
    trust = store(FRESH)
    (issuing,) = parse_pem_certificates(CERTIFICATES["ca/issuing.pem"])
    found = [(term.path, term.issuer, term.until) for term in trust.lists_over(LEAF[0])]
    assert found == [(ISSUING, issuing, NOW + DAY)]
    assert isinstance(issuing, x509.Certificate)
