"""The inside of a backup: frames, compressed. A frame is its kind (a byte), its length (4 bytes), and its content."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from portal.archives.sealed import CHUNK

_LEVEL = 1
"""Of the compression: the higher ones take several times as long for a tenth less."""
_MAX_FRAME = 1 << 30
_HEAD_BYTES = 5


class FrameKind(StrEnum):
    """What a frame holds."""

    STANDING = "S"
    """JSON: which portal, when, where it stood, its tables, its key file. The first frame."""
    ROWS = "R"
    """Rows of the table that is being read: how many (4 bytes), and their text."""
    TABLE_END = "E"
    """JSON: the sum of the table's rows; the next table follows."""
    END = "Z"
    """The signature, with the portal's audit key, over all the sums and the first frame. The last frame."""


class FrameWriter:
    """Writes frames, compressed, to where `write` puts them."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._compressor = zlib.compressobj(_LEVEL)

    def add(self, kind: FrameKind, content: bytes) -> None:
        """Write one frame."""
        self._write(self._compressor.compress(kind.encode() + len(content).to_bytes(4, "big") + content))

    def close(self) -> None:
        """Write what is left."""
        self._write(self._compressor.flush())


def read_frames(pieces: Iterable[bytes]) -> Iterator[tuple[FrameKind, bytes]]:
    """Yield the frames that the pieces hold. Raises: ValueError where they are none, or something follows them."""
    held = bytearray()
    for content in _decompressed(pieces):
        held += content
        while len(held) >= _HEAD_BYTES:
            length = int.from_bytes(held[1:_HEAD_BYTES], "big")
            if length > _MAX_FRAME:
                raise ValueError("a frame is too long")
            if len(held) < _HEAD_BYTES + length:
                break
            yield FrameKind(chr(held[0])), bytes(held[_HEAD_BYTES : _HEAD_BYTES + length])
            del held[: _HEAD_BYTES + length]
    if held:
        raise ValueError("half a frame is left")


def _decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj()
    try:
        for piece in pieces:
            # Some at a time: a few bytes may stand for very many.
            content = decompressor.decompress(piece, CHUNK)
            yield content
            while decompressor.unconsumed_tail and not decompressor.eof:
                yield decompressor.decompress(decompressor.unconsumed_tail, CHUNK)
    except zlib.error:
        raise ValueError("it isn't compressed as it should be") from None
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("it ends too early or too late")
