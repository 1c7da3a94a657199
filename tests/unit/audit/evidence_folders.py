"""Manipulations of evidence folders, and where each must be found."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal_verify.evidence import CHECKPOINTS, FILES, MANIFEST, RECORDS, SEGMENTS, SIGNATURE, signed_manifest
from portal_verify.segments import parse_segment
from tests.unit.audit.logs import KEY, OTHER_KEY


@dataclass(frozen=True, slots=True)
class Tampering:
    """A copy of a folder, another portal's evidence, and a source of chance for where to strike."""

    folder: Path
    foreign: Path
    random: Random

    def lines(self, name: str) -> list[bytes]:
        return (self.folder / name).read_bytes().splitlines()

    def write(self, name: str, lines: list[bytes]) -> None:
        (self.folder / name).write_bytes(b"".join(line + b"\n" for line in lines))

    def any_file(self) -> str:
        return self.random.choice(FILES)

    def seal_again(self, key: Ed25519PrivateKey) -> None:
        """Give the manifest the hashes of the files as they are now, and sign it."""
        manifest = json.loads((self.folder / MANIFEST).read_bytes())
        for one in manifest["files"]:
            one["sha256"] = hashlib.sha256((self.folder / one["name"]).read_bytes()).hexdigest()
        self.sign(json.dumps(manifest).encode(), key)

    def sign(self, manifest: bytes, key: Ed25519PrivateKey = KEY) -> None:
        """Put another manifest in place of the folder's, and sign it."""
        (self.folder / MANIFEST).write_bytes(manifest)
        (self.folder / SIGNATURE).write_text(key.sign(signed_manifest(manifest)).hex(), encoding="ascii")

    def sign_checkpoint(self, number: int, **changed: object) -> None:
        """Change a checkpoint's body, and sign it with the key."""
        lines = [json.loads(line) for line in self.lines(CHECKPOINTS)]
        [members] = [line for line in lines if line["number"] == number]
        body = json.dumps(json.loads(members["body"]) | changed)
        signature = KEY.sign(body.encode())
        digest = hashlib.sha256(body.encode() + signature).hexdigest()
        members |= {"body": body, "signature": signature.hex(), "hash": digest}
        self.write(CHECKPOINTS, [json.dumps(line).encode() for line in lines])


Manipulation = Callable[[Tampering], str]
"""Does its damage and returns the file that must be named as its place."""


def flip(tampering: Tampering) -> str:
    name = tampering.any_file()
    content = bytearray((tampering.folder / name).read_bytes())
    content[tampering.random.randrange(len(content))] ^= 1 << tampering.random.randrange(7)
    (tampering.folder / name).write_bytes(content)
    return name


def cut_line(tampering: Tampering) -> str:
    name = tampering.any_file()
    lines = tampering.lines(name)
    del lines[tampering.random.randrange(len(lines))]
    tampering.write(name, lines)
    return name


def cut_end(tampering: Tampering) -> str:
    name = tampering.any_file()
    content = (tampering.folder / name).read_bytes()
    (tampering.folder / name).write_bytes(content[: tampering.random.randrange(len(content))])
    return name


def double_line(tampering: Tampering) -> str:
    name = tampering.any_file()
    lines = tampering.lines(name)
    at = tampering.random.randrange(len(lines))
    tampering.write(name, [*lines[:at], lines[at], *lines[at:]])
    return name


def swap_lines(tampering: Tampering) -> str:
    name = tampering.any_file()
    lines = tampering.lines(name)
    first, second = tampering.random.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    tampering.write(name, lines)
    return name


def foreign_file(tampering: Tampering) -> str:
    name = tampering.random.choice((*FILES, MANIFEST))
    shutil.copyfile(tampering.foreign / name, tampering.folder / name)
    return name


def foreign_folder(tampering: Tampering) -> str:
    shutil.rmtree(tampering.folder)
    shutil.copytree(tampering.foreign, tampering.folder)
    return MANIFEST


def remove_file(tampering: Tampering) -> str:
    name = tampering.random.choice((*FILES, MANIFEST, SIGNATURE))
    (tampering.folder / name).unlink()
    return name


def add_file(tampering: Tampering) -> str:
    (tampering.folder / "more.txt").write_bytes(b"1")
    return "more.txt"


