"""The rows of one entry from a file of its own: in place of those that are there, or behind them.

It goes the way of a load: rows into a new table, then one transaction that switches. The file is checked while the
load's lock is held, so that what it was checked against is what it is put to. Nothing else of the content changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from portal.bundles.bundle import Dataset, RowBatch, RowMarks
from portal.bundles.data_files import FAULTS_LIMIT, CheckedFile, DataFile, check_rows
from portal.bundles.datasets import (
    DatasetPlan,
    DatasetWriting,
    PresentTable,
    RowMatching,
    dataset_row,
    match_rows,
    present_batches,
    present_table,
)
from portal.bundles.loading import LoadOrder, LoadStep, Progress, Settle, carry_out, read_present
from portal.bundles.planning import LoadPlan, Present
from portal.bundles.record_sources import DataFormat
from portal.bundles.row_digests import RowDigest
from portal.bundles.row_keys import key_column
from portal.bundles.store import Databases, PortalStore
from portal.catalog.entries import CatalogEntry
from portal.catalog.members import closest
from portal.catalog.rows import is_removed, load_entry
from portal.errors import BadInput, ConfigurationError, Fault, SourceUnavailable, Text
from portal.storage.content import ContentRow, NothingLoaded, StoredContent
from portal.storage.content_changes import ContentChange, WantedContent, compare_content
from portal.storage.data_store import TABLE_PREFIX, data_table, read_columns
from portal.storage.tables import catalog_entries, datasets
from portal.vocabulary import EntryCode


class DataAct(StrEnum):
    """What becomes of the rows that an entry has."""

    REPLACE = "replace"
    """They go; those with the key of a new one give it their place in the order."""
    APPEND = "append"
    """They stay as they are; the new ones come behind them."""


@dataclass(frozen=True, slots=True)
class DataOrder:
    """Whose rows come from which file, and what becomes of those that are there."""

    act: DataAct
    identifier: str
    path: Path
    format: DataFormat = DataFormat.CSV


@dataclass(frozen=True, slots=True)
class DataOutcome:
    """What was done, or would be: the entry, its rows before and after, and those that came, went or differ."""

    entry: EntryCode
    before: int
    after: int
    added: int
    removed: int
    changed: int
    digest: str
    epoch: int


class FaultyRows(BadInput):
    """A file that isn't sound; nothing was changed."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        super().__init__(Text(en=f"faults: {count}; nothing was changed", zh=f"错误 {count} 处；未作任何更改"))


@dataclass(frozen=True, slots=True)
class _Checked:
    """A sound file with the entry that it is for: the table it goes beside or behind, and what the entry has then."""

    entry: CatalogEntry
    present: PresentTable | None
    coming: Dataset
    wanted: Dataset
    appends: bool


def bring_in(order: DataOrder, store: PortalStore, load: LoadOrder, progress: Progress, settle: Settle) -> DataOutcome:
    """Replace the entry's rows by those of the file, or put these behind them; whole or not at all.

    Raises: FaultyRows; BadInput where there is no such entry; ConfigurationError if a load is running;
    SourceUnavailable where there is nothing to append to; PolicyUnavailable if the content can't be trusted.
    """
    found: list[_Checked] = []

    def plan(present: Present, databases: Databases) -> LoadPlan:
        with databases.rows.connect() as connection:
            checked = _check(order, present, connection, progress)
        found.append(checked)
        return _plan(checked, present)

    outcome = carry_out(plan, store, load, progress, settle)
    return _outcome(found[-1], outcome.matchings[found[-1].entry.code], outcome.epoch)


def compare(order: DataOrder, store: PortalStore, progress: Progress) -> DataOutcome:
    """Return what `bring_in` would do now; nothing is written. Raises: as `bring_in`."""
    with store.open() as databases:
        present = read_present(databases, store.digest_secret)
        with databases.rows.connect() as connection:
            checked = _check(order, present, connection, progress)
            (writing,) = _plan(checked, present).datasets.writings
            count = checked.coming.row_count
            matching = RowMatching([], count, 0, 0) if checked.appends else match_rows(connection, writing)
    return _outcome(checked, matching, _content(present).epoch)


def _outcome(checked: _Checked, matching: RowMatching, epoch: int) -> DataOutcome:
    return DataOutcome(
        entry=checked.entry.code,
        before=0 if checked.present is None else checked.present.row_count,
        after=checked.wanted.row_count,
        added=matching.added,
        removed=matching.removed,
        changed=matching.changed,
        digest=checked.wanted.digest,
        epoch=epoch,
    )


def _content(present: Present) -> StoredContent:
    if present.content is None:
        raise NothingLoaded
    return present.content


def _check(order: DataOrder, present: Present, connection: Connection, progress: Progress) -> _Checked:
    content = _content(present)
    entry = find_entry(content, order.identifier)
    row = content.active(datasets)[entry.code]
    table = present_table(row) if row.text("table_name") in present.tables else None
    appends = order.act is DataAct.APPEND
    if appends and table is None:
        raise _gone(entry)
    digest = RowDigest(entry.items, keeps_fingerprints=not appends)
    if appends and table is not None:
        for _, batch in present_batches(connection, table):
            digest.add(batch)
    source = DataFile(order.path.name, order.path, entry, order.format)
    file = _check_file(source, digest, progress)
    faults = file.faults
    if appends and table is not None and not faults:
        faults = _present_keys(connection, table, source, file)
    if faults:
        raise FaultyRows(faults)
    coming = digest.row_count - (table.row_count if appends and table is not None else 0)
    wanted = Dataset(entry.code, digest.row_count, digest.hexdigest(), file.batches, _marks(file, digest))
    return _Checked(entry, table, replace(wanted, row_count=coming), wanted, appends)


