"""Receiving a transfer: frames are held against their hashes and put on disk, and the whole against its manifest.

A file gets its name once it is whole. Until then it is `FILE.part`, and `FILE.part.json` says how much of it counts and
how to go on.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import orjson

from portal.errors import BadInput, PortalError, Text
from portal.exchange.order import next_link
from portal.json_text import JsonValue

_HEAD_LIMIT = 1 << 20
_FRAME_LIMIT = 1 << 30
_READ_BYTES = 1 << 20


class Damaged(PortalError):
    """A transfer that isn't what its hashes say, or that ended before its manifest."""


@dataclass(frozen=True, slots=True)
class Received:
    """How much of a transfer counts: rows, bytes, the digest over its parts, and the token with which it goes on.

    `request` is the digest of what was asked; `rows_in_all` are those of the whole.
    """

    request: str
    after: str | None = None
    rows: int = 0
    octets: int = 0
    chain: str = "0" * 64
    rows_in_all: int = 0


class Frames:
    """Takes the octets of an answer as they come and gives whole frames: what each says, and its content."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, octets: bytes) -> Iterator[tuple[Mapping[str, JsonValue], bytes]]:
        """Yield the frames that these octets complete. Raises: Damaged."""
        self._buffer += octets
        while (end := self._buffer.find(b"\n", 0, _HEAD_LIMIT)) >= 0:
            head = _parse_head(bytes(self._buffer[:end]))
            length = head.get("bytes", 0)
            if not isinstance(length, int) or not 0 <= length <= _FRAME_LIMIT:
                raise _damaged("a frame has no length", "数据帧缺少长度")
            if len(self._buffer) < end + 1 + length:
                return
            content = bytes(self._buffer[end + 1 : end + 1 + length])
            del self._buffer[: end + 1 + length]
            yield head, content
        if len(self._buffer) >= _HEAD_LIMIT:
            raise _damaged("a frame doesn't begin as one", "数据帧格式不符")


def _parse_head(line: bytes) -> Mapping[str, JsonValue]:
    try:
        head = orjson.loads(line)
    except orjson.JSONDecodeError:
        head = None
    if not isinstance(head, dict):
        raise _damaged("a frame doesn't begin as one", "数据帧格式不符")
    return cast("Mapping[str, JsonValue]", head)


def _damaged(en: str, zh: str) -> Damaged:
    return Damaged(Text(en=f"{en}; fetch it again", zh=f"{zh}；请重新获取"))


class Receiver:
    """A file that is being received."""

    def __init__(self, file: Path, request: str) -> None:
        self._file = file
        self._part = file.with_name(f"{file.name}.part")
        self._state = file.with_name(f"{file.name}.part.json")
        self.received = self._load(request)
        self.manifest: Mapping[str, JsonValue] | None = None

    def begin(self) -> None:
        """Let the part hold what counts and nothing behind it; nothing of it counts where it can't be gone on with."""
        if self.received.after is None:
            self.received = Received(self.received.request)
        with self._part.open("ab") as part:
            part.truncate(self.received.octets)

    def take(self, head: Mapping[str, JsonValue], content: bytes) -> None:
        """Take a frame: it counts once its hash is right and it is written. Raises: Damaged."""
        if "manifest" in head:
            self.manifest = cast("Mapping[str, JsonValue]", head["manifest"])
            return
        if hashlib.sha256(content).hexdigest() != head.get("sha256"):
            raise _damaged("a part isn't what its hash says", "有数据与其哈希值不符")
        with self._part.open("ab") as part:
            part.write(content)
        done = self.received
        self.received = replace(
            done,
            after=cast("str | None", head.get("after")),
            rows=done.rows + cast("int", head["rows"]),
            octets=done.octets + len(content),
            chain=next_link(done.chain, content),
            rows_in_all=cast("int", head["rowsInAll"]),
        )
        self._store()

    def finish(self) -> Mapping[str, JsonValue]:
        """Give the file its name, if it is whole; return its manifest with the hash of the file. Raises: Damaged."""
        manifest, done = self.manifest, self.received
        if manifest is None:
            raise _damaged("the transfer was cut before its end", "传输在结束前中断")
        sha256 = self._hash()
        expected = (manifest["rows"], manifest["bytes"], manifest["chain"], manifest["sha256"] or sha256)
        if expected != (done.rows, done.octets, done.chain, sha256) or self._part.stat().st_size != done.octets:
            raise _damaged("the file isn't what its manifest says", "文件与其清单不符")
        whole = {**manifest, "sha256": sha256}
        beside = self._file.with_name(f"{self._file.name}.manifest.json")
        beside.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        with self._part.open("rb+") as part:
            os.fsync(part.fileno())
        self._part.replace(self._file)
        self._state.unlink(missing_ok=True)
        return whole

    def _hash(self) -> str:
        digest = hashlib.sha256()
        with self._part.open("rb") as part:
            while octets := part.read(_READ_BYTES):
                digest.update(octets)
        return digest.hexdigest()

    def _load(self, request: str) -> Received:
        """Return what counts of an earlier run that asked for the same. Raises: BadInput where it asked for another."""
        try:
            stored = Received(**orjson.loads(self._state.read_bytes()))
            size = self._part.stat().st_size
        except FileNotFoundError:
            return Received(request)
        except (ValueError, TypeError):
            return Received(request)
        if stored.request != request:
            raise BadInput(
                Text(
                    en=f"`{self._part}` is of another request; remove it and `{self._state}`, or name another file",
                    zh=f"`{self._part}` 属于另一请求；请删除它和 `{self._state}`，或指定另一文件",
                )
            )
        return stored if size >= stored.octets else Received(request)

    def _store(self) -> None:
        draft = self._state.with_name(f"{self._state.name}.new")
        draft.write_bytes(orjson.dumps(asdict(self.received)))
        draft.replace(self._state)
