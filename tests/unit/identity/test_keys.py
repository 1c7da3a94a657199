"""The key file: made once, for its owner alone, whole or not at all (T81)."""

import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from portal.errors import ConfigurationError
from portal.identity.keys import (
    PortalKeys,
    create_keys,
    generate_keys,
    key_id,
    load_keys,
    load_or_create_keys,
)
from portal.identity.segments import decode_segment
from tests.fixtures.authority import segment


def octets_of(keys: PortalKeys) -> dict[str, bytes]:
    held = {member.name: getattr(keys, member.name) for member in fields(keys) if member.name != "former"}
    return {
        name: value.private_bytes_raw() if isinstance(value, Ed25519PrivateKey) else value
        for name, value in held.items()
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "keys.json"


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_keys(path)
    assert str(path) in refused.value.text.zh
    return refused.value.text.en


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o666, 0o602, 0o601, 0o610, 0o777])
def test_file_is_refused_when_others_may_use_it(path: Path, mode: int) -> None:
    create_keys(path)
    path.chmod(mode)
    words = refusal(path)
    assert f"has mode {mode:04o}" in words
    assert f"run `chmod 600 {path}`" in words
    path.chmod(0o600)
    load_keys(path)


def test_file_is_refused_when_there_is_none(path: Path) -> None:
    assert "can't be read: No such file or directory" in refusal(path)


def test_file_is_refused_when_it_is_a_folder(path: Path) -> None:
    path.mkdir(parents=True)
    assert "can't be read: Is a directory" in refusal(path)


def good_members() -> dict[str, object]:
    names = ("signing", "audit", "mask_secret", "cursor_secret", "digest_secret", "audit_secret")
    octets = {name: hashlib.sha256(name.encode()).digest() for name in names}
    return {"format": "portal-keys-1", **{name: segment(value) for name, value in octets.items()}}


def test_file_is_taken_when_it_is_whole(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(json.dumps(good_members()))
    expected = {name: hashlib.sha256(name.encode()).digest() for name in good_members() if name != "format"}
    assert octets_of(load_keys(path)) == expected


SPOILED: dict[str, bytes] = {
    "empty": b"",
    "cut": json.dumps(good_members()).encode()[:-10],
    "list": b"[]",
    "null": b"null",
    "another format": json.dumps({**good_members(), "format": "portal-keys-2"}).encode(),
    "member missing": json.dumps({k: v for k, v in good_members().items() if k != "audit"}).encode(),
    "member unknown": json.dumps({**good_members(), "other": segment(bytes(range(32)))}).encode(),
    "member twice": json.dumps(good_members()).replace('"audit"', '"audit": "AAAA", "audit"', 1).encode(),
    "number": json.dumps({**good_members(), "mask_secret": 1}).encode(),
    "null member": json.dumps({**good_members(), "mask_secret": None}).encode(),
    "no base64url": json.dumps({**good_members(), "mask_secret": "changeme!"}).encode(),
    "padded": json.dumps({**good_members(), "mask_secret": segment(bytes(range(32))) + "="}).encode(),
    "short": json.dumps({**good_members(), "mask_secret": segment(bytes(range(31)))}).encode(),
    "long": json.dumps({**good_members(), "mask_secret": segment(bytes(range(33)))}).encode(),
    "zeros": json.dumps({**good_members(), "mask_secret": segment(bytes(32))}).encode(),
    "one character": json.dumps({**good_members(), "mask_secret": segment(b"a" * 32)}).encode(),
    "word repeated": json.dumps({**good_members(), "mask_secret": segment(b"secret" * 5 + b"se")}).encode(),
    "one secret twice": json.dumps({**good_members(), "mask_secret": good_members()["audit_secret"]}).encode(),
    "signing key as audit key": json.dumps({**good_members(), "audit": good_members()["signing"]}).encode(),
    "not UTF-8": b"\xff\xfe",
    "huge": b" " * (1 << 16) + json.dumps(good_members()).encode(),
}


@pytest.mark.parametrize("name", SPOILED)
def test_file_is_refused_without_a_word_of_its_content_when_spoiled(path: Path, name: str) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_bytes(SPOILED[name])
    assert refusal(path) == f"the key file `{path}` isn't whole; restore it from a backup"


def test_file_is_never_written_over(path: Path) -> None:
    create_keys(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="never written over"):
        create_keys(path)
    assert path.read_bytes() == before
    path.write_bytes(b"")
    with pytest.raises(ConfigurationError, match="never written over"):
        create_keys(path)
    assert path.read_bytes() == b""
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_file_is_not_written_when_its_folder_can_not_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="can't be written: Not a directory"):
        create_keys(tmp_path / "file" / "below" / "keys.json")


def test_file_is_not_written_through_a_link_that_leads_nowhere(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_or_create_keys(path)
    assert not (tmp_path / "elsewhere.json").exists()


def test_file_is_its_owners_alone_when_created_whatever_the_mask(path: Path) -> None:
    mask = os.umask(0)
    try:
        create_keys(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_keys_are_those_created_when_loaded(path: Path) -> None:
    created = create_keys(path)
    assert octets_of(load_keys(path)) == octets_of(created)
    assert octets_of(load_or_create_keys(path)) == octets_of(created)


def test_keys_are_created_when_there_is_no_file(path: Path) -> None:
    assert octets_of(load_or_create_keys(path)) == octets_of(load_keys(path))


def test_keys_are_one_when_several_create_them_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: octets_of(load_or_create_keys(path)), range(32)))
    assert all(keys == made[0] for keys in made)
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_keys_are_new_and_of_full_length_when_generated() -> None:
    octets = [*octets_of(generate_keys()).values(), *octets_of(generate_keys()).values()]
    assert len(set(octets)) == 12
    assert {len(value) for value in octets} == {32}


def test_keys_show_nothing_secret_when_printed() -> None:
    keys = generate_keys()
    assert repr(keys) == "PortalKeys()"
    assert str(keys) == "PortalKeys()"


def test_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    # RFC 8037 appendix A.3.
    public = Ed25519PublicKey.from_public_bytes(decode_segment("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    assert key_id(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_public_parts_are_those_of_the_keys() -> None:
    keys = generate_keys()
    public = keys.audit.public_key()
    loaded = load_pem_public_key(keys.audit_public_pem())
    assert isinstance(loaded, Ed25519PublicKey)
    assert loaded.public_bytes_raw() == public.public_bytes_raw()
    assert keys.audit_public_jwk() == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": segment(public.public_bytes_raw()),
        "kid": keys.audit_key_id,
    }
    assert keys.audit_key_id == key_id(public)
    assert keys.signing_key_id == key_id(keys.signing.public_key())
    assert keys.signing_key_id != keys.audit_key_id