def _marks(file: CheckedFile, digest: RowDigest) -> RowMarks | None:
    """Return what the check kept of each row, if it did: then nothing has to be read once more to match rows."""
    keys = [*file.keys.line_by_key]
    if digest.fingerprints is None or len(keys) != digest.row_count:
        return None
    return RowMarks(keys, digest.fingerprints)


def find_entry(content: StoredContent, identifier: str) -> CatalogEntry:
    """Return the entry of that identifier. Raises: BadInput where the catalog has none."""
    code_by_name = {
        row.text("identifier"): code for code, row in content.active(catalog_entries).items() if not is_removed(row)
    }
    code = code_by_name.get(identifier)
    if code is None:
        near = closest(identifier, sorted(code_by_name))
        raise BadInput(
            Text(
                en=f"no catalog entry `{identifier}`; "
                + (f"did you mean `{near}`?" if near else "name one by its identifier"),
                zh=f"没有目录条目 `{identifier}`；" + (f"是否指 `{near}`？" if near else "请填写条目的标识符"),
            )
        )
    return load_entry(EntryCode(code), content.active(catalog_entries)[code])


def _gone(entry: CatalogEntry) -> SourceUnavailable:
    return SourceUnavailable(
        Text(
            en=f"the rows of `{entry.identifier}` aren't in the data store, so nothing can be put behind them; "
            "replace them, or restore the data store",
            zh=f"数据存储中没有 `{entry.identifier}` 的数据行，无法追加；请整体替换，或恢复数据存储",
        )
    )


def _check_file(source: DataFile, digest: RowDigest, progress: Progress) -> CheckedFile:
    done = 0

    def watch(batch: RowBatch, _octets: int) -> None:
        nonlocal done
        done += batch.row_count
        progress(LoadStep.PLANNING, done, 0)

    try:
        return check_rows(source, digest, watch)
    except OSError as refused:
        raise BadInput(
            Text(
                en=f"`{source.path}` can't be read ({refused.strerror}); name a {source.format.display_name} file",
                zh=f"无法读取 `{source.path}`（{refused.strerror}）；请指定 {source.format.display_name} 文件",
            )
        ) from None


def _present_keys(connection: Connection, table: PresentTable, source: DataFile, file: CheckedFile) -> list[Fault]:
    """Return a fault for each new row whose key one of the present rows has, in the order of the file."""
    entry, name = source.entry, source.file
    columns = tuple(table.layout.columns[position] for position in table.layout.positions(entry.key))
    line_by_key = file.keys.line_by_key
    taken: list[int] = []
    # The columns of the key alone, in its order.
    for _, *stored in read_columns(connection, data_table(table.name, columns)):
        keys = key_column(stored, range(len(columns)))
        taken += [line_by_key[key] for key in line_by_key.keys() & keys]
    what = Text(en="a row with this key is there already", zh="已有相同主键的数据行")
    mend = Text(
        en=f"remove the {source.format.unit}, or replace all rows by `portal data replace`",
        zh="请删除该行，或用 `portal data replace` 整体替换",
    )
    faults = [Fault(name, line, ",".join(entry.key), what, mend) for line in sorted(taken)[:FAULTS_LIMIT]]
    if len(taken) > FAULTS_LIMIT:
        more = len(taken) - FAULTS_LIMIT
        beyond = Text(en=f"{more} more faults aren't listed", zh=f"另有 {more} 处错误未列出")
        faults.append(Fault(name, None, "", beyond, mend))
    return faults


def _plan(checked: _Checked, present: Present) -> LoadPlan:
    content, code = _content(present), checked.entry.code
    name = f"{TABLE_PREFIX}{present.next_table}"
    layout = present_table(content.active(datasets)[code]).layout
    row = dataset_row(name, layout, checked.wanted)
    writing = DatasetWriting(name, layout, checked.coming, checked.present, checked.appends)
    return LoadPlan(rows_change(content, {code: row}), DatasetPlan({code: row}, (writing,)))


def rows_change(content: StoredContent, rows: Mapping[EntryCode, ContentRow]) -> ContentChange:
    """Return the change that lets these entries have other rows, and leaves all else as it is."""
    wanted = {table: {key: active.row for key, active in of.items()} for table, of in content.rows.items()}
    for code, row in rows.items():
        wanted[datasets.name][code] = row
    return compare_content(content, WantedContent(content.identity, wanted))


def follow_content(change: ContentChange, content: StoredContent) -> ContentChange:
    """Return the change of rows as one of the content that holds by now.

    Others may change policies while rows are written; the entry and its rows are to be those that were checked.
    Raises: ConfigurationError where they aren't.
    """
    codes = change.differences[datasets.name].changed
    before = change.present
    if before is None or any(
        content.rows[table.name].get(code) != before.rows[table.name].get(code)
        for table in (datasets, catalog_entries)
        for code in codes
    ):
        raise ConfigurationError(
            Text(
                en="the entry or its rows changed meanwhile; nothing was changed by this: run it again",
                zh="该条目或其数据行在此期间已改变；本次未作任何更改，请重新运行",
            )
        )
    return rows_change(content, {EntryCode(code): change.wanted.rows[datasets.name][code] for code in codes})
