"""`portal-verify`: checks an audit log, an evidence folder or the proof of a record, without the portal.

Exit code 0: sound; 1: a fault, which is told with its place; 2: there is nothing that can be checked.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import IntEnum
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn, TextIO

from portal_verify.evidence import EvidenceVerification, verify_evidence
from portal_verify.faults import LogVerification, UnreachableError, UnreadableError
from portal_verify.log import verify_log
from portal_verify.receipt import ReceiptVerification, verify_receipt
from portal_verify.wording import render_evidence, render_receipt, render_verification
from portal_verify.words import Words, speaks_chinese

_MAX_RECEIPT_BYTES = 1 << 26
_Result = LogVerification | EvidenceVerification | ReceiptVerification


class ExitCode(IntEnum):
    """How a run ended."""

    SOUND = 0
    FAULT = 1
    UNUSABLE = 2


class UnusableError(Exception):
    """What was named can't be checked at all."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a run writes: its result to `out`, all else to `err`."""

    out: TextIO
    err: TextIO
    is_chinese: bool

    def say(self, words: Words) -> None:
        """Write a line of the result."""
        self.out.write(words.render(is_chinese=self.is_chinese) + "\n")

    def complain(self, words: Words) -> None:
        """Write why there is no result."""
        self.err.write(words.render(is_chinese=self.is_chinese) + "\n")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with arguments as everything else is said."""

    def error(self, message: str) -> NoReturn:
        raise UnusableError(
            Words(en=f"{message} (see `{self.prog} --help`)", zh=f"参数有误：{message}（参见 `{self.prog} --help`）")
        )


_HELP = {
    "log": Words(en="check a whole log in a database", zh="检查数据库中的全部日志"),
    "evidence": Words(en="check a folder that `portal audit export` wrote", zh="检查 `portal audit export` 导出的目录"),
    "receipt": Words(en="check the proof of one record", zh="检查一条记录的证明"),
    "database": Words(
        en="a file of SQLite or a URL of PostgreSQL; its password may stand in PGPASSWORD",
        zh="SQLite 文件或 PostgreSQL 地址；密码可置于 PGPASSWORD",
    ),
    "folder": Words(en="the folder", zh="目录"),
    "file": Words(
        en="the proof, as `auditRecord` gives it; `-` reads standard input",
        zh="`auditRecord` 给出的证明；`-` 表示标准输入",
    ),
    "key": Words(
        en="the public audit keys as PEM, as `portal audit key` prints them; have them from the portal by another way",
        zh="审计公钥（PEM），即 `portal audit key` 的输出；须经其他途径取得",
    ),
    "witness": Words(
        en="a folder, file or URL that keeps checkpoints; may be given several times",
        zh="保存检查点的目录、文件或网址；可多次给出",
    ),
    "json": Words(en="for machines, as JSON", zh="以 JSON 输出，供程序读取"),
    "about": Words(
        en="Check an audit log, evidence from it or the proof of a record, without the portal.",
        zh="不依赖门户，检查审计日志、日志证据或单条记录的证明。",
    ),
}


def make_parser(*, is_chinese: bool) -> argparse.ArgumentParser:
    """Return the parser of the command line."""

    def told(name: str) -> str:
        return _HELP[name].render(is_chinese=is_chinese)

    parser = _Parser(prog="portal-verify", description=told("about"), allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="log|evidence|receipt")
    for name, argument in (("log", "database"), ("evidence", "folder"), ("receipt", "file")):
        command = commands.add_parser(name, help=told(name), description=told(name), allow_abbrev=False)
        command.add_argument("place", metavar=argument.upper(), help=told(argument))
        command.add_argument("--key", metavar="PEM", required=True, help=told("key"))
        if name != "receipt":
            command.add_argument("--witness", metavar="PLACE", action="append", default=[], help=told("witness"))
        command.add_argument("--json", action="store_true", help=told("json"))
    return parser


def run(arguments: Sequence[str], streams: Streams) -> int:
    """Run one check and return the exit code; whatever goes wrong is said in a sentence."""
    try:
        asked = make_parser(is_chinese=streams.is_chinese).parse_args(arguments)
        keys = _read_keys(Path(asked.key))
        with _usable():
            result = _check(asked, keys, streams)
    except UnusableError as unusable:
        streams.complain(unusable.words)
        return ExitCode.UNUSABLE
    if asked.json:
        streams.out.write(json.dumps({"sound": _is_sound(result), **asdict(result)}, ensure_ascii=False) + "\n")
    else:
        for line in _render(result):
            streams.say(line)
    return ExitCode.SOUND if _is_sound(result) else ExitCode.FAULT


def _check(asked: argparse.Namespace, keys: bytes, streams: Streams) -> _Result:
    place: str = asked.place
    if asked.command == "receipt":
        return verify_receipt(_read_receipt(place), keys)
    witnesses = _existing(asked.witness)
    with _shown_progress(streams) as progress:
        if asked.command == "evidence":
            return verify_evidence(Path(place), keys, witnesses, progress)
        return verify_log(place, keys, witnesses, progress, processes=os.cpu_count() or 1)


def _is_sound(result: _Result) -> bool:
    return (result.fault if isinstance(result, LogVerification) else result.flaw) is None


def _render(result: _Result) -> Iterator[Words]:
    match result:
        case LogVerification():
            return render_verification(result)
        case EvidenceVerification():
            return render_evidence(result)
        case ReceiptVerification():
            return render_receipt(result)


def _read_keys(path: Path) -> bytes:
    from portal_verify.keys import parse_public_keys

    try:
        content = path.read_bytes()
        parse_public_keys(content)
    except (OSError, ValueError):
        raise UnusableError(
            Words(
                en=f"`{path}` doesn't hold Ed25519 public keys as PEM; take what `portal audit key` prints",
                zh=f"`{path}` 中不是 PEM 格式的 Ed25519 公钥；请使用 `portal audit key` 的输出",
            )
        ) from None
    return content


def _existing(witnesses: Iterable[str]) -> list[str]:
    """Return the witnesses, each of which was named, so it must be there."""
    for witness in witnesses:
        if not witness.startswith(("https://", "http://")) and not Path(witness).exists():
            raise UnusableError(
                Words(
                    en=f"there is no witness `{witness}`; name a file, a folder or a URL",
                    zh=f"没有见证方 `{witness}`；请指定文件、目录或网址",
                )
            )
    return list(witnesses)


def _read_receipt(place: str) -> bytes:
    if place == "-":
        return sys.stdin.buffer.read(_MAX_RECEIPT_BYTES)
    with Path(place).open("rb") as file:
        return file.read(_MAX_RECEIPT_BYTES)


@contextmanager
def _usable() -> Iterator[None]:
    """Turn what can't be opened into a sentence. No driver's own words: an address may hold a password."""
    try:
        yield
    except (UnreachableError, UnreadableError):
        raise UnusableError(
            Words(en="the database can't be opened; see that its address is right", zh="无法打开数据库；请检查其地址")
        ) from None
    except ModuleNotFoundError as missing:
        raise UnusableError(
            Words(
                en=f"the module `{missing.name}` isn't installed; it reads such a database",
                zh=f"未安装读取此类数据库所需的模块 `{missing.name}`",
            )
        ) from None
    except OSError as fault:
        where = str(fault.filename or fault)
        raise UnusableError(
            Words(
                en=f"`{where}` can't be read ({type(fault).__name__}); see that it is there",
                zh=f"无法读取 `{where}`（{type(fault).__name__}）；请确认其存在",
            )
        ) from None


@contextmanager
def _shown_progress(streams: Streams) -> Iterator[Callable[[int], None]]:
    """Show records checked, on a terminal alone."""
    if not streams.err.isatty():
        yield lambda _records: None
        return

    def tell(records: int) -> None:
        if records % 1000 == 0:
            line = Words(en=f"checked {records:,} records", zh=f"已检查 {records:,} 条记录")
            streams.err.write(f"\r{line.render(is_chinese=streams.is_chinese)}")
            streams.err.flush()

    yield tell
    streams.err.write("\r\x1b[K")


def main(environment: Mapping[str, str] | None = None) -> int:
    """Run the check that the process was started for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    is_chinese = speaks_chinese(os.environ if environment is None else environment)
    return run(sys.argv[1:], Streams(sys.stdout, sys.stderr, is_chinese))
