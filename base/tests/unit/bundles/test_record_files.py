import json
from typing import Any

import pytest

from portal.bundles.record_files import (
    AgreementReading,
    Surroundings,
    read_agreement_file,
    read_policy,
    validate_ids,
)
from portal.catalog.reading import parse_entry
from portal.identity.registry import Department, Registry
from portal.policies.records import PolicyKind
from portal.vocabulary import EntryCode, Purpose
from tests.fixtures.authority import (
    BYSTANDER,
    FILE,
    PARTIES,
    RESOURCE,
    agreement_document,
    circumstances,
    file_of,
    signed,
)
from tests.fixtures.small_bundle import entry, item

Document = dict[str, Any]
POLICY = "policies/statute-1.json"
ELSEWHERE = EntryCode("303001001/99999")


def surroundings(*doubtful: EntryCode, known: bool = True) -> Surroundings:
    document = entry(
        "residents",
        RESOURCE,
        [item("code"), item("name"), item("division")],
        share_class="conditional",
        share_condition="按三方协议",
    )
    parsed, faults = parse_entry(document, "catalog/residents.json")
    assert faults == []
    assert parsed is not None
    departments = {code: Department(code, "合成部门", None, ()) for code in (*PARTIES.values(), BYSTANDER)}
    return Surroundings(
        {parsed.code: parsed} if known else {}, Registry(departments), (Purpose("verification"),), doubtful
    )


def policy(**members: object) -> Document:
    return {
        "id": "statute-1",
        "effect": "allow",
        "kind": "statutory",
        "consumer": f"department:{BYSTANDER}",
        "resource": RESOURCE,
        "items": ["name"],
        "purposes": ["verification"],
        "modes": ["query"],
        "basis": "合成法第一条",
        **members,
    }


def faults_of(document: object, around: Surroundings | None = None) -> list[tuple[str, str]]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    written, faults = read_policy(content, POLICY, around or surroundings())
    assert (written is None) == bool(faults)
    assert {fault.file for fault in faults} <= {POLICY}
    return [(fault.column, fault.what.en) for fault in faults]


def test_policy_is_read_with_its_document() -> None:
    written, faults = read_policy(json.dumps(policy()).encode(), POLICY, surroundings())
    assert faults == []
    assert written is not None
    assert (written.record.id, written.record.kind) == ("statute-1", PolicyKind.STATUTORY)
    assert written.document == policy()


@pytest.mark.parametrize(
    ("document", "places"),
    [
        (b"{", [("", "this is no JSON")]),
        ([], [("", "a policy record is one JSON object")]),
        (policy(id="statute-2"), [("id", "the id `statute-2` isn't the file's name")]),
        (policy(kind="provider"), [("kind", "of kind provider isn't written by hand")]),
        (policy(kind="agreement"), [("kind", "of kind agreement isn't written by hand")]),
        (policy(kind="provider", items=["nome"]), [("items", "nome"), ("kind", "isn't written by hand")]),
        (policy(kind="custom"), [("kind", "custom")]),
        (policy(kind=7), [("kind", "7")]),
        (policy(consumer="department:11999999MB00000518"), [("consumer", "isn't registered")]),
        (policy(purposes=["curiosity"]), [("purposes", "curiosity")]),
        (policy(resource=ELSEWHERE), [("resource", "unknown entry")]),
        (policy(id=""), [("id", "")]),
        (policy(id=None), [("id", "")]),
    ],
    ids=str,
)
def test_policy_has_exactly_the_planted_faults(document: object, places: list[tuple[str, str]]) -> None:
    faults = faults_of(document)
    assert [place for place, _ in faults] == [place for place, _ in places]
    assert all(what in found for (_, found), (_, what) in zip(faults, places, strict=True))


def test_policy_may_not_take_a_provider_s_id() -> None:
    content = json.dumps(policy(id="provider-residents")).encode()
    _, faults = read_policy(content, "policies/provider-residents.json", surroundings())
    assert [(fault.column, fault.what.en) for fault in faults] == [("id", "ids with `provider-` are the portal's own")]


