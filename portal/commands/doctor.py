"""`portal doctor`."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from portal.commands.options import DoctorOptions
from portal.commands.parsing import parse_whole
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.diagnosis.examination import Order, examine
from portal.diagnosis.findings import Area, Finding, Verdict
from portal.errors import Language, Text

_VERDICTS = {
    Verdict.GOOD: Text(en="good", zh="正常"),
    Verdict.WARNING: Text(en="warning", zh="警告"),
    Verdict.FAULT: Text(en="FAULT", zh="故障"),
}
_AREAS = {
    Area.SETTINGS: Text(en="settings", zh="设置"),
    Area.FILES: Text(en="files", zh="文件"),
    Area.VOLUMES: Text(en="volumes", zh="存储卷"),
    Area.KEYS: Text(en="keys", zh="密钥"),
    Area.DATABASE: Text(en="database", zh="数据库"),
    Area.DATA_STORE: Text(en="data store", zh="数据存储"),
    Area.CLOCK: Text(en="clock", zh="时钟"),
    Area.CONTENT: Text(en="content", zh="内容"),
    Area.AUDIT: Text(en="audit", zh="审计"),
    Area.WITNESSES: Text(en="witnesses", zh="见证方"),
    Area.SOFTWARE: Text(en="software", zh="软件"),
    Area.AUTHORITIES: Text(en="authorities", zh="认证机构"),
}
_MARGIN = 2


def examine_installation(session: Session, options: DoctorOptions) -> ExitCode:
    """Print what is found, a line each; a fault ends with exit code 1. Nothing is changed."""
    workers = parse_whole("--workers", options.workers, 1, 64)
    order = Order(workers, options.thorough, datetime.now(UTC))
    findings = examine(session.environment, Path(".env"), order)
    if options.json:
        found = list(findings)
        _write_json(session.terminal, found)
    else:
        found = _write_lines(session.terminal, findings)
    return ExitCode.NO if any(one.verdict is Verdict.FAULT for one in found) else ExitCode.DONE


def _write_lines(terminal: Terminal, findings: Iterable[Finding]) -> list[Finding]:
    language, found = terminal.language, []
    verdicts, areas = _width(_VERDICTS.values(), language), _width(_AREAS.values(), language)
    for one in findings:
        found.append(one)
        verdict = _padded(_VERDICTS[one.verdict].render(language), verdicts)
        area = _padded(_AREAS[one.area].render(language), areas)
        terminal.write(f"{verdict}{area}{one.what.render(language)}")
        if one.mend is not None:
            terminal.write(" " * (verdicts + areas) + "→ " + one.mend.render(language))
        terminal.out.flush()
    counts = Counter(one.verdict for one in found)
    faults, warnings, sound = (counts[verdict] for verdict in (Verdict.FAULT, Verdict.WARNING, Verdict.GOOD))
    terminal.say(
        Text(
            en=f"{_counted(faults, 'fault')}, {_counted(warnings, 'warning')}, {sound} good",
            zh=f"故障 {faults} 项，警告 {warnings} 项，正常 {sound} 项",
        )
    )
    return found


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _width(texts: Iterable[Text], language: Language) -> int:
    return _MARGIN + max(_columns(text.render(language)) for text in texts)


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _columns(text))


def _write_json(terminal: Terminal, findings: Iterable[Finding]) -> None:
    language = terminal.language
    lines = [
        {
            "area": one.area.value,
            "check": one.check,
            "verdict": one.verdict.value,
            "what": one.what.render(language),
            "mend": None if one.mend is None else one.mend.render(language),
        }
        for one in findings
    ]
    terminal.write_json(json.dumps({"findings": lines}, ensure_ascii=False).encode())
