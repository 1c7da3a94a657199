"""A backup: one sealed file with a portal's whole copy and its key file, signed with the portal's audit key."""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from portal.archives.copied import (
    ColumnKind,
    CopiedTable,
    Position,
    RunningSum,
    Standing,
    StoreName,
    TableSum,
)
from portal.archives.frames import FrameKind, FrameWriter, read_frames
from portal.archives.reading import OpenCopy, read_texts
from portal.archives.sealed import Seal, SealingWriter, damaged, new_seal, open_seal, read_sealed
from portal.errors import BadInput, ConfigurationError, Text
from portal.identity.keys import PortalKeys, parse_keys

_COUNT_BYTES = 4
"""In which a frame of rows says how many they are, before their text."""
_SIGNED = b"portal backup sums:"
Told = Callable[[int], None]
"""Hears how many rows came."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup that was read whole says of itself; `sums` are those of its tables, in their order."""

    standing: Standing
    key_file: bytes
    sums: tuple[TableSum, ...]

    @property
    def keys(self) -> PortalKeys:
        """The portal's keys."""
        return parse_keys(self.key_file)


def write_backup(path: Path, copy: OpenCopy, key_file: bytes, recipient: X25519PublicKey, told: Told) -> Backup:
    """Write the copy into a new file, read it back and compare, and only then give the file its name.

    Raises: ConfigurationError where there is a file already, or it can't be written, or isn't what was written.
    """
    check_no_file(path)
    draft = path.with_name(f".{path.name}.part")
    seal = new_seal(recipient)
    try:
        with _new_file(draft) as file:
            written = _write(SealingWriter(file, seal), copy, key_file, told)
            file.flush()
            os.fsync(file.fileno())
        with draft.open("rb") as file:
            file.seek(len(seal.header))
            if _read_whole(file, path.name, seal) != written:
                raise damaged(path.name)
        _name_file(draft, path)
    except (OSError, BadInput) as fault:
        with suppress(OSError):
            draft.unlink()
        why = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise _unwritable(path, why or "") from None
    return written


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    # What a killed backup left under this name is of no use to anyone.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file


def _name_file(draft: Path, path: Path) -> None:
    """Give the draft its name, durably. Raises: FileExistsError where there is a file."""
    try:
        path.hardlink_to(draft)  # unlike a rename, fails where there is a file
        draft.unlink()
    except FileExistsError:
        raise
    except OSError:
        # A file system for carrying about may know no links.
        check_no_file(path)
        draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_no_file(path: Path) -> None:
    """Raise ConfigurationError where there is a file of that name: no backup takes another's place."""
    if path.exists():
        raise ConfigurationError(
            Text(
                en=f"there is a file `{path}` already; a backup takes no other's place, so name a new one",
                zh=f"文件 `{path}` 已存在；备份不会覆盖其他文件，请指定新的文件名",
            )
        )


def _unwritable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        Text(
            en=f"the backup `{path}` can't be written ({why}); nothing is left of it",
            zh=f"无法写入备份 `{path}`（{why}）；未留下任何文件",
        )
    )


def _write(sealed: SealingWriter, copy: OpenCopy, key_file: bytes, told: Told) -> Backup:
    frames = FrameWriter(sealed.write)
    standing = orjson.dumps({**asdict(copy.standing), "keys": base64.b64encode(key_file).decode()})
    frames.add(FrameKind.STANDING, standing)
    sums = []
    for table in copy.standing.tables:
        running = RunningSum()
        for rows, text in read_texts(copy.connection(table), table):
            running.add(rows, text)
            frames.add(FrameKind.ROWS, rows.to_bytes(_COUNT_BYTES, "big") + text)
            told(rows)
        sums.append(running.result())
        frames.add(FrameKind.TABLE_END, orjson.dumps(asdict(sums[-1])))
    frames.add(FrameKind.END, parse_keys(key_file).audit.sign(_signed_text(standing, sums)))
    frames.close()
    sealed.close()
    return Backup(copy.standing, key_file, tuple(sums))


