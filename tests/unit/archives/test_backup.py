"""A backup is the portal as it was, whole, or it is refused and nothing is written."""

import random
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from portal.archives.backup import check_backup
from portal.archives.keys import load_restore_key
from portal.archives.reading import open_copy
from portal.errors import BadInput, ConfigurationError, PolicyUnavailable
from portal.storage.database import for_writing, open_sync_database
from portal.storage.metadata import metadata
from portal.storage.tables import groups
from tests.fixtures.kept_portal import KeptPortal, kept_portal
from tests.fixtures.revisions import newest_revision
from tests.fixtures.small_bundle import NOW


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> KeptPortal:
    portal = kept_portal(tmp_path_factory.mktemp("kept"))
    portal.backup()
    return portal


def key_of(portal: KeptPortal) -> X25519PrivateKey:
    return load_restore_key(portal.folder / "restore.pem")


def test_backup_says_of_itself_what_was_written(portal: KeptPortal) -> None:
    backup = check_backup(portal.folder / "one.backup", key_of(portal), lambda _rows: None)
    position = backup.standing.position
    assert (position.epoch, position.records, position.writers, position.checkpoint) == (1, 5, 1, 2)
    assert backup.key_file == portal.key_file.read_bytes()
    left, copied = {"compatibility", "sign_ins", "staff_sessions"}, {table.name for table in backup.standing.tables}
    assert copied > set(metadata.tables) - left
    # A session that was ended since must not come back.
    assert not copied & left
    assert backup.standing.made_at == "2026-03-01T08:00:00Z"
    assert backup.standing.revision == newest_revision()


def test_backup_holds_no_text_of_the_portal_in_clear(portal: KeptPortal) -> None:
    content = (portal.folder / "one.backup").read_bytes()
    assert not any(text.encode() in content for text in ("residents", "核验应用", "digest_secret", "dataset_1"))
    assert stat.S_IMODE((portal.folder / "one.backup").stat().st_mode) == 0o600


def test_backup_that_is_damaged_anywhere_is_refused(portal: KeptPortal) -> None:
    whole = (portal.folder / "one.backup").read_bytes()
    seeded, key, path = random.Random(4), key_of(portal), portal.folder / "damaged.backup"
    flips = [bytearray(whole) for _ in range(300)]
    for flipped in flips:
        flipped[seeded.randrange(len(whole))] ^= 1 << seeded.randrange(8)
    for content in (*map(bytes, flips), *(whole[: seeded.randrange(len(whole))] for _ in range(100)), whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(BadInput):
            check_backup(path, key, lambda _rows: None)


def test_another_key_is_refused(portal: KeptPortal) -> None:
    with pytest.raises(BadInput, match="was sealed for the key"):
        check_backup(portal.folder / "one.backup", X25519PrivateKey.generate(), lambda _rows: None)


def test_missing_file_is_refused(portal: KeptPortal) -> None:
    with pytest.raises(BadInput, match="can't be read: No such file"):
        check_backup(portal.folder / "none.backup", key_of(portal), lambda _rows: None)


def test_backup_takes_no_place_of_another(portal: KeptPortal) -> None:
    before = (portal.folder / "one.backup").read_bytes()
    with pytest.raises(ConfigurationError, match="a backup takes no other's place"):
        portal.backup()
    assert (portal.folder / "one.backup").read_bytes() == before


def test_backup_that_cannot_be_written_leaves_nothing(portal: KeptPortal) -> None:
    (portal.folder / ".taken.backup.part").mkdir()
    with pytest.raises(ConfigurationError, match=r"can't be written \("):
        portal.backup("taken.backup")
    assert not (portal.folder / "taken.backup").exists()


def test_draft_of_a_killed_backup_is_written_anew(portal: KeptPortal) -> None:
    (portal.folder / ".second.backup.part").write_bytes(b"half")
    portal.backup("second.backup")
    check_backup(portal.folder / "second.backup", key_of(portal), lambda _rows: None)
    assert not (portal.folder / ".second.backup.part").exists()


def test_portal_whose_content_was_changed_by_other_means_is_not_backed_up(tmp_path: Path) -> None:
    portal = kept_portal(tmp_path)
    engine = open_sync_database(portal.place.database_url)
    with for_writing(engine).begin() as connection:
        connection.execute(groups.update().values(name="改动"))
    engine.dispose()
    with pytest.raises(PolicyUnavailable, match="its digest doesn't match"):
        portal.backup()
    assert not list(tmp_path.glob("*.backup"))


def test_copy_is_of_one_moment_while_the_portal_goes_on(tmp_path: Path) -> None:
    portal = kept_portal(tmp_path)
    with open_copy(portal.store, NOW) as copy:
        portal.record(3)
        again = replace(copy.standing)
        assert again.position.records == 5
    assert portal.backup().standing.position.records == 8
