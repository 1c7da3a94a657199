import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from portal.archives.keys import backup_key_id, create_backup_keys, load_backup_key, load_restore_key
from portal.errors import ConfigurationError


def test_keys_are_a_pair_that_only_the_owner_reads(tmp_path: Path) -> None:
    private = tmp_path / "away" / "restore.pem"
    public = create_backup_keys(private)
    assert public == tmp_path / "away" / "restore.pem.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert backup_key_id(load_restore_key(private).public_key()) == backup_key_id(load_backup_key(public))


@pytest.mark.parametrize("name", ["restore.pem", "restore.pem.pub"])
def test_keys_are_never_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("kept")
    with pytest.raises(ConfigurationError, match="there is a"):
        create_backup_keys(tmp_path / "restore.pem")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "kept"


def test_private_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    create_backup_keys(tmp_path / "restore.pem")
    (tmp_path / "restore.pem").chmod(0o640)
    with pytest.raises(ConfigurationError, match="has mode 0640"):
        load_restore_key(tmp_path / "restore.pem")


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate()
    public, private = tmp_path / "other.pub", tmp_path / "other.pem"
    public.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    private.touch(0o600)
    private.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="holds no public X25519 key"):
        load_backup_key(public)
    with pytest.raises(ConfigurationError, match="holds no private X25519 key"):
        load_restore_key(private)
    with pytest.raises(ConfigurationError, match="holds no public X25519 key"):
        load_backup_key(private)
    public.chmod(0o600)
    with pytest.raises(ConfigurationError, match="holds no private X25519 key"):
        load_restore_key(public)
