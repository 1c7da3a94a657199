"""Nonces for proofs: known by every worker of the portal, for two minutes, and made by nobody else (RFC 9449 §8)."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.access.cursors import CursorSeal
from portal.access.statement import Position
from portal.identity.keys import generate_keys, rotate_key
from portal.identity.nonces import NONCE_LIFE, NonceSeal, nonce_seal
from portal.identity.proofs import NonceNeeded, verify_proof
from portal.identity.segments import decode_segment, encode_segment
from tests.fixtures.proofs import NOW, REQUEST, claims, header, sign

pytestmark = pytest.mark.clause("threats.md T24")

SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
SEAL = NonceSeal(SECRET)
GOOD = SEAL.make(NOW)
SECOND = timedelta(seconds=1)
OCTETS = decode_segment(GOOD)


def flipped(place: int) -> str:
    octets = bytearray(OCTETS)
    octets[place] ^= 1
    return encode_segment(bytes(octets))


FORGED: dict[str, object] = {
    "none": None,
    "empty": "",
    "a number": 7,
    "a list": [GOOD],
    "true": True,
    "a word": "nonce",
    "padded": GOOD + "=",
    "with white space": f" {GOOD}",
    "with a line break": f"{GOOD}\n",
    "twice": GOOD + GOOD,
    "shorter": GOOD[:-4],
    "the moment alone": encode_segment(OCTETS[:8]),
    "the seal alone": encode_segment(OCTETS[8:]),
    "a part of the moment": encode_segment(OCTETS[:4]),
    "no seal": encode_segment(OCTETS[:8] + bytes(16)),
    "in the ordinary alphabet": b64encode(b"\xff" * 24).decode(),
    "all ones": encode_segment(b"\xff" * 24),
    "all zeros": encode_segment(bytes(24)),
    "beyond ASCII": "随机数",
    "under another secret": NonceSeal(OTHER).make(NOW),
    "a cursor": CursorSeal(SECRET, b"").seal(Position((), 1)),
    "very long": "A" * 2000,
    **{f"octet {place} changed": flipped(place) for place in range(24)},
}


@pytest.mark.parametrize("case", FORGED)
def test_nonce_of_nobody_is_not_taken(case: str) -> None:
    proof = sign(header(), claims(nonce=FORGED[case]))
    with pytest.raises(NonceNeeded, match="needs the nonce"):
        verify_proof(proof, replace(REQUEST, seal=SEAL), NOW)


def test_proof_without_nonce_is_told_to_hold_one() -> None:
    with pytest.raises(NonceNeeded):
        verify_proof(sign(header(), claims()), replace(REQUEST, seal=SEAL), NOW)


def test_nonce_plays_no_part_where_none_is_asked_for() -> None:
    for body in (claims(), claims(nonce="x"), claims(nonce=GOOD)):
        assert verify_proof(sign(header(), body), REQUEST, NOW).expires_at > NOW


def test_nonce_of_this_portal_is_taken() -> None:
    assert len(GOOD) == 32
    proof = verify_proof(sign(header(), claims(nonce=GOOD)), replace(REQUEST, seal=SEAL), NOW)
    assert proof.expires_at > NOW


@pytest.mark.parametrize(
    ("after", "is_taken"),
    [
        (-3 * SECOND, False),
        (-2 * SECOND, True),
        (0 * SECOND, True),
        (NONCE_LIFE - SECOND, True),
        (NONCE_LIFE, False),
        (NONCE_LIFE + SECOND, False),
        (timedelta(days=1), False),
    ],
)
def test_nonce_is_taken_for_two_minutes(after: timedelta, *, is_taken: bool) -> None:
    assert SEAL.holds(GOOD, NOW + after) is is_taken


def test_worker_knows_the_nonces_of_another_and_of_a_secret_that_was_rotated() -> None:
    keys, now = generate_keys(), datetime.now(UTC)
    nonce = nonce_seal(keys, now).make(now)
    assert nonce_seal(keys, now).holds(nonce, now)
    rotated = rotate_key(keys, "cursor_secret", now)
    assert nonce_seal(rotated, now).holds(nonce, now)
    assert not nonce_seal(rotate_key(keys, "cursor_secret", now, at_once=True), now).holds(nonce, now)
    assert not nonce_seal(generate_keys(), now).holds(nonce, now)


def test_secrets_do_not_show() -> None:
    keys, now = generate_keys(), datetime.now(UTC)
    assert keys.cursor_secret != nonce_seal(keys, now).secret
    assert repr(NonceSeal(SECRET, (OTHER,))) == "NonceSeal()"
