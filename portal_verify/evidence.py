"""Verifying an evidence folder, as `portal audit export` writes it, with nothing but the public audit keys.

    records.jsonl      the records' texts, by writer and sequence
    segments.jsonl     the pieces of chains that lead from them to checkpoints (`portal_verify.segments`)
    checkpoints.jsonl  those checkpoints, and all that name a key, by number
    keys.pem           the public keys of the portal, for comparing; none is trusted for standing there
    manifest.json      what was asked for, counts, and SHA-256 of each file
    manifest.sig       hex Ed25519 over "portal-evidence-1" + line end + the manifest, by the audit key in force

The manifest says which file was changed; what the log's mathematics says tells the line. Both must agree.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from portal_verify.keys import raw_keys
from portal_verify.segments import Head, Segment, heads_of, parse_segment, place_of
from portal_verify.signatures import SignedCheckpoint, Signers, parse_checkpoint
from portal_verify.witnesses import UNREADABLE_CLAIM, Claim, read_claims

FORMAT = "portal-evidence-1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
RECORDS, SEGMENTS, CHECKPOINTS, KEYS = "records.jsonl", "segments.jsonl", "checkpoints.jsonl", "keys.pem"
FILES = (RECORDS, SEGMENTS, CHECKPOINTS, KEYS)
"""The files that the manifest names."""
_MAX_MANIFEST_BYTES = 1 << 20
_WRONG_FORM = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


class FlawKind(StrEnum):
    """What is wrong with a folder."""

    MISSING = "missing"
    """A file or line that the folder must hold isn't there."""
    UNEXPECTED = "unexpected"
    """A file or line that the folder doesn't name."""
    CHANGED = "changed"
    """A file isn't as it was exported."""
    SIGNATURE = "signature"
    """The audit key didn't sign it: it is another portal's, or it was changed."""
    ORDER = "order"
    """A line out of its order, or there twice."""
    RECORD = "record"
    """A record's text isn't the one that was recorded."""
    HEAD = "head"
    """A piece of a chain doesn't lead to what its checkpoint says."""
    WITNESS = "witness"
    """A witness holds another checkpoint of the same number."""
    UNREADABLE = "unreadable"
    """A file or line that isn't of the form."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first thing wrong: `place` is a file, or `FILE:LINE`, with `(record WRITER-SEQUENCE)` behind it if known."""

    place: str
    kind: FlawKind


@dataclass(frozen=True, slots=True)
class EvidenceVerification:
    """What was checked, up to the first flaw. `witnessed`: checkpoints that witnesses hold too, None if none is asked.

    `made_at` and `asked` are the manifest's words, empty where it isn't signed; `uncovered` is how many records were
    left out because no checkpoint covered them yet.
    """

    records: int
    checkpoints: int
    uncovered: int
    made_at: str
    asked: str
    flaw: Flaw | None
    witnessed: int | None = None


class FlawFound(Exception):
    """Carries the first flaw out of a check."""

    def __init__(self, place: str, kind: FlawKind) -> None:
        super().__init__(place, kind)
        self.flaw = Flaw(place, kind)


def verify_evidence(
    folder: Path,
    public_keys: bytes,
    witnesses: Iterable[str] = (),
    progress: Callable[[int], None] = lambda _records: None,
) -> EvidenceVerification:
    """Check a folder; `public_keys` are PEMs had from the portal by another way than with the folder.

    Raises: OSError where there is no such folder or a witness can't be reached; ValueError for a key that isn't
    Ed25519.
    """
    trusted, claims = raw_keys(public_keys), read_claims(witnesses)
    if not folder.is_dir():
        raise NotADirectoryError(str(folder))
    check = _Check(folder, trusted, claims, progress)
    flaw = check.first_flaw()
    asked = check.manifest.get("asked", {})
    return EvidenceVerification(
        records=check.records,
        checkpoints=check.checkpoints,
        uncovered=check.manifest.get("uncovered", 0),
        made_at=str(check.manifest.get("made_at", "")),
        asked=json.dumps(asked, ensure_ascii=False, sort_keys=True) if asked else "",
        flaw=flaw,
        witnessed=check.witnessed if claims else None,
    )