def link_file(tampering: Tampering) -> str:
    name = tampering.any_file()
    kept = tampering.folder.with_name("kept")
    shutil.copyfile(tampering.folder / name, kept)
    (tampering.folder / name).unlink()
    (tampering.folder / name).symlink_to(kept)
    return name


def edit_manifest(tampering: Tampering) -> str:
    text = (tampering.folder / MANIFEST).read_text(encoding="utf-8")
    (tampering.folder / MANIFEST).write_text(text.replace('"deny"', '"permit"'), encoding="utf-8")
    return MANIFEST


def edit_signature(tampering: Tampering) -> str:
    (tampering.folder / SIGNATURE).write_text(tampering.random.choice(["", "00" * 64]), encoding="ascii")
    return "manifest"


def write_no_signature(tampering: Tampering) -> str:
    (tampering.folder / SIGNATURE).write_text("none", encoding="ascii")
    return SIGNATURE


def edit_record_and_seal(tampering: Tampering) -> str:
    """As the portal itself could: the log says otherwise."""
    lines = tampering.lines(RECORDS)
    at = tampering.random.randrange(len(lines))
    lines[at] = lines[at].replace(b'"request_id":"request', b'"request_id":"forged!')
    tampering.write(RECORDS, lines)
    tampering.seal_again(KEY)
    return f"{RECORDS}:{at + 1} "


def cut_record_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines(RECORDS)
    at = tampering.random.randrange(len(lines))
    del lines[at]
    tampering.write(RECORDS, lines)
    tampering.seal_again(KEY)
    return f"{RECORDS}:{at + 1} "


def swap_records_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines(RECORDS)
    at = tampering.random.randrange(len(lines) - 1)
    lines[at : at + 2] = reversed(lines[at : at + 2])
    tampering.write(RECORDS, lines)
    tampering.seal_again(KEY)
    return f"{RECORDS}:{at + 1} "


def add_record_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines(RECORDS)
    tampering.write(RECORDS, [*lines, lines[0]])
    tampering.seal_again(KEY)
    return f"{RECORDS}:{len(lines) + 1}"


def edit_segment_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines(SEGMENTS)
    at = tampering.random.randrange(len(lines))
    segment = json.loads(lines[at])
    segment["before"] = "00" * 32
    lines[at] = json.dumps(segment).encode()
    tampering.write(SEGMENTS, lines)
    tampering.seal_again(KEY)
    return f"{SEGMENTS}:{at + 1}"


def swap_segments_and_seal(tampering: Tampering) -> str:
    """Their records with them, so that nothing else is out of its order."""
    (first, second, *others), records = tampering.lines(SEGMENTS), tampering.lines(RECORDS)
    one, two = (len(json.loads(line)["records"]) for line in (first, second))
    tampering.write(SEGMENTS, [second, first, *others])
    tampering.write(RECORDS, [*records[one : one + two], *records[:one], *records[one + two :]])
    tampering.seal_again(KEY)
    return f"{SEGMENTS}:2"


def cut_segment_with_its_records_and_seal(tampering: Tampering) -> str:
    lines, records = tampering.lines(SEGMENTS), tampering.lines(RECORDS)
    count = len(json.loads(lines[-1])["records"])
    tampering.write(SEGMENTS, lines[:-1])
    tampering.write(RECORDS, records[:-count])
    tampering.seal_again(KEY)
    return MANIFEST


def point_to_another_checkpoint_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines(SEGMENTS)
    at = tampering.random.randrange(len(lines))
    segment = json.loads(lines[at])
    segment["checkpoint"] += 1
    lines[at] = json.dumps(segment).encode()
    tampering.write(SEGMENTS, lines)
    tampering.seal_again(KEY)
    return f"{SEGMENTS}:{at + 1}"


def swap_checkpoints_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines("checkpoints.jsonl")
    tampering.write("checkpoints.jsonl", [*lines[1:2], *lines[:1], *lines[2:]])
    tampering.seal_again(KEY)
    return "checkpoints.jsonl:2"


def sign_a_checkpoint_and_seal_with_another_key(tampering: Tampering) -> str:
    """All is sound in itself, under a key that nobody was given."""
    lines = tampering.lines("checkpoints.jsonl")
    members = json.loads(lines[0])
    signature = OTHER_KEY.sign(members["body"].encode())
    members |= {"signature": signature.hex(), "hash": hashlib.sha256(members["body"].encode() + signature).hexdigest()}
    tampering.write("checkpoints.jsonl", [json.dumps(members).encode(), *lines[1:]])
    tampering.seal_again(OTHER_KEY)
    return MANIFEST


