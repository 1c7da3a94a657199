"""Evidence as one file, for who exports it from a page: the folder of `portal audit export`, zipped, and bounded."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Connection, func, select

from portal.audit.exporting import EvidenceExport, Exported
from portal.audit.reading_desk import Reader, ReadingDesk, stated_export
from portal.audit.searching import Search, search_tests
from portal.errors import Text, TooComplex
from portal.json_text import JsonValue
from portal.storage.audit_tables import audit_records

MAX_RECORDS = 2000
"""Records of a packed export: some megabytes; the command line has no such bound."""
MAX_OCTETS = 64 * 1024 * 1024
"""Octets of its files before they are packed: each record brings up to a thousand hashes along."""


@dataclass(frozen=True, slots=True)
class PackedEvidence:
    """A zip file that `portal-verify evidence` checks when it is unpacked, and what is in it."""

    name: str
    content: bytes
    exported: Exported


async def pack_evidence(desk: ReadingDesk, reader: Reader, search: Search) -> PackedEvidence:
    """Return the records of a search as evidence.

    Raises: Forbidden, TooComplex for more than `MAX_RECORDS` or what takes too long, AuditUnavailable.
    """
    with _folder() as folder:
        export = EvidenceExport(folder, desk.keys(), search)

        def write(connection: Connection) -> int:
            _check_size(connection, search)
            count = export.write(connection)
            check_octets(sum(path.stat().st_size for path in folder.iterdir()))
            return count

        await desk.export(reader, search, write, is_bounded=True)
        # INVARIANT: only now, when the reading is on record, does it become evidence.
        now = desk.now()
        asked: dict[str, JsonValue] = {**stated_export(search), "by": reader.actor.subject.name}
        exported = await asyncio.to_thread(export.seal, asked, now)
        name = f"evidence-{now:%Y%m%dT%H%M%SZ}"
        return PackedEvidence(f"{name}.zip", await asyncio.to_thread(_packed, folder, name), exported)


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="portal-evidence-") as folder:
        yield Path(folder) / "evidence"


def _check_size(connection: Connection, search: Search) -> None:
    found = select(audit_records.c.sequence).where(*search_tests(search)).limit(MAX_RECORDS + 1)
    count = connection.scalar(select(func.count()).select_from(found.subquery())) or 0
    if count > MAX_RECORDS:
        raise _too_much(f"more than {MAX_RECORDS} records", f"超过 {MAX_RECORDS} 条记录")


def check_octets(octets: int) -> None:
    """Raise TooComplex for files of more than `MAX_OCTETS`."""
    if octets > MAX_OCTETS:
        raise _too_much(f"evidence of {octets} octets", f"证据达 {octets} 字节")


def _too_much(en: str, zh: str) -> TooComplex:
    return TooComplex(
        Text(
            en=f"{en}; name a shorter time, or run `portal audit export`",
            zh=f"{zh}；请缩短时段，或运行 `portal audit export`",
        )
    )


def _packed(folder: Path, name: str) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as file:
        for path in sorted(folder.iterdir()):
            file.write(path, f"{name}/{path.name}")
    return content.getvalue()
