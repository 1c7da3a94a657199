"""Agreements changed at random: refused, not signed, or saying the same (T21, T22, T23)."""

import base64
import json
import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portal.agreements.agreement import Agreement, SigningRole
from portal.agreements.signing import Signer
from portal.agreements.verification import verify_agreement
from portal.certificates.trust import load_trust_store
from tests.fixtures.authority import (
    BYSTANDER,
    FILE,
    NOW,
    PARTIES,
    SIGNED_AT,
    agreement_document,
    authority,
    certified,
    circumstances,
    file_of,
    header_of,
    octets_of,
    order_for,
    sign_by_hand,
    signed,
    signers,
)
from tests.fixtures.broken_agreements import with_consumer

HOMOGLYPHS = {"a": "\u0430", "e": "\u0435", "o": "\u043e", "c": "\u0441", "-": "\u2010", "1": "\uff11", "0": "\uff10"}

Mutation = Callable[[str, random.Random], str]


def flip_character(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text))
    return text[:place] + chr(draw.choice([draw.randrange(128), draw.randrange(0x5000), 0x10FFFF])) + text[place + 1 :]


def cut(text: str, draw: random.Random) -> str:
    start = draw.randrange(len(text))
    return text[:start] + text[start + draw.randrange(1, 40) :]


def repeat(text: str, draw: random.Random) -> str:
    start = draw.randrange(len(text))
    end = start + draw.randrange(1, 200)
    return text[:end] + text[start:end] + text[end:]


def imitate(text: str, draw: random.Random) -> str:
    places = [place for place, character in enumerate(text) if character in HOMOGLYPHS]
    place = draw.choice(places)
    return text[:place] + HOMOGLYPHS[text[place]] + text[place + 1 :]


def escape(text: str, draw: random.Random) -> str:
    place = draw.choice([place for place, character in enumerate(text) if character.isalnum()])
    return text[:place] + f"\\u{ord(text[place]):04x}" + text[place + 1 :]


def insert_space(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text))
    return text[:place] + draw.choice([" ", "\n", "\t", "\u00a0", "\ufeff", "\0"]) + text[place:]


def rewrite_number(text: str, draw: random.Random) -> str:
    return text.replace("1000", draw.choice(["1000.0", "1e3", "1000.0000000000001", "01000", "+1000", "1E3", "0x3e8"]))


def append(text: str, draw: random.Random) -> str:
    return text + draw.choice([text, "{}", "\0", "]", " ", "\n//", '{"version": 2}'])


def wrap(text: str, draw: random.Random) -> str:
    return draw.choice(["[{}]", '{{"agreement": {}}}', "{}\n", "\ufeff{}", '"{}"']).format(text)


def normalise(text: str, draw: random.Random) -> str:
    return unicodedata.normalize(draw.choice(["NFC", "NFD", "NFKC", "NFKD"]), text)


def name_twice(text: str, draw: random.Random) -> str:
    document = json.loads(text)
    holder = draw.choice([document, document["terms"], document["parties"], document["signatures"][0]])
    name = draw.choice(sorted(holder))
    other = draw.choice(["null", "[]", '"*"', "1", json.dumps(holder[name])])
    return text.replace(f'"{name}":', f'"{name}": {other}, "{name}":', 1)


def reorder(text: str, draw: random.Random) -> str:
    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            members = list(value.items())
            draw.shuffle(members)
            return {name: shuffled(member) for name, member in members}
        return value

    return json.dumps(shuffled(json.loads(text)), ensure_ascii=draw.random() < 0.5)


def swap_values(text: str, draw: random.Random) -> str:
    document = json.loads(text)
    holder = draw.choice([document, document["terms"], document["parties"]])
    one, other = draw.sample(sorted(holder), 2)
    holder[one], holder[other] = holder[other], holder[one]
    return json.dumps(document)


def reorder_signatures(text: str, draw: random.Random) -> str:
    document = json.loads(text)
    draw.shuffle(document["signatures"])
    return json.dumps(document)


MUTATIONS: tuple[Mutation, ...] = (
    flip_character,
    cut,
    repeat,
    imitate,
    escape,
    insert_space,
    rewrite_number,
    append,
    wrap,
    normalise,
    name_twice,
    reorder,
    swap_values,
    reorder_signatures,
)


def meaning(agreement: Agreement) -> tuple[object, ...]:
    return (
        agreement.id,
        agreement.version,
        dict(agreement.parties),
        agreement.resource,
        agreement.valid_from,
        agreement.valid_until,
        agreement.terms,
        agreement.text,
    )


def run_mutations(count: int) -> set[str]:
    """Assert that no mutation changes what is agreed; return which mutations left an agreement in force."""
    held_against = circumstances()
    content = file_of(signed()).decode()
    original, _, _ = verify_agreement(content.encode(), FILE, held_against)
    assert original is not None
    draw, harmless = random.Random(809), set()
    for _ in range(count):
        mutate = draw.choice(MUTATIONS)
        mutated = mutate(content, draw)
        if draw.random() < 0.2:
            mutated = draw.choice(MUTATIONS[:6])(mutated, draw)
        octets = mutated.encode("utf-8", "surrogatepass")
        agreement, faults, _ = verify_agreement(octets, FILE, held_against)
        assert (agreement is None) is bool(faults), mutated
        if agreement is not None:
            assert meaning(agreement) == meaning(original), mutated
            # A second parser reads the same terms from the same octets.
            assert json.loads(octets.decode("utf-8-sig"))["terms"] == original.terms, mutated
            harmless.add(mutate.__name__)
    return harmless