@pytest.mark.parametrize("doubtful", [RESOURCE, EntryCode("303001001/0001"), EntryCode("103001001/00001")])
def test_policy_on_an_entry_whose_code_is_in_doubt_is_not_at_fault_for_that(doubtful: EntryCode) -> None:
    around = surroundings(doubtful, known=False)
    written, faults = read_policy(json.dumps(policy()).encode(), POLICY, around)
    assert (written, faults) == (None, [])
    assert faults_of(policy(effect="maybe"), around) == [("effect", "`effect` is `maybe`")]


def test_policy_on_another_entry_than_the_doubtful_is_at_fault() -> None:
    around = surroundings(RESOURCE, known=False)
    assert [place for place, _ in faults_of(policy(resource=ELSEWHERE), around)] == ["resource"]
    assert [place for place, _ in faults_of(policy(resource=7), around)] == ["resource", "resource"]


def read_agreement(content: bytes, around: Surroundings | None = None, file: str = FILE) -> AgreementReading:
    return read_agreement_file(content, file, circumstances(), around or surroundings())


def places(reading: AgreementReading) -> list[str]:
    assert (reading.agreement is None) == (reading.record is None) == bool(reading.faults)
    return [fault.column for fault in reading.faults]


def test_agreement_is_verified_and_read_as_its_record() -> None:
    reading = read_agreement(file_of(signed()))
    assert (reading.faults, reading.remarks) == ((), ())
    assert reading.agreement is not None
    assert reading.record is not None
    assert reading.record.id == reading.agreement.id == "nt-2026-0001"
    assert reading.record.kind is PolicyKind.AGREEMENT
    assert reading.record.items == ("name", "division")


def changed(**terms: object) -> bytes:
    document = agreement_document()
    document["terms"] |= terms
    return file_of(signed(document))


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        ({"items": ["name", "nome"]}, "terms.items"),
        ({"purposes": ["curiosity"]}, "terms.purposes"),
        ({"modes": ["fax"]}, "terms.modes"),
        ({"scope": {"nome": {"eq": "x"}}}, "terms.scope.nome"),
        ({"condition": {"colour": {"eq": "x"}}}, "terms.condition.colour"),
        ({"applications": ["nobody"]}, "terms.applications"),
        ({"resource": ELSEWHERE}, "terms.resource"),
    ],
    ids=str,
)
def test_fault_in_signed_terms_is_told_at_its_place_in_the_agreement(terms: Document, place: str) -> None:
    reading = read_agreement(changed(**terms))
    assert places(reading) == [place]
    assert reading.faults[0].file == FILE


def test_agreement_without_its_signatures_has_their_faults() -> None:
    assert places(read_agreement(file_of({**agreement_document(), "signatures": []}))) == ["signatures"] * 3


def test_agreement_may_not_take_a_provider_s_id() -> None:
    document = {**agreement_document(), "id": "provider-residents"}
    reading = read_agreement(file_of(signed(document)), file="agreements/provider-residents.json")
    assert places(reading) == ["id"]


def test_agreement_that_has_ended_is_a_remark() -> None:
    reading = read_agreement(changed(valid_until="2026-02-01T00:00:00+08:00"))
    assert places(reading) == []
    assert ["ended at" in remark.en for remark in reading.remarks] == [True]


@pytest.mark.parametrize("doubtful", [(), (ELSEWHERE,)])
def test_agreement_about_an_entry_in_doubt_is_not_at_fault_for_that(doubtful: tuple[EntryCode, ...]) -> None:
    content = changed(resource=ELSEWHERE)
    reading = read_agreement_file(content, FILE, circumstances(), surroundings(*doubtful))
    assert [fault.column for fault in reading.faults] == ([] if doubtful else ["terms.resource"])
    assert (reading.agreement, reading.record) == (None, None)


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"terms": []}'])
def test_agreement_that_says_nothing_has_its_own_faults(content: bytes) -> None:
    around = surroundings(RESOURCE)
    assert len(places(read_agreement(content, around))) >= 1


def test_id_of_a_policy_is_no_agreement_s() -> None:
    policies = ["policies/a.json", "policies/b.json"]
    [fault] = validate_ids(policies, ["agreements/b.json", "agreements/c.json"])
    assert (fault.file, fault.column, fault.what.en) == ("agreements/b.json", "id", "policies/b.json has the same id")
