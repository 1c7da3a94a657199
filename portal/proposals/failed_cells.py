"""Cells of a workbook that hold an error, such as `#N/A`: the reader of workbooks gives them as empty ones."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import iterparse
from zipfile import BadZipFile, ZipFile

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CHUNK_OCTETS = 1 << 20
_CELL = re.compile(rb"<c\s[^>]*>")
_PLACE = re.compile(rb"""\sr=["']([A-Z]+)([0-9]+)["']""")
_IS_ERROR = re.compile(rb"""\st=["']e["']""")
_LONGEST_TAG = 4096
"""A tag that a chunk cuts is looked for again with the next one, as far as this."""


def find_failed_cells(path: Path, sheet: str, most: int) -> list[tuple[int, str]]:
    """Return the row and the column's letters of each cell with an error, so many at most; none if it's no .xlsx."""
    try:
        with ZipFile(path) as archive:
            part = _sheet_part(archive, sheet)
            return [] if part is None else list(islice(_errors(archive, part), most))
    except (BadZipFile, KeyError):
        return []


def _sheet_part(archive: ZipFile, sheet: str) -> str | None:
    relation = next((found.get(_RELATION_ID) for found in _elements(archive, _WORKBOOK, "sheet", sheet)), None)
    for found in _elements(archive, _RELATIONS, "Relationship", None):
        if found.get("Id") == relation:
            target = found.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    return None


def _elements(archive: ZipFile, part: str, tag: str, name: str | None) -> Iterator[dict[str, str]]:
    with archive.open(part) as content:
        for _, element in iterparse(content):  # noqa: S314 - a person's own file, whose names alone are read
            if element.tag.rpartition("}")[2] == tag and name in (None, element.get("name")):
                yield dict(element.attrib)


def _errors(archive: ZipFile, part: str) -> Iterator[tuple[int, str]]:
    kept = b""
    with archive.open(part) as content:
        while chunk := content.read(_CHUNK_OCTETS):
            octets = kept + chunk
            cut = octets.rfind(b"<", max(0, len(octets) - _LONGEST_TAG))
            # What follows the last opening bracket may be half a tag: it waits for the next chunk.
            kept, octets = (octets[cut:], octets[:cut]) if cut >= 0 else (b"", octets)
            yield from _errors_in(octets)
    yield from _errors_in(kept)


def _errors_in(octets: bytes) -> Iterator[tuple[int, str]]:
    for cell in _CELL.finditer(octets):
        place = _PLACE.search(cell[0])
        if place is not None and _IS_ERROR.search(cell[0]):
            yield int(place[2]), place[1].decode()
