"""Loading a bundle: all of it or nothing, and only what differs from what the portal has.

Rows are written into new tables of the data store and are durable there before one transaction of the portal's database
switches everything: pointers, registers, catalog, policies, epoch, digest. A load that dies leaves tables that nothing
names; the next one drops them. Any change raises the epoch, rows too: running servers find their new tables by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine

from portal.bundles.bundle import Bundle
from portal.bundles.datasets import DatasetPlan, RowMatching, match_rows, write_dataset
from portal.bundles.differences import describe_change, summarise_change
from portal.bundles.planning import LoadPlan, Present, plan_load
from portal.bundles.store import Databases, PortalStore
from portal.conditions.values import render_instant
from portal.errors import ConfigurationError, Text
from portal.storage.content import (
    NothingLoaded,
    PortalIdentity,
    StoredContent,
    key_fingerprint,
    read_content,
    read_epoch_value,
)
from portal.storage.content_changes import ChangeNote, ContentChange, WantedContent, compare_content, store_change
from portal.storage.data_store import dataset_tables, drop_datasets, read_owner, store_owner
from portal.storage.database import empty_journal, for_writing, hold_writer_lock, open_sync_database
from portal.storage.dataset_tables import held_tables, next_table_number, unneeded_tables
from portal.vocabulary import EntryCode

READER_GRACE = timedelta(seconds=60)
"""So long a table stays after its entry has another one: requests that began before still read it."""


class LoadStep(StrEnum):
    """What a load is doing."""

    PLANNING = "planning"
    WRITING_ROWS = "writing_rows"
    ROWS_WRITTEN = "rows_written"
    SWITCHING = "switching"
    SWITCHED = "switched"


Progress = Callable[[LoadStep, int, int], None]
"""Is told the step, the rows written so far, and the rows in all."""


def no_progress(_step: LoadStep, _done: int, _total: int) -> None:
    """Tell no one."""


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """How to load. `derive` counts for an empty portal only; `by` and `reason` go into the record of changes.

    `wait_seconds` is how long to wait for another load to end.
    """

    now: datetime
    derive: bool = True
    by: str = ""
    reason: str = ""
    wait_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """The epoch after the load, whether it changed anything, and what to tell.

    `waiting` is the change set that waits for a second person; nothing is in force then. `matchings` are of those
    entries whose rows were written.
    """

    epoch: int
    changed: bool
    lines: tuple[Text, ...]
    waiting: int | None = None
    matchings: Mapping[EntryCode, RowMatching] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a load: the epoch that holds then, and the change set that waits where it isn't in force."""

    epoch: int
    waiting: int | None = None


Settle = Callable[[Connection, ContentChange, ChangeNote, bytes], Settled]
"""Writes a change in the connection's transaction; the last argument is the secret that signs the content."""


Plan = Callable[[Present, Databases], LoadPlan]
"""Says what is to be done with what is there; it may read the rows, and nothing changes under it meanwhile."""


def switch_at_once(connection: Connection, change: ContentChange, note: ChangeNote, secret: bytes) -> Settled:
    """Bring the load into force."""
    return Settled(store_change(connection, change, note, secret))


def has_content(database_url: str) -> bool:
    """Return whether anything was ever loaded into the portal."""
    engine = open_sync_database(database_url)
    try:
        with engine.connect() as connection:
            return read_epoch_value(connection) > 0
    finally:
        engine.dispose()


def load_bundle(
    bundle: Bundle,
    store: PortalStore,
    order: LoadOrder,
    progress: Progress = no_progress,
    settle: Settle = switch_at_once,
) -> LoadOutcome:
    """Make the portal's content the bundle's. A second load of the same bundle changes nothing.

    `settle` brings it into force once its rows are written, or lets it wait.
    Raises: ConfigurationError if another load is running; PolicyUnavailable if the present content can't be trusted.
    """

    def plan(present: Present, _databases: Databases) -> LoadPlan:
        return plan_load(bundle, present, derive=order.derive)

    return carry_out(plan, store, order, progress, settle)


def carry_out(
    plan_change: Plan, store: PortalStore, order: LoadOrder, progress: Progress, settle: Settle
) -> LoadOutcome:
    """Write the rows that a plan says, then bring it into force by `settle`, in one transaction; or change nothing.

    Raises: as `load_bundle`, and what planning raises.
    """
    with hold_writer_lock(store.database_url, order.wait_seconds), store.open() as databases:
        progress(LoadStep.PLANNING, 0, 0)
        present = read_present(databases, store.digest_secret)
        _check_owner(databases.rows, present)
        _drop_unneeded_tables(databases, present.tables, order.now)
        plan = plan_change(present, databases)
        change = plan.change
        if not (change.is_change or change.adopts):
            return LoadOutcome(change.present.epoch if change.present else 0, False, summarise_change(change, {}))
        matchings = _write_datasets(plan.datasets, databases.rows, progress)
        note = ChangeNote(render_instant(order.now), order.by, order.reason)
        with for_writing(databases.content).begin() as connection:
            _check_written(databases.rows, plan.datasets)
            settled = settle(connection, change, note, store.digest_secret)
            progress(LoadStep.SWITCHING, 0, 0)
        progress(LoadStep.SWITCHED, 0, 0)
        _claim(databases.rows, change.wanted.identity.portal_id)
        lines = summarise_change(change, matchings)
        return LoadOutcome(settled.epoch, change.is_change, lines, settled.waiting, matchings)


