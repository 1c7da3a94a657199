"""Writing a portal's content back as a bundle, byte for byte the same for the same content (bundle.md)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from portal.bundles.csv_files import render_csv_line
from portal.bundles.datasets import parse_layout
from portal.bundles.manifest import MANIFEST, render_manifest
from portal.bundles.registry_files import APPLICATIONS, COLUMNS, DEPARTMENTS, GROUPS, USERS
from portal.bundles.store import Databases, PortalStore
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import render_entry
from portal.catalog.rows import is_removed, load_entry
from portal.conditions.values import render_cell
from portal.errors import ConfigurationError, SourceUnavailable, Text
from portal.identity.registry import Registry
from portal.identity.rows import load_registry
from portal.json_text import JsonValue, parse_json, render_json
from portal.policies.records import PolicyKind
from portal.policies.rows import load_document
from portal.storage.content import ContentRow, StoredContent, read_content
from portal.storage.data_store import ColumnSpec, StoredValue, data_table, dataset_tables, load_value, read_dataset
from portal.storage.database import hold_writer_lock
from portal.storage.tables import agreements, catalog_entries, datasets, key_files, policy_records

_DERIVED_AGAIN = (PolicyKind.PROVIDER, PolicyKind.AGREEMENT)
"""Kinds of records that every load makes of the catalog and the agreements; they aren't written in `policies/`."""


def export_bundle(folder: Path, store: PortalStore) -> tuple[Text, ...]:
    """Write the portal's content into a new or empty folder, and return what was written.

    Raises: ConfigurationError for a folder that holds something, or can't be made.
    """
    try:
        # No load goes on meanwhile: it could drop a table that is being read.
        with hold_writer_lock(store.database_url), store.open() as databases:
            return (_export(folder, store, databases),)
    except OSError as fault:
        raise ConfigurationError(
            Text(
                en=f"`{folder}` can't be written ({fault.strerror}); name a new or an empty folder",
                zh=f"无法写入 `{folder}`（{fault.strerror}）；请指定新的或空的目录",
            )
        ) from None


def _export(folder: Path, store: PortalStore, databases: Databases) -> Text:
    with databases.content.connect() as connection:
        content = read_content(connection, store.digest_secret)
    _make_folder(folder)
    entries = _entries(content)
    _write_documents(folder, content, entries)
    places = content.active(datasets)
    with databases.rows.connect() as connection:
        _check_tables(entries, places, dataset_tables(connection))
        row_count = sum(_write_rows(folder, entry, places[entry.code], connection) for entry in entries)
    for name, rows in _registers(load_registry(content)).items():
        _write_csv(folder / name, COLUMNS[name], rows)
    # INVARIANT: last, since without it nothing loads the folder: half a bundle could lack the records that deny.
    _write(folder / MANIFEST, render_manifest(content.identity.profile, content.identity.title).encode())
    return _describe(content, entries, row_count)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ConfigurationError(
            Text(
                en=f"`{folder}` isn't an empty folder; name a new or an empty one",
                zh=f"`{folder}` 不是空目录；请指定新的或空的目录",
            )
        )


def _entries(content: StoredContent) -> list[CatalogEntry]:
    rows = content.active(catalog_entries)
    return [load_entry(code, rows[code]) for code in sorted(rows) if not is_removed(rows[code])]


def _registers(registry: Registry) -> Mapping[str, list[list[str | None]]]:
    """Return the rows of the four tables, their cells in the order of `COLUMNS`."""
    return {
        GROUPS: [[it.code, it.name] for it in _in_order(registry.groups)],
        DEPARTMENTS: [[it.code, it.name, it.region, _joined(it.groups)] for it in _in_order(registry.departments)],
        APPLICATIONS: [
            [it.id, it.name, it.department, _joined(it.matters), _level(it.auth_level), it.network_zone, it.public_key]
            for it in _in_order(registry.applications)
        ],
        USERS: [
            [it.id, it.name, it.department, _joined(it.roles), _level(it.auth_level), it.network_zone]
            for it in _in_order(registry.users)
        ],
    }


_Registered = TypeVar("_Registered")


def _in_order(registered: Mapping[Any, _Registered]) -> Iterator[_Registered]:
    return (registered[key] for key in sorted(registered))


def _joined(names: Sequence[str]) -> str | None:
    return ";".join(names) or None


def _level(level: int | None) -> str | None:
    return None if level is None else str(level)


def _write_documents(place: Path, content: StoredContent, entries: Iterable[CatalogEntry]) -> None:
    for path, row in sorted(content.active(key_files).items()):
        _write(place / "keys" / path, row.octets("content"))
    for entry in entries:
        _write_json(place / "catalog" / f"{entry.identifier}.json", render_entry(entry))
    for policy, row in _written_policies(content):
        _write_json(place / "policies" / f"{policy}.json", load_document(policy, row))
    for agreement, row in sorted(content.active(agreements).items()):
        _write_json(place / "agreements" / f"{agreement}.json", parse_json(row.text("document")))


def _written_policies(content: StoredContent) -> list[tuple[str, ContentRow]]:
    rows = sorted(content.active(policy_records).items())
    return [(policy, row) for policy, row in rows if row.text("kind") not in _DERIVED_AGAIN]


def _check_tables(entries: Iterable[CatalogEntry], places: Mapping[str, ContentRow], tables: frozenset[str]) -> None:
    for entry in entries:
        if places[entry.code].text("table_name") not in tables:
            raise SourceUnavailable(
                Text(
                    en=f"the rows of `{entry.identifier}` aren't in the data store; restore or reload it",
                    zh=f"数据存储中没有 `{entry.identifier}` 的数据行；请恢复数据存储，或重新装载数据包",
                )
            )


def _write_rows(place: Path, entry: CatalogEntry, dataset: ContentRow, connection: Connection) -> int:
    """Write the entry's rows, in their order, and return how many there are; no file where there are none."""
    columns = parse_layout(dataset.text("layout")).columns
    table = data_table(dataset.text("table_name"), columns)
    rows = (
        [_render(cell, column) for cell, column in zip(cells, columns, strict=True)]
        for _, *cells in read_dataset(connection, table)
    )
    row_count = dataset.number("row_count")
    if row_count:
        _write_csv(place / "data" / f"{entry.identifier}.csv", [column.name for column in columns], rows)
    return row_count


def _render(stored: StoredValue, column: ColumnSpec) -> str | None:
    value = load_value(stored, column)
    return None if value is None else render_cell(value, column.type, column.scale)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(render_csv_line(header))
        file.writelines(map(render_csv_line, rows))


def _write_json(path: Path, document: JsonValue) -> None:
    _write(path, (render_json(document, indent=2) + "\n").encode())


def _write(path: Path, octets: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)


def _describe(content: StoredContent, entries: Sequence[CatalogEntry], row_count: int) -> Text:
    policies, signed = len(_written_policies(content)), len(content.active(agreements))
    return Text(
        en=f"written: {len(entries)} catalog entries, {policies} policies, {signed} agreements, {row_count} rows",
        zh=f"已写出：目录条目 {len(entries)}，策略 {policies}，协议 {signed}，数据行 {row_count}",
    )
