"""JSON Lines: an object a row, its members as an answer to a query has them."""

from collections.abc import Mapping, Sequence

import orjson

from portal.access.shaping import Row
from portal.json_text import JsonValue

MANIFEST_MEMBER = "_manifest"
"""The one member of the last line; no item has a name that begins so."""


class JsonLinesWriter:
    """Writes an object a line."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    def begin(self) -> bytes:
        """Return nothing: each line names its members."""
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Return the lines of rows."""
        columns = self._columns
        return b"".join(
            orjson.dumps(dict(zip(columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE) for row in rows
        )

    def end(self, _facts: Mapping[str, JsonValue]) -> bytes:
        """Return nothing: the last line is the manifest, which isn't content."""
        return b""


def manifest_line(manifest: object) -> bytes:
    """Return the last line of a transfer that is whole; without it the lines are a part alone."""
    return orjson.dumps({MANIFEST_MEMBER: manifest}, option=orjson.OPT_APPEND_NEWLINE)