def change_identity(store: PortalStore, change: Callable[[PortalIdentity], PortalIdentity], now: datetime) -> int:
    """Change what the portal's content says of the portal itself, nothing else, and return the epoch from then on.

    Raises: ConfigurationError if a load is running; PolicyUnavailable if the content can't be trusted, or is none.
    """
    with hold_writer_lock(store.database_url), store.open() as databases:
        with databases.content.connect() as connection:
            present = read_content(connection, store.digest_secret)
        rows = {name: {key: active.row for key, active in of.items()} for name, of in present.rows.items()}
        wanted = compare_content(present, WantedContent(change(present.identity), rows))
        note = ChangeNote(render_instant(now), "", "keys rotated")
        with for_writing(databases.content).begin() as connection:
            return store_change(connection, wanted, note, store.digest_secret)


def compare_bundle(bundle: Bundle, store: PortalStore, order: LoadOrder) -> tuple[Text, ...]:
    """Return a line for each thing that loading the bundle would change; nothing is written."""
    with store.open() as databases:
        plan = plan_load(bundle, read_present(databases, store.digest_secret), derive=order.derive)
        with databases.rows.connect() as connection:
            matchings = {writing.dataset.entry: match_rows(connection, writing) for writing in plan.datasets.writings}
        return describe_change(plan.change, matchings)


def read_present(databases: Databases, secret: bytes) -> Present:
    """Return what is there before a change. Raises: PolicyUnavailable if it can't be trusted."""
    with databases.rows.connect() as connection:
        tables = dataset_tables(connection)
    with databases.content.connect() as connection:
        content = _read_content(connection, secret)
        return Present(content, key_fingerprint(secret), tables, next_table_number(connection, tables))


def _read_content(connection: Connection, secret: bytes) -> StoredContent | None:
    try:
        return read_content(connection, secret)
    except NothingLoaded:
        return None


def _check_owner(rows: Engine, present: Present) -> None:
    """Refuse a store with another portal's rows: to this portal they would be tables that nothing names.

    A portal claims its store after its first load, so that what a first load leaves when it dies is nobody's.
    """
    with rows.connect() as connection:
        owner = read_owner(connection)
    if present.tables and owner not in (None, present.content and present.content.identity.portal_id):
        raise ConfigurationError(
            Text(
                en="the data store holds the rows of another portal; name another one in `PORTAL_DATA_URL`",
                zh="该数据存储中是另一门户的数据行；请在 `PORTAL_DATA_URL` 中指定其他数据存储",
            )
        )
    if present.content is not None:
        _claim(rows, present.content.identity.portal_id)


def _claim(rows: Engine, portal_id: str) -> None:
    with for_writing(rows).begin() as connection:
        if read_owner(connection) != portal_id:
            store_owner(connection, portal_id)


def _drop_unneeded_tables(databases: Databases, tables: frozenset[str], now: datetime) -> None:
    with databases.content.connect() as connection:
        unneeded = unneeded_tables(connection, tables, render_instant(now - READER_GRACE)) - held_tables(connection)
    if unneeded:
        with for_writing(databases.rows).begin() as connection:
            drop_datasets(connection, unneeded)
        empty_journal(databases.rows)


def _write_datasets(plan: DatasetPlan, engine: Engine, progress: Progress) -> Mapping[EntryCode, RowMatching]:
    total = sum(writing.dataset.row_count for writing in plan.writings)
    done = 0
    matchings = {}
    for writing in plan.writings:
        matchings[writing.dataset.entry] = write_dataset(engine, writing, _counting(progress, done, total))
        done += writing.dataset.row_count
    progress(LoadStep.ROWS_WRITTEN, total, total)
    return matchings


def _check_written(rows: Engine, plan: DatasetPlan) -> None:
    """Refuse to name tables that are gone: who lost the load's lock, as its session ended, may lose them to another."""
    with rows.connect() as connection:
        missing = {writing.name for writing in plan.writings} - dataset_tables(connection)
    if missing:
        raise ConfigurationError(
            Text(
                en="rows that this load wrote were removed by another one; nothing was changed: load again",
                zh="本次装载写入的数据行已被另一次装载移除；未作任何更改，请重新装载",
            )
        )


def _counting(progress: Progress, done_before: int, total: int) -> Callable[[int], None]:
    return lambda written: progress(LoadStep.WRITING_ROWS, done_before + written, total)
