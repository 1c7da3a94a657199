"""The disk that forgets: what a cut leaves, and what a failed sync loses for good."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.cuts import PowerDisk

pytestmark = pytest.mark.heavy


def left_after(tmp_path: Path, write: Callable[[Path], None], *options: str) -> dict[str, bytes]:
    """What the disk holds when the power goes after `write`; at first it holds `old`, a sector of `a`."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "old").write_bytes(b"a" * 512)
    power = PowerDisk.start(disk, tmp_path / "mount", *options)
    try:
        write(power.mount)
        power.cut()
    finally:
        power.close()
    return {path.name: path.read_bytes() for path in disk.iterdir()}


def write(path: Path, content: bytes, *, synced: bool) -> None:
    with path.open("r+b" if path.exists() else "xb", buffering=0) as file:
        file.write(content)
        if synced:
            os.fsync(file.fileno())


def test_cut_takes_what_was_not_synced(tmp_path: Path) -> None:
    def change(mount: Path) -> None:
        write(mount / "kept", b"b", synced=True)
        write(mount / "old", b"c", synced=False)
        write(mount / "lost", b"d", synced=False)
        assert (mount / "old").read_bytes()[:1] == b"c"

    assert left_after(tmp_path, change) == {"old": b"a" * 512, "kept": b"b"}


def test_cut_leaves_an_empty_file_when_its_name_was_synced_with_another(tmp_path: Path) -> None:
    def change(mount: Path) -> None:
        write(mount / "draft", b"b", synced=False)
        (mount / "draft").rename(mount / "named")
        write(mount / "old", b"c", synced=True)

    assert left_after(tmp_path, change) == {"old": b"c" + b"a" * 511, "named": b""}


def test_failed_sync_loses_its_sectors_when_the_next_one_succeeds(tmp_path: Path) -> None:
    def change(mount: Path) -> None:
        with pytest.raises(OSError, match="Input/output error"):
            write(mount / "old", b"b", synced=True)
        with (mount / "old").open("r+b", buffering=0) as file:
            file.seek(512)
            file.write(b"c")
            os.fsync(file.fileno())
        assert (mount / "old").read_bytes()[:1] == b"b"

    assert left_after(tmp_path, change, "--fail-at", "1") == {"old": b"a" * 512 + b"c"}


def test_cut_comes_before_the_sync_that_it_is_told(tmp_path: Path) -> None:
    def change(mount: Path) -> None:
        write(mount / "first", b"b", synced=True)
        with pytest.raises(OSError, match=r".*"):
            write(mount / "second", b"c", synced=True)

    assert left_after(tmp_path, change, "--cut-at", "2") == {"old": b"a" * 512, "first": b"b"}
