"""catalog/IDENTIFIER.json: the catalog of a bundle, each entry by itself and all among each other."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from portal.bundles.json_files import parse_json_file
from portal.catalog.codes import is_social_credit_code
from portal.catalog.consistency import FiledEntry, validate_catalog
from portal.catalog.entries import CatalogEntry
from portal.catalog.members import shorten
from portal.catalog.reading import parse_entry
from portal.errors import Fault, Text
from portal.vocabulary import DepartmentCode, EntryCode

_CODE = re.compile(rb'"code"\s*:\s*"([0-9A-Za-z/]+)"')
"""The code in a file that is no JSON; UTF-16 without its NUL octets too."""


@dataclass(frozen=True, slots=True)
class CatalogReading:
    """The entries of a bundle; one with faults stands in for itself.

    `entry_by_name` finds an entry by its identifier or by its file's name, which should be the same. `absent` are the
    names of the files that could not be read at all. `doubtful` are codes of entries whose code or provider is in
    doubt. What refers to either isn't at fault for that.
    """

    entries: Mapping[EntryCode, CatalogEntry]
    entry_by_name: Mapping[str, CatalogEntry]
    absent: frozenset[str]
    doubtful: frozenset[EntryCode]


def read_catalog(
    contents: Mapping[str, bytes], departments: Collection[DepartmentCode]
) -> tuple[CatalogReading, list[Fault]]:
    """Return the catalog that the files in catalog/ write, and every fault in it.

    `contents` are by path, `departments` those that are registered.
    """
    filed: list[FiledEntry] = []
    faults: list[Fault] = []
    for file, content in contents.items():
        document, found = parse_json_file(content, file)
        if not found:
            entry, found = parse_entry(document, file)
            filed += [FiledEntry(file, entry)] if entry else []
        faults += found
    for each in filed:
        faults += _validate_name(each) + _validate_provider(each, departments)
    by_file_name = {PurePosixPath(each.file).stem: each.entry for each in filed}
    absent = frozenset(PurePosixPath(file).stem for file in contents) - by_file_name.keys()
    faults += validate_catalog(filed, absent | by_file_name.keys())
    entries = [each.entry for each in filed]
    catalog = CatalogReading(
        entries={entry.code: entry for entry in sorted(entries, key=lambda entry: entry.code)},
        entry_by_name={entry.identifier: entry for entry in entries} | by_file_name,
        absent=absent,
        doubtful=_doubtful(contents, filed, faults),
    )
    return catalog, faults


def _doubtful(
    contents: Mapping[str, bytes], filed: Sequence[FiledEntry], faults: Sequence[Fault]
) -> frozenset[EntryCode]:
    doubted = {fault.file for fault in faults if fault.column in ("code", "provider")}
    read = {each.file for each in filed}
    written = (_CODE.search(content.replace(b"\0", b"")) for file, content in contents.items() if file not in read)
    return frozenset(
        [each.entry.code for each in filed if each.file in doubted]
        + [EntryCode(found[1].decode()) for found in written if found]
    )


def _validate_name(filed: FiledEntry) -> list[Fault]:
    name, identifier = PurePosixPath(filed.file).stem, filed.entry.identifier
    if identifier in ("", name):
        return []
    return [
        Fault(
            filed.file,
            None,
            "identifier",
            Text(
                en=f"the identifier `{shorten(identifier)}` isn't the file's name",
                zh=f"标识符 `{shorten(identifier)}` 与文件名不一致",
            ),
            Text(en=f"write `{name}`, or rename the file", zh=f"请改为 `{name}`，或重命名文件"),
        )
    ]


def _validate_provider(filed: FiledEntry, departments: Collection[DepartmentCode]) -> list[Fault]:
    provider = filed.entry.provider
    # A code that is none is a fault of the entry by itself already.
    if provider in departments or not is_social_credit_code(provider):
        return []
    return [
        Fault(
            filed.file,
            None,
            "provider",
            Text(en=f"the department `{provider}` isn't registered", zh=f"部门 `{provider}` 未登记"),
            Text(
                en="register it in departments.csv, or correct the code", zh="请在 departments.csv 中登记，或更正代码"
            ),
        )
    ]
