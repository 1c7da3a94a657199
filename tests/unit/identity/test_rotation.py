"""Rotating keys: which count until when, what the key file holds, and who uses which."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.errors import ConfigurationError, PolicyUnavailable, Unauthenticated
from portal.identity.claims import SubjectKind
from portal.identity.keyring import KeyRing, load_key_ring, next_key_file, promote_next_keys, store_next_keys
from portal.identity.keys import (
    FORMER_COUNTS,
    PortalKeys,
    RotatedKey,
    create_keys,
    generate_keys,
    load_keys,
    parse_keys,
    render_keys,
    rotate_key,
)
from portal.identity.tokens import TokenAuthority, TokenGrant, TokenVerifier, issue_token, verify_token

NOW = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
MEMBERS = {one.member for one in RotatedKey}


def authority(keys: PortalKeys) -> TokenAuthority:
    former = tuple((each.verifying_key, each.counts_until) for each in keys.former_of("signing"))
    return TokenAuthority("portal", "portal", keys.signing, former)


def token(keys: PortalKeys, now: datetime) -> str:
    return issue_token(TokenGrant(SubjectKind.APPLICATION, "checker", ttl_seconds=86_400), authority(keys), now)


@pytest.mark.parametrize("what", RotatedKey)
def test_rotation_changes_one_key_and_keeps_the_former(what: RotatedKey) -> None:
    keys = generate_keys()
    rotated = rotate_key(keys, what.member, NOW)
    before, after = (json.loads(render_keys(each)) for each in (keys, rotated))
    assert {name for name in before if name != "format" and before[name] != after[name]} == {what.member}
    (former,) = rotated.former_of(what.member)
    assert former.counts_until == NOW.replace(microsecond=0) + FORMER_COUNTS
    assert rotated.fingerprint != keys.fingerprint


def test_rotated_keys_come_back_from_their_file() -> None:
    keys = rotate_key(rotate_key(generate_keys(), "signing", NOW), "cursor_secret", NOW + timedelta(hours=1))
    read = parse_keys(render_keys(keys))
    assert (read.former, read.fingerprint) == (keys.former, keys.fingerprint)


def test_keys_that_were_never_rotated_have_the_first_format() -> None:
    assert json.loads(render_keys(generate_keys()))["format"] == "portal-keys-1"


def test_former_keys_are_forgotten_when_they_count_no_more() -> None:
    keys = rotate_key(generate_keys(), "signing", NOW)
    later = rotate_key(keys, "cursor_secret", NOW + FORMER_COUNTS)
    assert later.former_of("signing") == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda members: members.pop("former"),
        lambda members: members.update(former={}),
        lambda members: members.update(format="portal-keys-1"),
        lambda members: members["former"][0].update(name="other"),
        lambda members: members["former"][0].update(retired_at="yesterday"),
        lambda members: members["former"][0].update(more="1"),
        lambda members: members["former"][0].pop("key"),
        lambda members: members["former"][0].update(key=members["signing"]),
        lambda members: members["former"].append(members["former"][0]),
        lambda members: members["former"].append(None),
    ],
    ids=range(10),
)
def test_file_of_rotated_keys_is_refused_when_it_is_not_whole(tmp_path: Path, spoil: object) -> None:
    members = json.loads(render_keys(rotate_key(generate_keys(), "signing", NOW)))
    assert callable(spoil)
    spoil(members)
    path = tmp_path / "keys.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(members))
    with pytest.raises(ConfigurationError, match="isn't whole"):
        load_keys(path)


@pytest.mark.clause("threats.md T6")
def test_token_of_a_former_key_counts_for_a_day() -> None:
    keys = generate_keys()
    rotated = rotate_key(keys, "signing", NOW)
    old, end = token(keys, NOW), NOW.replace(microsecond=0) + FORMER_COUNTS
    assert verify_token(old, authority(rotated), NOW + timedelta(hours=23)).id == "checker"
    # As one who stole it would still sign.
    forged = token(keys, end)
    with pytest.raises(Unauthenticated, match="key of this portal"):
        verify_token(forged, authority(rotated), end)
    assert verify_token(token(rotated, NOW), authority(rotated), NOW).id == "checker"
    with pytest.raises(Unauthenticated):
        verify_token(token(rotated, NOW), authority(keys), NOW)


@pytest.mark.clause("threats.md T6")
def test_token_of_a_stolen_key_counts_no_more_when_it_is_rotated_at_once() -> None:
    keys = generate_keys()
    rotated = rotate_key(keys, "signing", NOW, at_once=True)
    with pytest.raises(Unauthenticated):
        verify_token(token(keys, NOW), authority(rotated), NOW)


def test_claims_that_were_kept_are_forgotten_with_their_key() -> None:
    keys = generate_keys()
    verifier, old = TokenVerifier(authority(keys)), token(keys, NOW)
    assert verifier.claims_of(old, NOW).id == "checker"
    verifier.use(authority(rotate_key(keys, "signing", NOW, at_once=True)))
    with pytest.raises(Unauthenticated):
        verifier.claims_of(old, NOW)


def test_ring_goes_over_to_the_keys_that_the_content_names(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = create_keys(path)
    ring, heard = load_key_ring(path), list[PortalKeys]()
    ring.subscribe(heard.append)
    ring.use(None)
    ring.use(keys.fingerprint)
    assert heard == []
    following = rotate_key(keys, "signing", NOW)
    assert store_next_keys(path, following) == next_key_file(path)
    ring.use(following.fingerprint)
    assert ring.keys.fingerprint == following.fingerprint == heard[0].fingerprint
    promote_next_keys(path)
    assert load_keys(path).fingerprint == following.fingerprint
    assert not next_key_file(path).exists()


@pytest.mark.clause("threats.md T15")
def test_ring_without_the_keys_in_force_says_so_and_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = create_keys(path)
    ring = load_key_ring(path)
    store_next_keys(path, rotate_key(keys, "signing", NOW))
    with pytest.raises(PolicyUnavailable, match="copy the key file"):
        ring.use(rotate_key(keys, "signing", NOW).fingerprint)
    assert ring.keys.fingerprint == keys.fingerprint
    with pytest.raises(PolicyUnavailable):
        KeyRing(None, keys).use("0" * 64)


def test_keys_prepared_before_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = create_keys(path)
    store_next_keys(path, rotate_key(keys, "signing", NOW))
    last = rotate_key(keys, "signing", NOW)
    store_next_keys(path, last)
    assert load_keys(next_key_file(path)).fingerprint == last.fingerprint


def test_former_key_verifies_what_it_signed() -> None:
    keys = generate_keys()
    signature = keys.signing.sign(b"text")
    (former,) = rotate_key(keys, "signing", NOW).former_of("signing")
    former.verifying_key.verify(signature, b"text")
    assert isinstance(keys.signing, Ed25519PrivateKey)
