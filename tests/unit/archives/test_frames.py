import zlib

import pytest

from portal.archives.frames import FrameKind, FrameWriter, read_frames

FRAMES = [
    (FrameKind.STANDING, b"{}"),
    (FrameKind.ROWS, b"[1]," * 500_000),
    (FrameKind.ROWS, b""),
    (FrameKind.END, b"z"),
]


def written(frames: list[tuple[FrameKind, bytes]] = FRAMES) -> bytes:
    pieces: list[bytes] = []
    writer = FrameWriter(pieces.append)
    for kind, content in frames:
        writer.add(kind, content)
    writer.close()
    return b"".join(pieces)


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_frames_come_back_however_they_are_divided(size: int) -> None:
    content = written()
    assert list(read_frames(content[at : at + size] for at in range(0, len(content), size))) == FRAMES


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no zlib", id="something else"),
        pytest.param(written()[:-1], id="cut"),
        pytest.param(written() + b"x", id="something behind it"),
        pytest.param(zlib.compress(b"R\x00\x00\x00\x09half"), id="half a frame"),
        pytest.param(zlib.compress(b"R\xff\xff\xff\xff"), id="too long a frame"),
        pytest.param(zlib.compress(b"?\x00\x00\x00\x00"), id="an unknown kind"),
    ],
)
def test_what_is_no_whole_row_of_frames_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(read_frames([content]))


def test_few_bytes_that_stand_for_many_are_taken_some_at_a_time() -> None:
    """A frame that is announced as small as it may be comes before what is announced behind it was unpacked."""
    bomb = zlib.compress(b"R\x00\x00\x00\x01a" + bytes(1 << 28), 9)
    frames = read_frames([bomb])
    assert next(frames) == (FrameKind.ROWS, b"a")
    with pytest.raises(ValueError, match="FrameKind"):
        next(frames)