@pytest.mark.clause("T21")
def test_agreement_never_says_another_thing_when_mutated() -> None:
    # Some leave all as it was, or the test would show nothing but that mutated files are refused.
    assert {"reorder", "reorder_signatures", "escape"} <= run_mutations(600)


@pytest.mark.heavy
@pytest.mark.clause("T21")
def test_agreement_never_says_another_thing_when_mutated_often() -> None:
    assert {"reorder", "reorder_signatures", "escape", "insert_space", "wrap"} <= run_mutations(20_000)


def run_damaged_certificates(count: int) -> None:
    held_against, draw = circumstances(), random.Random(809)
    signer = signers()[SigningRole.CONSUMER]
    honest = [bytearray(member.public_bytes(Encoding.DER)) for member in signer.chain]
    for _ in range(count):
        damaged = [bytearray(octets) for octets in honest]
        octets = draw.choice(damaged)
        for _ in range(draw.randrange(1, 4)):
            octets[draw.randrange(len(octets))] = draw.randrange(256)
        chain = [base64.b64encode(member).decode() for member in damaged]
        agreement, faults, _ = verify_agreement(with_consumer(signer, x5c=chain), FILE, held_against)
        if agreement is None:
            assert [fault.column for fault in faults] == ["signatures[0]"]
        else:
            # The encoding of a signature has bits that say nothing; what was certified must be what it was.
            certified_octets = [x509.load_der_x509_certificate(bytes(member)) for member in damaged]
            assert [member.tbs_certificate_bytes for member in certified_octets] == [
                member.tbs_certificate_bytes for member in signer.chain
            ]


@pytest.mark.clause("T23")
def test_signature_is_refused_when_an_octet_of_its_certificates_is_changed() -> None:
    run_damaged_certificates(300)


@pytest.mark.heavy
@pytest.mark.clause("T23")
def test_signature_is_refused_when_octets_of_its_certificates_are_changed_often() -> None:
    run_damaged_certificates(5_000)


def signatures_of(role: SigningRole) -> Mapping[str, dict[str, str]]:
    """Return signatures in one role, by what is right or wrong with them; only `right` is right."""
    signer, octets = signers()[role], octets_of(agreement_document())
    another = octets_of(agreement_document() | {"id": "nt-2026-0002"})
    older = octets_of(agreement_document() | {"version": 2})
    next_role = {role: list(SigningRole)[index - 1] for index, role in enumerate(SigningRole)}[role]
    expired = certified(replace(order_for(PARTIES[role]), valid_until=SIGNED_AT - timedelta(days=1)))
    foreign = certified(order_for(BYSTANDER))
    revoked = revoked_signers()[role]
    made = {
        "right": sign_by_hand(header_of(role, signer), octets, signer.key),
        "of another agreement": sign_by_hand(header_of(role, signer), another, signer.key),
        "of another version": sign_by_hand(header_of(role, signer), older, signer.key),
        "in another role": sign_by_hand(header_of(next_role, signer), octets, signer.key),
        "expired": sign_by_hand(header_of(role, expired), octets, expired.key),
        "of a foreign department": sign_by_hand(header_of(role, foreign), octets, foreign.key),
        "revoked": sign_by_hand(header_of(role, revoked), octets, revoked.key),
    }
    return {name: {"role": role.value, "signed_at": SIGNED_AT.isoformat(), "jws": jws} for name, jws in made.items()}


@cache
def revoked_signers() -> Mapping[SigningRole, Signer]:
    return {role: certified(order_for(code)) for role, code in PARTIES.items()}


def run_assemblies(count: int) -> int:
    """Assert that an agreement is in force iff each role has signed it rightly once; return how many were."""
    draw, in_force = random.Random(809), 0
    signatures = {role: signatures_of(role) for role in SigningRole}
    trust, _, _ = load_trust_store(
        authority().files(revoked=[signer.chain[0] for signer in revoked_signers().values()]), NOW
    )
    held_against = replace(circumstances(), trust=trust)
    for _ in range(count):
        chosen = [
            (role, draw.choice(["right"] * 6 + list(signatures[role])))
            for role in SigningRole
            for _ in range(draw.choices([0, 1, 2], [1, 12, 1])[0])
        ]
        draw.shuffle(chosen)
        document = agreement_document() | {"signatures": [signatures[role][name] for role, name in chosen]}
        agreement, _, _ = verify_agreement(file_of(document), FILE, held_against)
        right = sorted(chosen) == sorted((role, "right") for role in SigningRole)
        assert (agreement is not None) is right, chosen
        in_force += right
    return in_force


@pytest.mark.clause("T22")
def test_agreement_is_in_force_only_when_every_role_signed_it_rightly_once() -> None:
    assert run_assemblies(400) > 20


@pytest.mark.heavy
@pytest.mark.clause("T22")
def test_agreement_is_in_force_only_when_every_role_signed_it_rightly_once_in_many_ways() -> None:
    assert run_assemblies(5_000) > 250
