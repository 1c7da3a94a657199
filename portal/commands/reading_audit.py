"""Reading the audit as a named user: `portal audit statistics`, `export`, `search`, `show`: duties hold, on record."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from portal.acting import Acting, act
from portal.administration.acts import Person
from portal.app import Portal
from portal.audit.exporting import EvidenceExport, Exported
from portal.audit.reach_search import RecordPage
from portal.audit.readers import providers_of
from portal.audit.reading_desk import ProvedRecord, Reader, stated_export
from portal.audit.searching import Search, parse_receipt
from portal.audit.signing import SigningKeys
from portal.audit.statistics import MAX_GROUPS, Count, Grouping, StatisticsQuestion
from portal.commands.auditing import log_url
from portal.commands.options import EvidenceOptions, SearchOptions, ShowOptions, StatisticsOptions
from portal.commands.parsing import parse_choice, parse_moment, parse_whole
from portal.commands.searching import no_record, parse_search, say_proved
from portal.commands.searching import search as search_all
from portal.commands.searching import show as show_all
from portal.commands.terminal import ExitCode, Session
from portal.errors import Language, Text
from portal.json_text import JsonValue


def print_statistics(session: Session, options: StatisticsOptions) -> ExitCode:
    """Print how entries were used, a line each."""
    question = StatisticsQuestion(
        by=parse_choice("WHAT", options.grouping, Grouping),
        since=parse_moment("--since", options.since) if options.since else None,
        until=parse_moment("--until", options.until) if options.until else None,
        entry=options.entry or None,
        department=options.department or None,
        limit=parse_whole("--limit", options.limit, 1, MAX_GROUPS),
    )
    settings = session.settings()
    log_url(settings)

    async def count(portal: Portal, person: Person) -> list[Count]:
        return await portal.endpoint.office.audit.statistics(await reader_of(portal, person), question)

    counts = asyncio.run(act(settings, Acting(options.by, options.code), count))
    if options.json:
        rows = [{**asdict(count), "permitted": count.permitted} for count in counts]
        session.terminal.write_json(json.dumps(rows, ensure_ascii=False).encode())
    else:
        session.terminal.write(_table(counts, session.language))
    return ExitCode.DONE


async def reader_of(portal: Portal, person: Person) -> Reader:
    """Return the person as a reader of the audit, under the catalog in force."""
    point = await portal.road.keeper.current()
    providers = providers_of(state.entry for state in point.snapshot.content.entries)
    return Reader(person.actor, providers, request_id=person.asker.request_id)


def _table(counts: Sequence[Count], language: Language) -> str:
    heading = Text(en="uses permitted denied rows", zh="次数 准予 拒绝 行数").render(language).split()
    rows = [(str(one.uses), str(one.permitted), str(one.denied), str(one.rows), one.key or "-") for one in counts]
    return "\n".join("\t".join(row) for row in [tuple(heading), *rows])


def export_evidence(session: Session, options: EvidenceOptions) -> ExitCode:
    """Write an evidence folder."""
    search = Search(
        subject=options.subject or None,
        department=options.department or None,
        entry=options.entry or None,
        since=parse_moment("--since", options.since) if options.since else None,
        until=parse_moment("--until", options.until) if options.until else None,
    )
    settings = session.settings()
    log_url(settings)
    exported = asyncio.run(act(settings, Acting(options.by, options.code), partial(_export, options.folder, search)))
    session.terminal.say(
        Text(
            en=f"{exported.records} records and {exported.checkpoints} checkpoints written; check them with "
            f"`portal-verify evidence {options.folder} --key PEM`, the keys printed by `portal audit key`",
            zh=f"已导出 {exported.records} 条记录和 {exported.checkpoints} 个检查点；"
            "请以 `portal audit key` 输出的公钥运行 "
            f"`portal-verify evidence {options.folder} --key PEM` 验证",
        )
    )
    if exported.uncovered:
        session.terminal.complain(
            Text(
                en=f"{exported.uncovered} records were left out, because no checkpoint covers them yet; export again",
                zh=f"{exported.uncovered} 条记录尚未被检查点覆盖，未导出；请稍后重新导出",
            )
        )
    return ExitCode.DONE


async def _export(folder: Path, search: Search, portal: Portal, person: Person) -> Exported:
    reader = await reader_of(portal, person)
    export = EvidenceExport(folder, SigningKeys(portal.road.keys.audit_keys), search)
    await portal.endpoint.office.audit.export(reader, search, export.write)
    # INVARIANT: only now, when the reading is on record, does it become evidence.
    asked: dict[str, JsonValue] = {**stated_export(search), "by": reader.actor.subject.name}
    return export.seal(asked, portal.road.now())


def search(session: Session, options: SearchOptions) -> ExitCode:
    """Print records, newest first; where a user is named, what they may read."""
    if not options.by:
        return search_all(session, options)
    wanted, settings = parse_search(options), session.settings()
    log_url(settings)

    async def read(portal: Portal, person: Person) -> RecordPage:
        return await portal.endpoint.office.audit.page(await reader_of(portal, person), wanted)

    for shown in asyncio.run(act(settings, Acting(options.by, options.code), read)).records:
        session.terminal.write(json.dumps(shown.members, ensure_ascii=False, separators=(",", ":")))
    return ExitCode.DONE


def show(session: Session, options: ShowOptions) -> ExitCode:
    """Print one record and its proof; where a user is named, what they may read of it."""
    if not options.by:
        return show_all(session, options)
    place, settings = parse_receipt(options.receipt), session.settings()
    log_url(settings)

    async def read(portal: Portal, person: Person) -> ProvedRecord | None:
        return await portal.endpoint.office.audit.record(await reader_of(portal, person), place)

    proved = asyncio.run(act(settings, Acting(options.by, options.code), read))
    if proved is None:
        raise no_record(place)
    text = json.dumps(proved.shown.members, ensure_ascii=False, separators=(",", ":"))
    return say_proved(session.terminal, text, proved.state, proved.checkpoint)
