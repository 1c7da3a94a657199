"""Moving a portal to other databases: copied whole, read back and compared, and only then a portal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import copyfile

from sqlalchemy import Connection, Engine

from portal.archives.copied import CopiedTable, Position, RunningSum, Standing, TableSum
from portal.archives.reading import OpenCopy, open_copy, read_position, read_texts
from portal.archives.steps import CopyStep, Progress, no_progress
from portal.archives.writing import check_sums, open_target, release, write_table
from portal.audit.witness import copy_witness_aside
from portal.bundles.store import PortalStore
from portal.errors import ConfigurationError, Text
from portal.identity.keys import PortalKeys
from portal.storage.content import read_content
from portal.storage.database import for_writing, hold_still, open_sync_database
from portal_verify.log import verify_log


@dataclass(frozen=True, slots=True)
class Place:
    """Where a portal lies: its two databases, and the file that keeps its last checkpoint outside of them."""

    database_url: str
    data_url: str
    witness: Path


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved; `kept_witness` is where that of an earlier log in the new place was put."""

    standing: Standing
    sums: tuple[TableSum, ...]
    kept_witness: Path | None


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """From where to where, with the portal's keys."""

    source: Place
    target: Place
    keys: PortalKeys
    now: datetime


def move(order: MoveOrder, progress: Progress = no_progress) -> Moved:
    """Copy the portal; its servers must be stopped, and what they record meanwhile makes the move fail.

    Raises: ConfigurationError where the target holds something, the source went on, or the copy isn't the same.
    """
    source, target, secret = order.source, order.target, order.keys.digest_secret
    _check_apart(source, target)
    from_store = PortalStore(source.database_url, source.data_url, secret)
    to_store = PortalStore(target.database_url, target.data_url, secret)
    with open_copy(from_store, order.now) as copy, open_target(to_store, copy.standing) as databases:
        sums = []
        for table in copy.standing.tables:
            running = RunningSum()
            texts = _summed(copy, table, running)
            write_table(databases, table, texts, lambda rows: progress(CopyStep.WRITING, rows))
            sums.append(running.result())
        progress(CopyStep.WRITTEN, 0)
        check_sums(databases, copy.standing.tables, sums)
        _check_log(copy, order)
        progress(CopyStep.VERIFIED, 0)

        def sign(connection: Connection) -> None:
            read_content(connection, secret)
            progress(CopyStep.RELEASING, 0)

        with _standing_still(source, copy.standing.position):
            kept = _take_witness_along(order)
            release(to_store, databases, copy.standing, sign)
        progress(CopyStep.RELEASED, 0)
    return Moved(copy.standing, tuple(sums), kept)


def _check_apart(source: Place, target: Place) -> None:
    if {source.database_url, source.data_url} & {target.database_url, target.data_url}:
        raise ConfigurationError(
            Text(en="the portal lies there already; name two other databases", zh="门户已在该处；请指定另外两个数据库")
        )


def _summed(copy: OpenCopy, table: CopiedTable, running: RunningSum) -> Iterator[tuple[int, bytes]]:
    for rows, text in read_texts(copy.connection(table), table):
        running.add(rows, text)
        yield rows, text


def _check_log(copy: OpenCopy, order: MoveOrder) -> None:
    """Verify the log in its new place, and that it holds what was witnessed in the old one."""
    _check_still(copy.content.engine, copy.standing.position)
    # In quarantine the log is known not to agree, and stays so.
    witnesses = () if copy.stored.quarantine else (order.source.witness,)
    result = verify_log(order.target.database_url, order.keys.audit_public_pem(), witnesses)
    if result.fault is not None:
        raise ConfigurationError(
            Text(
                en=f"the audit log has a fault ({result.fault.place}: {result.fault.kind}), so it wasn't moved; see "
                "`portal audit verify`",
                zh=f"审计日志有问题（{result.fault.place}：{result.fault.kind}），未迁移；请运行 `portal audit verify`",
            )
        )


def _check_still(engine: Engine, position: Position) -> None:
    with engine.connect() as connection:
        _compare_position(connection, position)


def _compare_position(connection: Connection, position: Position) -> None:
    if read_position(connection) != position:
        raise ConfigurationError(
            Text(
                en="the portal went on while it was moved: something was recorded or loaded; stop its servers and move "
                "it again",
                zh="迁移期间门户仍有记录或装载；请停止其服务后重新迁移",
            )
        )


@contextmanager
def _standing_still(source: Place, position: Position) -> Iterator[None]:
    """Let the source change no more while the new place is released. Raises: ConfigurationError if it went on."""
    engine = open_sync_database(source.database_url)
    try:
        with for_writing(engine).begin() as connection:
            hold_still(connection)
            _compare_position(connection, position)
            yield
    finally:
        engine.dispose()


def _take_witness_along(order: MoveOrder) -> Path | None:
    """Let the new place begin with the old one's witness; return where that of an earlier log there is kept."""
    source, target = order.source.witness, order.target.witness
    if not source.exists():
        return None
    is_other = target.exists() and target.read_bytes() != source.read_bytes()
    kept = copy_witness_aside(target, order.now) if is_other else None
    draft = Path(copyfile(source, target.with_name(f"{target.name}.moving")))
    draft.replace(target)
    return kept
