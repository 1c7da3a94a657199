"""`portal audit tail`: the log as it is written, by a named auditor or the operator; that it is read is on record."""

import asyncio
from contextlib import closing
from time import sleep

from portal.acting import Acting, act
from portal.administration.acts import Person
from portal.app import Portal
from portal.audit.following import MAX_LINES, LogFollower
from portal.audit.receipts import Recorded
from portal.commands.auditing import in_short, log_url
from portal.commands.operating import record_reading
from portal.commands.options import TailOptions
from portal.commands.parsing import parse_whole
from portal.commands.reading_audit import reader_of
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.settings import Settings

POLL_SECONDS = 0.5
TARGET = "records as they come"
"""What the record of the reading says was read: the last ones, and all that came until it ended."""


def tail(session: Session, options: TailOptions) -> ExitCode:
    """Print the last records, then those that come, until asked to stop; its own reading isn't shown."""
    lines = parse_whole("--lines", options.lines, 0, MAX_LINES)
    settings = session.settings()
    try:
        with closing(LogFollower(log_url(settings), lines)) as follower:
            first = follower.first_records()
            # INVARIANT: the reading is on record before anything of it is shown.
            own = _recorded(session, settings, options, lines)
            _print(session.terminal, first)
            while True:
                _print(session.terminal, [text for text in follower.new_records() if not _is_at(text, own)])
                sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return ExitCode.DONE


def _recorded(session: Session, settings: Settings, options: TailOptions, lines: int) -> Recorded:
    """Return the record of the reading. Raises: Forbidden for whoever may not read all, AuditUnavailable."""
    if not options.by:
        return record_reading(session, settings, TARGET, {"lines": lines})

    async def follow(portal: Portal, person: Person) -> Recorded:
        return await portal.endpoint.office.audit.follow(await reader_of(portal, person), TARGET, lines)

    return asyncio.run(act(settings, Acting(options.by, options.code), follow))


def _is_at(text: str, recorded: Recorded) -> bool:
    # A record opens with its place.
    return text.startswith(f'{{"writer":{recorded.writer},"sequence":{recorded.sequence},')


def _print(terminal: Terminal, records: list[str]) -> None:
    for text in records:
        terminal.write(in_short(text) if terminal.out.isatty() else text)
    terminal.out.flush()
