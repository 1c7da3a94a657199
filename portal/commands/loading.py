"""`portal load` and `portal export`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from portal.administration.loads import settle_load
from portal.audit.sealing import witness_change
from portal.audit.signing import SigningKeys
from portal.audit.witness import retire_witness
from portal.bundles.bundle import Bundle
from portal.bundles.export import export_bundle
from portal.bundles.loading import LoadOrder, LoadStep, compare_bundle, has_content, load_bundle
from portal.bundles.loading import Progress as TellProgress
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.commands.options import ExportOptions, LoadOptions
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import BadInput, ConfigurationError, Text
from portal.identity.keys import generate_keys, load_keys, load_or_create_keys
from portal.settings import Settings
from portal.storage.database import database_exists, open_sync_database
from portal.storage.migrating import upgrade_database


def load(session: Session, options: LoadOptions) -> ExitCode:
    """Check the bundle; unless only asked to check or compare, make the portal's content the bundle's."""
    if options.check and options.diff:
        raise BadInput(
            Text(
                en="`--check` and `--diff` don't go together; write one of them",
                zh="`--check` 与 `--diff` 不能同时使用",
            )
        )
    settings, terminal, now = session.settings(), session.terminal, datetime.now(UTC)
    bundle = _read(options.folder, terminal, now)
    if bundle is None:
        return ExitCode.BAD_INPUT
    _check_profile(bundle, settings)
    if options.check:
        terminal.say(Text(en=f"`{options.folder}` has no faults", zh=f"`{options.folder}` 没有错误"))
        return ExitCode.DONE
    if settings.load_approval and not options.by.strip():
        raise BadInput(
            Text(
                en="a load waits for a second person here; say who loads, with `--by`",
                zh="本门户的装载须经第二人批准；请用 `--by` 注明装载人",
            )
        )
    order = LoadOrder(now, derive=not options.no_derive, by=options.by, reason=options.reason)
    if options.diff:
        _say_all(terminal, _compare(bundle, settings, order))
    else:
        store = _store_to_load(settings, terminal)
        with shown_progress(terminal) as progress:
            outcome = load_bundle(bundle, store, order, progress, partial(settle_load, waits=settings.load_approval))
        if outcome.changed and outcome.waiting is None:
            witness_epoch(settings)
        _say_all(terminal, outcome.lines)
        if outcome.waiting is not None:
            _say_waiting(terminal, outcome.waiting)
    return ExitCode.DONE


def _say_waiting(terminal: Terminal, number: int) -> None:
    terminal.say(
        Text(
            en=f"nothing is in force yet: change set {number} waits for another person's approval "
            f"(`portal change approve {number}`)",
            zh=f"尚未生效：变更单 {number} 等待另一人批准（`portal change approve {number}`）",
        )
    )


def _read(folder: Path, terminal: Terminal, now: datetime) -> Bundle | None:
    """Return the bundle, and print what a person should know; None where there are faults."""
    read = read_bundle(folder, now)
    _say_all(terminal, read.remarks)
    for fault in read.faults:
        terminal.complain_of(fault)
    return read.bundle


def _check_profile(bundle: Bundle, settings: Settings) -> None:
    if settings.profile is not None and settings.profile != bundle.profile:
        raise ConfigurationError(
            Text(
                en=f"the bundle's profile is `{bundle.profile}` and `PORTAL_PROFILE` says `{settings.profile}`; "
                "change one of them",
                zh=f"数据包的规章配置为 `{bundle.profile}`，而 `PORTAL_PROFILE` 为 `{settings.profile}`；请修改其一",
            )
        )


def _store_to_load(settings: Settings, terminal: Terminal) -> PortalStore:
    """Return the store, made where there is none. One that holds something keeps its keys: others would not fit."""
    upgrade_database(settings.owner_database_url)
    if has_content(settings.database_url):
        return existing_store(settings)
    keys = load_or_create_keys(settings.key_file)
    announce_new_log(settings, terminal)
    return PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret)


def witness_epoch(settings: Settings) -> None:
    """Let the witness name the epoch of the change, as far as there is a log."""
    engine = open_sync_database(settings.owner_database_url)
    try:
        keys = SigningKeys(load_keys(settings.key_file).audit_keys)
        witness_change(engine, keys, settings.witness_file, datetime.now(UTC))
    finally:
        engine.dispose()


def announce_new_log(settings: Settings, terminal: Terminal) -> None:
    """Say so where a portal that is filled for the first time takes the place of one with an audit log."""
    kept = retire_witness(settings.witness_file, settings.database_url, datetime.now(UTC))
    if kept is not None:
        terminal.say(
            Text(
                en=f"a new audit log begins; the last checkpoint of the one before is kept in `{kept}`",
                zh=f"新的审计日志由此开始；此前日志的最后检查点保存在 `{kept}`",
            )
        )


def existing_store(settings: Settings) -> PortalStore:
    """Return the databases of a portal that is there, as their owner opens them."""
    keys = load_keys(settings.key_file)
    upgrade_database(settings.owner_database_url)
    return PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret)


def _compare(bundle: Bundle, settings: Settings, order: LoadOrder) -> tuple[Text, ...]:
    """Return what loading would change; where there is no portal yet, none is made."""
    if database_exists(settings.database_url):
        return compare_bundle(bundle, existing_store(settings), order)
    with TemporaryDirectory(prefix="portal-diff-") as folder:
        store = PortalStore(
            f"sqlite:///{folder}/portal.db", f"sqlite:///{folder}/data.db", generate_keys().digest_secret
        )
        upgrade_database(store.database_url)
        return compare_bundle(bundle, store, order)


def export(session: Session, options: ExportOptions) -> ExitCode:
    """Write the portal's content back as a bundle."""
    _say_all(session.terminal, export_bundle(options.folder, existing_store(session.settings())))
    return ExitCode.DONE


def _say_all(terminal: Terminal, texts: Iterable[Text]) -> None:
    for text in texts:
        terminal.say(text)


_LOADING = Text(en="loading", zh="正在装载")


@contextmanager
def shown_progress(terminal: Terminal, doing: Text = _LOADING) -> Iterator[TellProgress]:
    """Show rows done as a bar, on a terminal alone."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=Console(file=terminal.err), transient=True, disable=not terminal.err.isatty()
    ) as bar:
        task = bar.add_task(doing.render(terminal.language), total=None)

        def tell(_step: LoadStep, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield tell