def _signed_text(standing: bytes, sums: list[TableSum]) -> bytes:
    return _SIGNED + sha256(standing).digest() + orjson.dumps([asdict(one) for one in sums])


class BackupReader:
    """Reads a backup once, in its order: `tables`, then `finish`. Each table's texts are read before the next."""

    def __init__(self, frames: Iterator[tuple[FrameKind, bytes]]) -> None:
        """Read the first frame. Raises: ValueError, KeyError, TypeError, BadInput where it is none, as all do here."""
        self._frames = frames
        self._first = self._expect(FrameKind.STANDING)
        members = orjson.loads(self._first)
        self.key_file = base64.b64decode(members.pop("keys"), validate=True)
        self.standing = _parse_standing(members)
        self._sums: list[TableSum] = []

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """Yield the next table's rows as text, each with how many they are."""
        running = RunningSum()
        for kind, content in self._frames:
            if kind is FrameKind.TABLE_END:
                self._end_table(running.result(), content)
                return
            if kind is not FrameKind.ROWS:
                break
            rows, text = int.from_bytes(content[:_COUNT_BYTES], "big"), content[_COUNT_BYTES:]
            running.add(rows, text)
            yield rows, text
        raise ValueError("a table has no end")

    def _end_table(self, found: TableSum, content: bytes) -> None:
        if TableSum(**orjson.loads(content)) != found:
            raise ValueError("a table isn't what it is said to be")
        self._sums.append(found)

    def finish(self) -> Backup:
        """Return what was read, with the signature verified, once nothing is left to read."""
        signature = self._expect(FrameKind.END)
        if len(self._sums) != len(self.standing.tables) or next(self._frames, None) is not None:
            raise ValueError("there are more tables or fewer")
        audit_key = parse_keys(self.key_file).audit.public_key()
        audit_key.verify(signature, _signed_text(self._first, self._sums))
        return Backup(self.standing, self.key_file, tuple(self._sums))

    def _expect(self, kind: FrameKind) -> bytes:
        found, content = next(self._frames, (None, b""))
        if found is not kind:
            raise ValueError(f"`{found}` comes where `{kind}` should")
        return content


def _parse_standing(members: dict[str, Any]) -> Standing:
    tables = tuple(
        CopiedTable(
            StoreName(table["store"]),
            str(table["name"]),
            tuple((str(name), ColumnKind(kind)) for name, kind in table["columns"]),
            tuple(map(str, table["key"])),
            str(table["layout"]),
        )
        for table in members["tables"]
    )
    position = Position(**members["position"])
    return Standing(members["made_at"], members["portal_id"], members["revision"], position, tables)


@contextmanager
def open_backup(path: Path, key: X25519PrivateKey) -> Iterator[BackupReader]:
    """Open a backup for one reading. Raises: BadInput if it isn't one, is another key's, or damaged, inside too."""
    try:
        file = path.open("rb")
    except OSError as fault:
        raise BadInput(
            Text(
                en=f"the backup `{path}` can't be read: {fault.strerror}", zh=f"无法读取备份 `{path}`：{fault.strerror}"
            )
        ) from None
    with file, _refusing_damage(path.name):
        seal = open_seal(file, path.name, key)
        yield BackupReader(read_frames(read_sealed(file, path.name, seal)))


@contextmanager
def _refusing_damage(name: str) -> Iterator[None]:
    """Say of whatever a reader stumbles over that the file is damaged."""
    try:
        yield
    except (ValueError, KeyError, TypeError, InvalidSignature):
        raise damaged(name) from None


def check_backup(path: Path, key: X25519PrivateKey, told: Told) -> Backup:
    """Return what the backup says of itself once all of it was read and found right. Raises: BadInput."""
    with open_backup(path, key) as reader:
        return _read_through(reader, told)


def _read_whole(file: BinaryIO, name: str, seal: Seal) -> Backup:
    with _refusing_damage(name):
        return _read_through(BackupReader(read_frames(read_sealed(file, name, seal))), lambda _rows: None)


def _read_through(reader: BackupReader, told: Told) -> Backup:
    for _ in reader.standing.tables:
        for rows, _ in reader.texts():
            told(rows)
    return reader.finish()
