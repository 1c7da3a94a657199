"""What a sealed file holds comes out as it went in, or not at all (fuzzed: flips, cuts, swaps, other keys)."""

import io
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from portal.archives.sealed import CHUNK, SealingWriter, new_seal, open_seal, read_sealed
from portal.errors import BadInput

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = X25519PrivateKey.from_private_bytes(bytes(32))
TAG = 16


def seal(content: bytes, pieces: int = 7) -> bytes:
    file = io.BytesIO()
    writer = SealingWriter(file, new_seal(KEY.public_key()))
    for start in range(0, len(content), max(1, len(content) // pieces)):
        writer.write(content[start : start + max(1, len(content) // pieces)])
    writer.close()
    return file.getvalue()


def open_all(sealed: bytes, key: X25519PrivateKey = KEY) -> bytes:
    file = io.BytesIO(sealed)
    return b"".join(read_sealed(file, "a.backup", open_seal(file, "a.backup", key)))


CONTENT = random.Random(7).randbytes(2 * CHUNK + 4711)
SEALED = seal(CONTENT)
HEADER = len(SEALED) - len(CONTENT) - 3 * TAG


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, len(CONTENT)])
def test_content_comes_back_as_it_went_in(length: int) -> None:
    assert open_all(seal(CONTENT[:length])) == CONTENT[:length]


def test_two_files_of_the_same_content_have_nothing_in_common_behind_the_header() -> None:
    first, second = seal(b"same" * 100), seal(b"same" * 100)
    assert first[HEADER:] != second[HEADER:]


def test_flipped_bit_is_refused_wherever_it_is() -> None:
    seeded = random.Random(31)
    offsets = [*range(HEADER), *(seeded.randrange(len(SEALED)) for _ in range(300))]
    for offset in offsets:
        changed = bytearray(SEALED)
        changed[offset] ^= 1 << seeded.randrange(8)
        with pytest.raises(BadInput):
            open_all(bytes(changed))


def test_cut_file_is_refused_wherever_it_ends() -> None:
    seeded = random.Random(18)
    boundaries = [HEADER, HEADER + CHUNK + TAG, HEADER + 2 * (CHUNK + TAG)]
    for length in [0, 1, *boundaries, *(seeded.randrange(len(SEALED)) for _ in range(100))]:
        with pytest.raises(BadInput):
            open_all(SEALED[:length])


def test_swapped_doubled_and_appended_chunks_are_refused() -> None:
    size = CHUNK + TAG
    head, first = SEALED[:HEADER], SEALED[HEADER : HEADER + size]
    second, last = SEALED[HEADER + size : HEADER + 2 * size], SEALED[HEADER + 2 * size :]
    assert open_all(head + first + second + last) == CONTENT
    for chunks in (
        (second, first, last),
        (first, first, second, last),
        (first, last),
        (first, second),
        (first, second, last, last),
        (first, second, last, b"x"),
    ):
        with pytest.raises(BadInput, match="damaged, cut or changed"):
            open_all(head + b"".join(chunks))


def test_header_of_another_file_is_refused() -> None:
    with pytest.raises(BadInput, match="damaged, cut or changed"):
        open_all(seal(b"other")[:HEADER] + SEALED[HEADER:])


def test_other_key_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"was sealed for the key `[0-9a-f]{32}`, and this is `[0-9a-f]{32}`"):
        open_all(SEALED, OTHER)


def test_other_key_opens_nothing_when_the_header_names_it() -> None:
    named = bytearray(SEALED)
    named[16:32] = seal_header_of_other()[16:32]
    with pytest.raises(BadInput, match="damaged, cut or changed"):
        open_all(bytes(named), OTHER)


def seal_header_of_other() -> bytes:
    return new_seal(OTHER.public_key()).header


@pytest.mark.parametrize("content", [b"", b"portal-backup-2\n" + bytes(100), b"PK\x03\x04" + bytes(100)])
def test_another_file_is_no_backup(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"`a\.backup` is no backup that this version of the portal knows"):
        open_all(content)
