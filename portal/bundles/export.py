"""Writing a portal's content back as a bundle, byte for byte the same for the same content (bundle.md)."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

from sqlalchemy import Connection

from portal.bundles.csv_files import render_csv_line
from portal.bundles.datasets import parse_layout
from portal.bundles.store import PortalStore
from portal.catalog.entries import CatalogEntry
from portal.catalog.reading import render_entry
from portal.catalog.rows import is_removed, load_entry
from portal.conditions.values import render_cell
from portal.errors import ConfigurationError, Text
from portal.identity.registry import Registry
from portal.identity.rows import load_registry
from portal.json_text import JsonValue, parse_json, render_json
from portal.policies.records import PolicyKind
from portal.policies.rows import load_document
from portal.storage.content import ContentRow, StoredContent, read_content
from portal.storage.data_store import ColumnSpec, StoredValue, data_table, load_value, read_dataset
from portal.storage.database import hold_writer_lock
from portal.storage.tables import agreements, catalog_entries, datasets, key_files, policy_records

_DERIVED_AGAIN = (PolicyKind.PROVIDER, PolicyKind.AGREEMENT)
"""Kinds of records that every load makes of the catalog and the agreements; they aren't written in `policies/`."""


def export_bundle(folder: Path, store: PortalStore) -> tuple[Text, ...]:
    """Write the portal's content into a new or empty folder, whole or not at all, and return what was written.

    Raises: ConfigurationError for a folder that holds something, or can't be made.
    """
    _check_empty(folder)
    # No load goes on meanwhile: it could drop a table that is being read.
    with hold_writer_lock(store.lock_file), store.open() as databases, _new_folder(folder) as place:
        with databases.content.connect() as connection:
            content = read_content(connection, store.digest_secret)
        entries = _entries(content)
        _write_registers(place, content.identity.profile, content.identity.title, load_registry(content))
        _write_documents(place, content, entries)
        with databases.rows.connect() as connection:
            row_count = sum(_write_rows(place, entry, content, connection) for entry in entries)
        return (_describe(content, entries, row_count),)


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            Text(
                en=f"`{folder}` is there already and isn't an empty folder; name a new or an empty one",
                zh=f"`{folder}` 已存在且不是空目录；请指定新的或空的目录",
            )
        )


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder beside the wanted one that takes its name at the end: half a bundle could lack what denies."""
    place = folder.absolute().with_name(f".{folder.name}.{token_hex(8)}")
    try:
        place.mkdir(mode=0o700, parents=True)
        yield place
        place.replace(folder)
    except OSError as fault:
        raise ConfigurationError(
            Text(
                en=f"`{folder}` can't be written ({fault.strerror}); name a place that this account may write to",
                zh=f"无法写入 `{folder}`（{fault.strerror}）；请指定本账户可写的位置",
            )
        ) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _entries(content: StoredContent) -> list[CatalogEntry]:
    rows = content.active(catalog_entries)
    loaded = [load_entry(code, rows[code])[0] for code in sorted(rows) if not is_removed(rows[code])]
    return [entry for entry in loaded if entry is not None]


def _write_registers(place: Path, profile: str, title: str, registry: Registry) -> None:
    settings = f"profile = {_toml_text(profile)}\ntitle = {_toml_text(title)}\n"
    _write(place / "bundle.toml", settings.encode())
    _write_csv(
        place / "departments.csv",
        ("code", "name", "region", "groups"),
        ((it.code, it.name, it.region, _joined(it.groups)) for it in _in_order(registry.departments)),
    )
    _write_csv(place / "groups.csv", ("code", "name"), ((it.code, it.name) for it in _in_order(registry.groups)))
    _write_csv(
        place / "applications.csv",
        ("id", "name", "department", "matter", "auth_level", "network_zone", "public_key"),
        (
            (it.id, it.name, it.department, _joined(it.matters), _level(it.auth_level), it.network_zone, it.public_key)
            for it in _in_order(registry.applications)
        ),
    )
    _write_csv(
        place / "users.csv",
        ("id", "name", "department", "roles", "auth_level", "network_zone"),
        (
            (it.id, it.name, it.department, _joined(it.roles), _level(it.auth_level), it.network_zone)
            for it in _in_order(registry.users)
        ),
    )


_Registered = TypeVar("_Registered")


def _in_order(registered: Mapping[Any, _Registered]) -> Iterator[_Registered]:
    return (registered[key] for key in sorted(registered))


def _toml_text(text: str) -> str:
    # A TOML string is a JSON string, but for DEL, which it doesn't take as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


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


def _write_rows(place: Path, entry: CatalogEntry, content: StoredContent, connection: Connection) -> int:
    """Write the entry's rows, in their order, and return how many there are; no file where there are none."""
    dataset = content.active(datasets)[entry.code]
    if dataset.number("row_count") == 0:
        return 0
    columns = parse_layout(dataset.text("layout")).columns
    table = data_table(dataset.text("table_name"), columns)
    rows = (
        [_render(cell, column) for cell, column in zip(cells, columns, strict=True)]
        for _, *cells in read_dataset(connection, table)
    )
    _write_csv(place / "data" / f"{entry.identifier}.csv", [column.name for column in columns], rows)
    return dataset.number("row_count")


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