def sign_a_checkpoint_with_another_key_and_seal(tampering: Tampering) -> str:
    sign_a_checkpoint_and_seal_with_another_key(tampering)
    tampering.seal_again(KEY)
    return "checkpoints.jsonl:1"


def change_the_form_and_seal(tampering: Tampering) -> str:
    name = tampering.random.choice([SEGMENTS, "checkpoints.jsonl"])
    lines = tampering.lines(name)
    lines[0] = tampering.random.choice([b"null", b"{}", b"[" * 20_000, b'{"writer":true}', b"\xff"])
    tampering.write(name, lines)
    tampering.seal_again(KEY)
    return f"{name}:1"


def name_other_files_and_seal(tampering: Tampering) -> str:
    manifest = json.loads((tampering.folder / MANIFEST).read_bytes())
    manifest["files"] = manifest["files"][:-1]
    tampering.sign(json.dumps(manifest).encode())
    return MANIFEST


def sign_no_manifest(tampering: Tampering) -> str:
    tampering.sign(tampering.random.choice([b"nothing", b"[]", b"{}", b"\xff"]))
    return MANIFEST


def cut_last_record_and_seal(tampering: Tampering) -> str:
    lines = tampering.lines(RECORDS)
    tampering.write(RECORDS, lines[:-1])
    tampering.seal_again(KEY)
    return f"{RECORDS}:{len(lines)} "


def chain_a_record_that_names_another_place(tampering: Tampering) -> str:
    """As the portal itself could: chain, checkpoint and folder are all made anew around it."""
    records, segments = tampering.lines(RECORDS), tampering.lines(SEGMENTS)
    segment = json.loads(segments[0])
    forged = records[0].replace(b'"sequence":%d,' % segment["records"][0], b'"sequence":999,')
    segment["digests"][segment["records"][0] - segment["first"]] = hashlib.sha256(forged).hexdigest()
    tampering.write(RECORDS, [forged, *records[1:]])
    tampering.write(SEGMENTS, [json.dumps(segment).encode(), *segments[1:]])
    sequence, head = parse_segment(segment).head
    tampering.sign_checkpoint(segment["checkpoint"], heads=[[segment["writer"], sequence, head.hex()]])
    tampering.seal_again(KEY)
    return f"{RECORDS}:1 "


def sign_a_checkpoint_without_heads_and_seal(tampering: Tampering) -> str:
    number = json.loads(tampering.lines(CHECKPOINTS)[0])["number"]
    tampering.sign_checkpoint(number, heads=tampering.random.choice([None, 7, [[1]], [[1, 2, "x"]]]))
    tampering.seal_again(KEY)
    return f"{CHECKPOINTS}:1"


def pass_a_checkpoint_off_as_the_manifest(tampering: Tampering) -> str:
    """Signed with the right key, but as something else."""
    members = json.loads(tampering.lines("checkpoints.jsonl")[0])
    (tampering.folder / MANIFEST).write_text(members["body"], encoding="utf-8")
    (tampering.folder / SIGNATURE).write_text(members["signature"], encoding="ascii")
    return MANIFEST


MANIPULATIONS: tuple[Manipulation, ...] = (
    flip,
    cut_line,
    cut_end,
    double_line,
    swap_lines,
    foreign_file,
    foreign_folder,
    remove_file,
    add_file,
    link_file,
    edit_manifest,
    edit_signature,
    write_no_signature,
    edit_record_and_seal,
    cut_record_and_seal,
    swap_records_and_seal,
    add_record_and_seal,
    edit_segment_and_seal,
    swap_segments_and_seal,
    cut_segment_with_its_records_and_seal,
    point_to_another_checkpoint_and_seal,
    swap_checkpoints_and_seal,
    sign_a_checkpoint_and_seal_with_another_key,
    sign_a_checkpoint_with_another_key_and_seal,
    change_the_form_and_seal,
    name_other_files_and_seal,
    sign_no_manifest,
    cut_last_record_and_seal,
    chain_a_record_that_names_another_place,
    sign_a_checkpoint_without_heads_and_seal,
    pass_a_checkpoint_off_as_the_manifest,
)
