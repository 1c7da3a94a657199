"""Agreements that aren't what all their parties signed, each refused by name (T21, T22)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.agreements.agreement import SigningRole
from portal.agreements.verification import verify_agreement
from tests.fixtures.authority import (
    AUTHORITY,
    BYSTANDER,
    CONSUMER,
    FILE,
    PARTIES,
    PROVIDER,
    RESOURCE,
    SIGNED_AT,
    Document,
    agreement_document,
    authority,
    circumstances,
    file_of,
    header_of,
    octets_of,
    segment,
    sign_by_hand,
    signed,
    signers,
)
from tests.fixtures.broken_agreements import (
    Broken,
    BrokenAgreement,
    BrokenAgreements,
    altered,
    signed_anew,
    with_consumer,
    with_consumer_jws,
)

C, P, A = SigningRole.CONSUMER, SigningRole.PROVIDER, SigningRole.AUTHORITY

CASES = BrokenAgreements()

# Signatures that are missing, doubled, too much, or somebody else's.


@CASES.broken("signatures", "the signature of `authority` is missing")
def signature_of_the_authority_missing() -> Broken:
    return altered(lambda document: document["signatures"].pop())


@CASES.broken("signatures", "the signature of `consumer` is missing")
def signature_of_the_consumer_missing() -> Broken:
    return altered(lambda document: document["signatures"].pop(0))


@CASES.broken("signatures[3].role", "there is a second signature of `provider`")
def signature_doubled() -> Broken:
    return altered(lambda document: document["signatures"].append(document["signatures"][1]))


@CASES.broken("signatures[2].role", "the profile asks for no signature of `authority`")
def signature_that_the_profile_does_not_know() -> Broken:
    return file_of(signed()), replace(circumstances(), signing_roles=("consumer", "provider"))


@CASES.broken("signatures", "the signature of `operator` is missing")
def signature_of_a_further_role_of_the_profile_missing() -> Broken:
    return file_of(signed()), replace(circumstances(), signing_roles=("consumer", "provider", "authority", "operator"))


@CASES.broken("signatures[0]", f"the signature of `consumer`: `{BYSTANDER}` has signed, not `{CONSUMER}`")
def signer_of_a_foreign_department() -> Broken:
    return with_consumer(authority().certify(BYSTANDER, "合成旁观方"))


@CASES.broken("signatures[0]", f"the signature of `consumer`: `{PROVIDER}` has signed, not `{CONSUMER}`")
def provider_signs_for_the_consumer_too() -> Broken:
    return with_consumer(signers()[P])


@CASES.broken("signatures[0]", "the signature of `consumer`: it was made as `provider`")
def signature_made_in_another_role() -> Broken:
    return with_consumer(signers()[C], role="provider")


@CASES.broken("signatures[0]", "the signature of `consumer`: it was made as `null`")
def signature_made_in_no_role() -> Broken:
    return with_consumer(signers()[C], role=None)


@CASES.broken("signatures[0].role", "`operator` is no role")
def signature_in_an_unknown_role() -> Broken:
    return altered(lambda document: document["signatures"][0].update(role="operator"))


# Text, terms and period that aren't what was signed.


@CASES.broken("signatures[0]", "the signature of `consumer`: it isn't of this text")
def signature_of_another_agreement() -> Broken:
    other = signed(agreement_document() | {"id": "nt-2026-0002"})
    return altered(lambda document: document["signatures"].__setitem__(0, other["signatures"][0]))


@CASES.broken("signatures[0]", "the signature of `consumer`: it isn't of this text")
def signature_of_an_older_version() -> Broken:
    newer = signed(agreement_document() | {"version": 2})
    newer["signatures"][0] = signed()["signatures"][0]
    return file_of(newer)


@CASES.broken("signatures[0]", "the signature of `consumer`: it isn't of this text")
def signature_over_the_bare_payload() -> Broken:
    signer = signers()[C]
    protected = segment(json.dumps(header_of(C, signer)).encode())
    assert isinstance(signer.key, Ed25519PrivateKey)
    value = signer.key.sign(f"{protected}.".encode() + octets_of(agreement_document()))
    return with_consumer_jws(f"{protected}..{segment(value)}")


ALTERATIONS: dict[str, Callable[[Document], object]] = {
    "text": lambda document: document.update(text=document["text"] + "。"),
    "text by a homoglyph": lambda document: document.update(text=document["text"].replace("协议", "协議")),
    "text by normal form": lambda document: document.update(text=document["text"].replace("（", "(")),
    "version": lambda document: document.update(version=2),
    "party": lambda document: document["parties"].update(authority=BYSTANDER),
    "items widened": lambda document: document["terms"]["items"].append("id_number"),
    "items reordered": lambda document: document["terms"]["items"].reverse(),
    "purposes": lambda document: document["terms"].update(purposes=["work_reference"]),
    "modes": lambda document: document["terms"]["modes"].append("exchange"),
    "applications": lambda document: document["terms"].update(applications=["app-1"]),
    "applications left out": lambda document: document["terms"].pop("applications"),
    "matters": lambda document: document["terms"].update(matters=["370000-0012"]),
    "period begun earlier": lambda document: document["terms"].update(valid_from="2025-01-01T00:00:00+08:00"),
    "period prolonged": lambda document: document["terms"].update(valid_until="2028-01-01T00:00:00+08:00"),
    "period in another offset": lambda document: document["terms"].update(valid_until="2026-12-31T16:00:00Z"),
    "condition": lambda document: document["terms"].update(condition={"auth_level": {"gte": 0}}),
    "scope dropped": lambda document: document["terms"].update(scope={}),
    "limit raised": lambda document: document["terms"]["obligations"].update(max_rows=1001),
    "disposal": lambda document: document["terms"].update(disposal=""),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_agreement_is_refused_with_every_signature_named_when_altered_after_signing(name: str) -> None:
    agreement, faults, _ = verify_agreement(altered(ALTERATIONS[name]), FILE, circumstances())
    assert agreement is None
    named = {fault.column: fault.what.en for fault in faults if "isn't of this text" in fault.what.en}
    assert set(named) == {"signatures[0]", "signatures[1]", "signatures[2]"}
    for column, role in zip(sorted(named), PARTIES, strict=True):
        assert f"`{role}`" in named[column]


# Parties, entry and period, all well signed.


@CASES.broken("parties.consumer", f"the department `{CONSUMER}` isn't registered")
def consumer_not_registered() -> Broken:
    return file_of(signed()), replace(circumstances(), departments={PROVIDER, AUTHORITY})


@CASES.broken("parties.provider", f"the provider of `{RESOURCE}` is `{BYSTANDER}`")
def provider_is_not_the_entrys() -> Broken:
    return file_of(signed()), replace(circumstances(), providers={RESOURCE: BYSTANDER})


@CASES.broken("terms.resource", f"unknown entry `{RESOURCE}`")
def entry_not_in_the_catalog() -> Broken:
    return file_of(signed()), replace(circumstances(), providers={})


@CASES.broken("parties", "two parties are one department")
def two_parties_are_one() -> Broken:
    document = agreement_document()
    document["parties"]["authority"] = PROVIDER
    return file_of(signed(document, {A: signers()[P]}))


@CASES.broken("terms.valid_until", "the period ends before it begins")
def period_without_an_instant() -> Broken:
    return signed_anew(lambda document: document["terms"].update(valid_until="2025-12-31T16:00:00Z"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agreement_is_refused_by_name_when_broken(case: BrokenAgreement) -> None:
    case.check()


def test_faults_are_all_listed_when_there_are_several() -> None:
    def spoil(document: Document) -> None:
        document["signatures"].pop()
        document["signatures"][0]["jws"] = "..."

    held_against = replace(circumstances(), departments={CONSUMER, PROVIDER})
    agreement, faults, _ = verify_agreement(altered(spoil), FILE, held_against)
    assert agreement is None
    assert [fault.column for fault in faults] == ["parties.authority", "signatures", "signatures[0]"]


# What isn't broken.


def test_agreement_is_returned_as_signed_when_every_signature_holds() -> None:
    content = file_of(signed())
    agreement, faults, remarks = verify_agreement(content, FILE, circumstances())
    assert (faults, remarks) == ([], [])
    assert agreement is not None
    document = json.loads(content)
    assert agreement.id == "nt-2026-0001"
    assert agreement.version == 1
    assert dict(agreement.parties) == PARTIES
    assert agreement.resource == RESOURCE
    assert agreement.terms == document["terms"]
    assert agreement.text == document["text"]
    assert agreement.valid_from.isoformat() == "2025-12-31T16:00:00+00:00"
    assert agreement.valid_until.isoformat() == "2026-12-31T16:00:00+00:00"
    assert [(signature.role, signature.signed_at) for signature in agreement.signatures] == [
        (role, SIGNED_AT) for role in PARTIES
    ]
    assert list(json.loads(agreement.document)) == list(document)
    assert json.loads(agreement.document) == document


@pytest.mark.parametrize("role", PARTIES)
def test_signature_holds_when_made_by_another_implementation(role: SigningRole) -> None:
    signer = signers()[role]
    jws = sign_by_hand(header_of(role, signer), octets_of(agreement_document()), signer.key)
    index = list(PARTIES).index(role)
    content = altered(lambda document: document["signatures"][index].update(jws=jws))
    assert verify_agreement(content, FILE, circumstances())[1] == []


@pytest.mark.parametrize("seconds", [-2, 0])
def test_signature_holds_when_made_within_the_skew_of_now(seconds: int) -> None:
    held_against = replace(circumstances(), now=SIGNED_AT + timedelta(seconds=seconds))
    assert verify_agreement(file_of(signed()), FILE, held_against)[1] == []


def test_signature_is_refused_when_made_beyond_the_skew_of_now() -> None:
    held_against = replace(circumstances(), now=SIGNED_AT - timedelta(seconds=2, microseconds=1))
    faults = verify_agreement(file_of(signed()), FILE, held_against)[1]
    assert len(faults) == 3
    assert all("in the future" in fault.what.en for fault in faults)


@pytest.mark.parametrize(
    ("now", "remark"),
    [
        ("2025-12-31T15:59:59+00:00", "agreement nt-2026-0001 begins at 2025-12-31T16:00:00Z"),
        ("2025-12-31T16:00:00+00:00", None),
        ("2026-12-31T15:59:59+00:00", None),
        ("2026-12-31T16:00:00+00:00", "agreement nt-2026-0001 ended at 2026-12-31T16:00:00Z"),
    ],
)
def test_agreement_is_remarked_on_when_its_period_is_not_now(now: str, remark: str | None) -> None:
    held_against = replace(circumstances(), now=datetime.fromisoformat(now))
    agreement, faults, remarks = verify_agreement(file_of(signed()), FILE, held_against)
    assert agreement is not None
    assert faults == []
    assert [text.en for text in remarks] == ([] if remark is None else [remark])
