"""`portal data replace` and `portal data append`."""

import asyncio

from portal.acting import Acting, act
from portal.administration.acts import Person
from portal.administration.rows import RowDesk
from portal.app import Portal
from portal.bundles.data_in import DataAct, DataOrder, DataOutcome, FaultyRows
from portal.bundles.record_sources import DataFormat
from portal.commands.loading import existing_store, shown_progress, witness_epoch
from portal.commands.office_options import DataOptions
from portal.commands.parsing import parse_choice
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import Text


def replace_rows(session: Session, options: DataOptions) -> ExitCode:
    """Make the file's rows all rows of the entry."""
    return _bring_in(session, options, DataAct.REPLACE)


def append_rows(session: Session, options: DataOptions) -> ExitCode:
    """Put the file's rows behind those of the entry."""
    return _bring_in(session, options, DataAct.APPEND)


def _bring_in(session: Session, options: DataOptions, data_act: DataAct) -> ExitCode:
    settings, terminal = session.settings(), session.terminal
    order = DataOrder(data_act, options.identifier, options.file, _format_of(options))

    async def run(portal: Portal, person: Person) -> DataOutcome:
        desk = RowDesk(
            existing_store(settings), portal.road.keeper, portal.road.recorder, portal.endpoint.office.freezes.duties
        )
        with shown_progress(terminal) as progress:
            if options.dry_run:
                return await desk.look_at(person, order, progress)
            return await desk.bring_in(person, order, options.reason, progress)

    try:
        outcome = asyncio.run(act(settings, Acting(options.by, options.code), run))
    except FaultyRows as refused:
        for fault in refused.faults:
            terminal.complain_of(fault)
        terminal.complain(refused.text)
        return ExitCode.BAD_INPUT
    if not options.dry_run:
        witness_epoch(settings)
    _say(terminal, options, outcome)
    return ExitCode.DONE


def _format_of(options: DataOptions) -> DataFormat:
    """Return what the file is written as. Raises: BadInput for what isn't known."""
    if options.format:
        return parse_choice("--format", options.format, DataFormat)
    return DataFormat.PARQUET if options.file.suffix.lower() == ".parquet" else DataFormat.CSV


def _say(terminal: Terminal, options: DataOptions, outcome: DataOutcome) -> None:
    counts, zh = (
        f"{outcome.added} added, {outcome.removed} removed, {outcome.changed} changed",
        f"新增 {outcome.added}，删除 {outcome.removed}，变更 {outcome.changed}",
    )
    terminal.say(
        Text(
            en=f"`{options.identifier}`: {outcome.before} rows before, {outcome.after} after; {counts}",
            zh=f"`{options.identifier}`：原有 {outcome.before} 行，现有 {outcome.after} 行；{zh}",
        )
    )
    if options.dry_run:
        terminal.say(Text(en="nothing was written: it was a trial", zh="仅为试运行，未写入任何内容"))
