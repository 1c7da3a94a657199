"""`portal audit affected`: whom to tell of a freeze; itself a reading of the audit, on record."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict

from portal.acting import Acting, act
from portal.administration.acts import Person
from portal.administration.freezing import is_known, parse_frozen
from portal.app import Portal
from portal.audit.affected import AffectedQuestion
from portal.audit.contacts import Notice, notices_of
from portal.commands.auditing import log_url
from portal.commands.options import AffectedOptions
from portal.commands.parsing import parse_moment
from portal.commands.reading_audit import reader_of
from portal.commands.terminal import ExitCode, Session
from portal.errors import BadInput, Language, Text

_HEADING = Text(
    en="told_as answers rows last department application contact managers",
    zh="身份 应答次数 行数 最近一次 部门 应用 联系方式 信息主管",
)


def print_affected(session: Session, options: AffectedOptions) -> ExitCode:
    """Print who was answered from what is frozen, and who provides it, a line each."""
    question = AffectedQuestion(
        frozen=parse_frozen(options.target),
        since=parse_moment("--since", options.since),
        until=parse_moment("--until", options.until) if options.until else None,
    )
    settings = session.settings()
    log_url(settings)

    async def read(portal: Portal, person: Person) -> list[Notice]:
        reader = await reader_of(portal, person)
        uses = await portal.endpoint.office.audit.affected(reader, question)
        snapshot = (await portal.road.keeper.current()).snapshot
        if not uses and not is_known(question.frozen, snapshot):
            # An empty list would read as if nobody had to be told.
            raise _unknown(options.target)
        return notices_of(question.frozen, uses, reader.providers, snapshot.registry)

    notices = asyncio.run(act(settings, Acting(options.by, options.code), read))
    if options.json:
        session.terminal.write_json(json.dumps([asdict(one) for one in notices], ensure_ascii=False).encode())
    else:
        session.terminal.write(_table(notices, session.language))
    return ExitCode.DONE


def _unknown(target: str) -> BadInput:
    return BadInput(
        Text(
            en=f"there is no `{target}`, and nothing was answered from it in that time; see how it is written",
            zh=f"没有 `{target}`，该时段内也无相关应答；请核对写法",
        )
    )


def _table(notices: Sequence[Notice], language: Language) -> str:
    return "\n".join(["\t".join(_HEADING.render(language).split()), *(_line(one, language) for one in notices)])


def _line(notice: Notice, language: Language) -> str:
    public = Text(en="the public", zh="公众").render(language)
    department = " ".join(filter(None, (notice.department, notice.department_name))) or public
    application = " ".join(filter(None, (notice.application, notice.application_name)))
    last = notice.last_at or ""
    told = (notice.concern.value, str(notice.answers), str(notice.rows), last, department, application)
    return "\t".join(cell or "-" for cell in (*told, notice.contact or "", ", ".join(notice.managers)))