class _Check:
    """One check of a folder."""

    def __init__(
        self, folder: Path, trusted: tuple[bytes, ...], claims: Sequence[Claim], progress: Callable[[int], None]
    ) -> None:
        self._folder = folder
        self._trusted = trusted
        self._claims: dict[int, set[str]] = {}
        for number, digits in claims:
            self._claims.setdefault(number, set()).add(digits)
        self._progress = progress
        self._signers = Signers(trusted)
        self._heads: dict[int, dict[int, Head]] = {}
        self.manifest: dict[str, Any] = {}
        self.records = self.checkpoints = self.witnessed = 0

    def first_flaw(self) -> Flaw | None:
        """Return the first flaw, None if the folder is whole."""
        try:
            if UNREADABLE_CLAIM[0] in self._claims:
                raise FlawFound("witness", FlawKind.WITNESS)
            self._check_names()
            manifest = self._read_manifest()
            self.manifest = manifest
            changed = [name for name in FILES if not self._is_as_exported(name)]
        except FlawFound as found:
            return found.flaw
        flaw = self._flaw_within()
        # Where a file was changed its own line is the place, and not that of another one that no longer fits it.
        if changed and (flaw is None or flaw.place.partition(":")[0] not in changed):
            return Flaw(changed[0], FlawKind.CHANGED)
        return flaw

    def _flaw_within(self) -> Flaw | None:
        try:
            self._check_checkpoints()
            self._check_manifest_signer()
            self._check_records()
            self._check_counts()
        except FlawFound as found:
            return found.flaw
        return None

    def _check_names(self) -> None:
        wanted = {*FILES, MANIFEST, SIGNATURE}
        there = {path.name for path in self._folder.iterdir()}
        for name in sorted(there - wanted):
            raise FlawFound(name, FlawKind.UNEXPECTED)
        for name in sorted(wanted):
            # A link or a pipe would be another thing the next time that somebody looks.
            if (self._folder / name).is_symlink() or not (self._folder / name).is_file():
                raise FlawFound(name, FlawKind.UNEXPECTED if name in there else FlawKind.MISSING)

    def _read_manifest(self) -> dict[str, Any]:
        """Return the manifest, signed by any key that could have been in force; which one it is is checked later."""
        self._signed = self._beginning_of(MANIFEST)
        try:
            self._signature = bytes.fromhex(self._beginning_of(SIGNATURE).decode().strip())
        except _WRONG_FORM:
            raise FlawFound(SIGNATURE, FlawKind.SIGNATURE) from None
        keys = Signers([*self._trusted, *self._named_keys()])
        if not keys.may_sign(signed_manifest(self._signed), self._signature):
            raise FlawFound(MANIFEST, FlawKind.SIGNATURE)
        try:
            manifest = json.loads(self._signed)
            is_ours = manifest["format"] == FORMAT and {one["name"] for one in manifest["files"]} == set(FILES)
        except _WRONG_FORM:
            raise FlawFound(MANIFEST, FlawKind.UNREADABLE) from None
        if not is_ours:
            raise FlawFound(MANIFEST, FlawKind.UNREADABLE)
        return dict(manifest)

    def _beginning_of(self, name: str) -> bytes:
        """Return as much of a file as may be signed; of a longer one the signature is none."""
        with (self._folder / name).open("rb") as file:
            return file.read(_MAX_MANIFEST_BYTES)

    def _named_keys(self) -> list[bytes]:
        """Return the keys that signed checkpoints of the folder name; a line that can't be read names none."""
        signers, named = Signers(self._trusted), []
        with suppress(*_WRONG_FORM):
            for _, line in self._lines(CHECKPOINTS):
                checkpoint = parse_checkpoint(json.loads(line))
                if not signers.may_sign(checkpoint.body, checkpoint.signature):
                    break
                signers.follow(checkpoint.body)
                key = json.loads(checkpoint.body).get("key")
                named += [] if key is None else [bytes.fromhex(key)]
        return named

    def _is_as_exported(self, name: str) -> bool:
        [stated] = [one for one in self.manifest["files"] if one["name"] == name]
        with (self._folder / name).open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == stated["sha256"])

    def _lines(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Yield the place and the text of each line."""
        with (self._folder / name).open("rb") as file:
            for number, line in enumerate(file, 1):
                yield f"{name}:{number}", line.removesuffix(b"\n")

    def _check_checkpoints(self) -> None:
        before = 0
        for place, line in self._lines(CHECKPOINTS):
            checkpoint = _parsed(place, line, parse_checkpoint)
            if checkpoint.number <= before:
                raise FlawFound(place, FlawKind.ORDER)
            if not self._signers.may_sign(checkpoint.body, checkpoint.signature):
                raise FlawFound(place, FlawKind.SIGNATURE)
            self._take(place, checkpoint)
            before = checkpoint.number
            self.checkpoints += 1

    def _take(self, place: str, checkpoint: SignedCheckpoint) -> None:
        claimed = self._claims.get(checkpoint.number, set())
        if claimed - {checkpoint.hash}:
            raise FlawFound(place, FlawKind.WITNESS)
        self.witnessed += len(claimed)
        try:
            self._signers.follow(checkpoint.body)
            self._heads[checkpoint.number] = dict(heads_of(checkpoint.body))
        except _WRONG_FORM:
            raise FlawFound(place, FlawKind.UNREADABLE) from None

    def _check_manifest_signer(self) -> None:
        if not self._signers.may_sign(signed_manifest(self._signed), self._signature):
            raise FlawFound(MANIFEST, FlawKind.SIGNATURE)

    def _check_records(self) -> None:
        lines, last = self._lines(RECORDS), (0, 0)
        for place, line in self._lines(SEGMENTS):
            segment = _parsed(place, line, parse_segment)
            if (segment.writer, segment.first) <= last:
                raise FlawFound(place, FlawKind.ORDER)
            sequence, reached = segment.head
            if self._heads.get(segment.checkpoint, {}).get(segment.writer) != (sequence, reached):
                raise FlawFound(place, FlawKind.HEAD)
            last = (segment.writer, sequence)
            for number in segment.records:
                self._check_record(segment, number, next(lines, None))
        for place, _ in lines:
            raise FlawFound(place, FlawKind.UNEXPECTED)

    def _check_record(self, segment: Segment, number: int, line: tuple[str, bytes] | None) -> None:
        named = f" (record {segment.writer}-{number})"
        if line is None:
            raise FlawFound(f"{RECORDS}:{self.records + 1}{named}", FlawKind.MISSING)
        place, text = line
        if hashlib.sha256(text).digest() != segment.digest_of(number):
            raise FlawFound(place + named, FlawKind.RECORD)
        if _parsed(place, text, lambda _members: place_of(text)) != (segment.writer, number):
            raise FlawFound(place + named, FlawKind.ORDER)
        self.records += 1
        self._progress(self.records)

    def _check_counts(self) -> None:
        counted = (self.records, self.checkpoints)
        if (self.manifest.get("records"), self.manifest.get("checkpoints")) != counted:
            raise FlawFound(MANIFEST, FlawKind.MISSING)


def signed_manifest(manifest: bytes) -> bytes:
    """Return what is signed of a manifest; no checkpoint begins so."""
    return FORMAT.encode() + b"\n" + manifest


def _parsed(place: str, line: bytes, parse: Callable[[dict[str, Any]], Any]) -> Any:  # noqa: ANN401  what it parses
    try:
        return parse(json.loads(line))
    except _WRONG_FORM:
        raise FlawFound(place, FlawKind.UNREADABLE) from None
