"""Where writers of archives and columns put what they write: a file that can't be sought in."""

from io import RawIOBase
from typing import cast


class Sink(RawIOBase):
    """A file that can't be sought in: what is written waits to be taken."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()
        self._count = 0

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, octets: object) -> int:
        """Keep the octets until they are taken; return how many they are."""
        content = bytes(cast("bytes", octets))
        self._written += content
        self._count += len(content)
        return len(content)

    def tell(self) -> int:
        """Return how many octets were written in all."""
        return self._count

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
