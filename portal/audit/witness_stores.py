"""Folders and URLs of other parties that keep checkpoints (docs/audit.md, "Witnesses")."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import httpx2

from portal.audit.checkpoints import Checkpoint, checkpoint_members, key_named, settles

TIMEOUT_SECONDS = 2.0
_REFUSED = 409
_TAIL_BYTES = 1 << 16


class WitnessUnreachableError(Exception):
    """A witness can't be asked, or can't write down what it was told. Trying later may help."""


class WitnessRefusalError(Exception):
    """A witness holds another history than this log, and says so: the alarm."""


class WitnessStore(Protocol):
    """Keeps the checkpoints of one portal, in the order of their numbers, and never lets go of one."""

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint that it holds. Raises: WitnessUnreachableError."""
        ...

    def store(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Keep the checkpoints, durably; those that it holds already are no fault.

        Raises: WitnessUnreachableError; WitnessRefusalError where they don't follow those that it holds.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def open_witness(place: str) -> WitnessStore:
    """Return the witness at a URL or in a folder."""
    return UrlWitness(place) if place.startswith(("https://", "http://")) else FolderWitness(Path(place))


def epoch_of(body: str) -> int | None:
    """Return the epoch that a checkpoint's body names; None for none."""
    try:
        epoch = json.loads(body).get("epoch")
    except (ValueError, AttributeError):
        return None
    return epoch if isinstance(epoch, int) else None


def render_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the checkpoint as one line of JSON, without line end."""
    return json.dumps(checkpoint_members(checkpoint), separators=(",", ":")).encode()


def parse_checkpoint(line: bytes) -> Checkpoint:
    """Return the checkpoint of a line. Raises: ValueError where it isn't one, or its hash isn't its own."""
    try:
        members = json.loads(line)
        checkpoint = Checkpoint(members["number"], members["body"], bytes.fromhex(members["signature"]))
        body = json.loads(checkpoint.body)
        if checkpoint.hash.hex() == members["hash"] and body["number"] == checkpoint.number > 0:
            return checkpoint
    except (TypeError, KeyError, AttributeError) as fault:
        raise ValueError("not a checkpoint") from fault
    raise ValueError("not a checkpoint")


def follows(before: Checkpoint | None, checkpoint: Checkpoint) -> bool:
    """Tell whether the checkpoint is the next one. The first that a witness is told may have any number.

    The one exception: people accepted that the portal lost what was witnessed. The checkpoint that says so follows the
    lost ones too, and stays on record with what it says.
    """
    if before is None:
        return True
    body = json.loads(checkpoint.body)
    is_chained = body.get("previous") == before.hash.hex()
    lost = lost_until(checkpoint)
    if lost is None:
        return is_chained and checkpoint.number == before.number + 1
    if is_chained:
        return checkpoint.number == max(before.number, lost) + 1
    return checkpoint.number > lost and settles(checkpoint, before.number, before.hash.hex())


def lost_until(checkpoint: Checkpoint) -> int | None:
    """Return the number of the last lost checkpoint, 0 where none was witnessed; None for one that states no loss."""
    loss = json.loads(checkpoint.body).get("loss")
    return None if loss is None else int(loss["number"])


class FolderWitness:
    """A folder with a file of lines a day, `2026-01-31.jsonl`; lines are only ever added."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self) -> Checkpoint | None:
        """Return the last whole line's checkpoint."""
        try:
            # A folder that isn't there is a mount that is missing, and never made: it would be another disk's.
            for path in sorted(self._folder.iterdir(), reverse=True):
                if path.suffix == ".jsonl" and (found := _last_checkpoint(path)):
                    return found
        except OSError as fault:
            raise WitnessUnreachableError(fault.strerror) from fault
        return None

    def store(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Add lines for those that are new, and have them on the disk."""
        try:
            with self._locked():
                newest = self.newest()
                for checkpoint in checkpoints:
                    if newest and checkpoint.number <= newest.number:
                        is_known = self.holds(checkpoint)
                    else:
                        is_known = follows(newest, checkpoint)
                        if is_known:
                            self._append(checkpoint)
                            newest = checkpoint
                    # Another checkpoint of a number that is taken is a fork, or a log that was rewound.
                    if not is_known:
                        raise WitnessRefusalError(f"checkpoint {checkpoint.number}")
                self._sync()
        except OSError as fault:
            raise WitnessUnreachableError(fault.strerror) from fault

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Tell whether this very checkpoint is held."""
        line = render_checkpoint(checkpoint)
        paths = sorted(self._folder.glob("*.jsonl"), reverse=True)
        # Several workers tell the same: it stands near the end.
        return any(line in _tail(path) for path in paths[:2]) or any(line in _lines(path) for path in paths)

    def keys_named(self) -> list[bytes]:
        """Return the raw public keys to which checkpoints handed over, in their order."""
        paths = sorted(self._folder.glob("*.jsonl"))
        lines = (line for path in paths for line in _lines(path) if b'\\"key\\":' in line)
        return [key for line in lines if (key := key_named(parse_checkpoint(line)))]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _append(self, checkpoint: Checkpoint) -> None:
        day = f"{json.loads(checkpoint.body)['time'][:10]}.jsonl"
        # The newest line stands in the last file even when a clock was put back.
        name = max([day, *(path.name for path in self._folder.glob("*.jsonl"))])
        with (self._folder / name).open("ab") as file:
            is_torn = file.tell() > 0 and not _ends_a_line(self._folder / name)
            file.write((b"\n" if is_torn else b"") + render_checkpoint(checkpoint) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Nothing is held."""


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line.rstrip(b"\n") for line in file)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _last_checkpoint(path: Path) -> Checkpoint | None:
    """Return the last line that is whole; a power cut may have torn others."""
    for line in reversed(_tail(path)):
        try:
            return parse_checkpoint(line)
        except ValueError:
            continue
    return None


def _tail(path: Path) -> list[bytes]:
    """Return the last lines of a file, all of it where these would not hold one that is whole."""
    size = path.stat().st_size
    lines = _lines_behind(path, max(0, size - _TAIL_BYTES))
    return lines if len(lines) > 1 or size <= _TAIL_BYTES else _lines_behind(path, 0)


def _lines_behind(path: Path, position: int) -> list[bytes]:
    """Return the lines that begin behind a position, those that have their ends."""
    with path.open("rb") as file:
        file.seek(max(0, position - 1))
        lines = file.read().split(b"\n")[:-1]
    return lines[1:] if position else lines


class UrlWitness:
    """A witness that is spoken to over HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    def newest(self) -> Checkpoint | None:
        """Return what `GET` gives; `null` is none yet."""
        answer = self._ask("GET", None)
        try:
            return None if answer.content.strip() == b"null" else parse_checkpoint(answer.content)
        except ValueError as fault:
            raise WitnessUnreachableError("an answer that is no checkpoint") from fault

    def store(self, checkpoints: Sequence[Checkpoint]) -> None:
        """`POST` them one by one."""
        for checkpoint in checkpoints:
            self._ask("POST", render_checkpoint(checkpoint))

    def _ask(self, method: str, content: bytes | None) -> httpx2.Response:
        headers = {"content-type": "application/json"} if content else {}
        try:
            answer = self._client.request(method, self._url, content=content, headers=headers)
        except httpx2.HTTPError as fault:
            raise WitnessUnreachableError(type(fault).__name__) from fault
        if answer.status_code == _REFUSED:
            raise WitnessRefusalError("409")
        if not answer.is_success:
            raise WitnessUnreachableError(str(answer.status_code))
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
