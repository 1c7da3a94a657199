"""Help, usage errors, and how commands end when something is wrong with them."""

import io
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from portal.cli import make_command
from portal.commands.help import CHINESE
from portal.commands.table import COMMANDS
from portal.errors import Language
from tests.fixtures.command_line import CommandLine

NAMES = tuple(dict.fromkeys(line.words.partition(" ")[0] for line in COMMANDS))


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    # Where no `.env` lies.
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path / "var")


def test_help_lists_every_command(portal: CommandLine) -> None:
    ended = portal("--help")
    assert ended.code == 0
    assert set(re.findall(r"^  (\w+)  ", ended.out, re.MULTILINE)) == set(NAMES)


def test_every_help_text_has_its_chinese() -> None:
    texts = {make_command().help}
    for command in make_command().commands.values():
        texts.add(command.help)
        texts |= {below.help for below in getattr(command, "commands", {}).values()}
    for line in COMMANDS:
        hints = get_type_hints(line.options, include_extras=True)
        texts |= {hints[field.name].__metadata__[0].help for field in fields(line.options)}
    assert texts - {None} == set(CHINESE)


@pytest.mark.parametrize("command", [(), *((name,) for name in NAMES), ("audit", "verify"), ("audit", "tail")])
def test_help_is_chinese_where_the_locale_is(portal: CommandLine, command: tuple[str, ...]) -> None:
    ended = portal(*command, "--help", language=Language.CHINESE)
    assert ended.code == 0
    words = re.sub(r"\[(OPTIONS|ARGS|I)\]|COMMAND", "", ended.out)
    assert re.findall(r"\b[A-Z][a-z]+ [a-z]+ [a-z]+", words) == []
    assert "用法：" in words


@pytest.mark.parametrize("arguments", [(), ("audit",)])
def test_help_is_shown_when_no_command_is_named(portal: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = portal(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Commands:" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["loda"], "unknown command `loda`; did you mean `load`?"),
        (["xyz"], "unknown command `xyz`; there are `demo`, `load`"),
        (["audit", "very"], "unknown command `very`; did you mean `verify`?"),
        (["load"], "`DIR` is missing (see `portal load --help`)"),
        (["load", "a", "b"], "unexpected `b` (see `portal load --help`)"),
        (["load", "a", "--chek"], "unknown option `--chek`; did you mean `--check`? (see `portal load --help`)"),
        (["load", "a", "--zzz"], "unknown option `--zzz` (see `portal load --help`)"),
        (["load", "a", "--by"], "`--by` needs a value"),
        (["load", "a", "--check=1"], "`--check` takes no value"),
        (["load", "a", "--check", "--diff"], "`--check` and `--diff` don't go together"),
        (["--zzz", "load"], "unknown option `--zzz`"),
        (["explain", "--public"], "`--resource` is missing (see `portal explain --help`)"),
        (["explain", "--resource", "x"], "no subject is named; write one of"),
        (["explain", "--resource", "x", "--public", "--user", "u"], "more than one subject is named"),
        (
            ["explain", "--resource", "x", "--public", "--mode", "steal"],
            "`--mode steal` is none of `query`, `exchange`",
        ),
        (
            ["explain", "--resource", "x", "--public", "--at", "2026-01-31"],
            "`--at 2026-01-31` is not a time with offset",
        ),
        (["explain", "--resource", "x", "--public", "--at", "2026-01-31T08:00:00"], "is not a time with offset"),
        (["explain", "--resource", "x", "--public", "--at", "yesterday"], "is not a time with offset"),
        (["query", "--public"], "`FILE` is missing"),
        (["query", "-"], "no subject is named; write one of"),
        (["query", "--public", "none.graphql"], "`none.graphql` can't be read"),
        (["query", "--public", "--variables", "[]", "-"], "`--variables` is no JSON object"),
        (["query", "--public", "--variables", "{", "-"], "no JSON"),
        (["query", "--public", "-"], "key file"),
        (["schema", "--application", "a", "--user", "u"], "more than one subject is named"),
        (["token"], "no subject is named; write `--application ID` or `--user ID`"),
        (["token", "--user", "u", "--ttl", "0"], "`--ttl 0` is not a whole number from 1 to 86400"),
        (["token", "--user", "u", "--ttl", "86401"], "`--ttl 86401` is not a whole number"),
        (["token", "--user", "u", "--auth-level", "4"], "`--auth-level 4` is not a whole number from 0 to 3"),
        (
            ["token", "--user", "u", "--network-zone", "moon"],
            "`--network-zone moon` is none of `government`, `internet`",
        ),
        (["token", "--user", "u"], "key file"),
        (["serve", "--port", "65536"], "`--port 65536` is not a whole number from 0 to 65535"),
        (["serve", "--workers", "0"], "`--workers 0` is not a whole number from 1 to 64"),
        (["serve"], "key file"),
        (["export", "out"], "key file"),
        (["audit", "verify"], "key file"),
        (["backup"], "name the new file of the backup, or `--new-key FILE`"),
        (["backup", "a", "--new-key", "b"], "name the new file of the backup, or `--new-key FILE`"),
        (["backup", "a"], "no key is named to seal the backup to; set `PORTAL_BACKUP_KEY`"),
        (["backup", "a", "--key", "none.pub"], "the backup key `none.pub` can't be read"),
        (["restore", "a"], "`--key` is missing (see `portal restore --help`)"),
        (["restore", "a", "--key", "none"], "the key file `none` can't be read"),
        (["move"], "`--to-database` is missing (see `portal move --help`)"),
        (["move", "--to-database", "sqlite:///b.db", "--to-data", "sqlite:///c.db"], "key file"),
        (["reconcile"], "key file"),
        (["reconcile", "--by", "a"], "`--by`, `--and` and `--reason` go with `--accept-loss`"),
        (["reconcile", "--accept-loss"], "a loss is accepted by two people; name them"),
        (
            ["reconcile", "--accept-loss", "--by", "A", "--and", "a ", "--reason", "x"],
            "a loss is accepted by two people",
        ),
        (["reconcile", "--accept-loss", "--by", "a", "--and", "b"], "say why the loss is accepted"),
        (["audit", "tail"], "there is no database"),
        (["audit", "tail", "--lines", "-1"], "`--lines -1` is not a whole number from 0 to 1000"),
    ],
)
def test_bad_input_is_one_sentence_in_either_language(portal: CommandLine, arguments: list[str], message: str) -> None:
    english, chinese = portal(*arguments), portal(*arguments, language=Language.CHINESE)
    assert message in english.err
    for ended in (english, chinese):
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1
    assert re.search(r"[\u4e00-\u9fff]", chinese.err)
    assert not portal.home.exists()


def test_bad_settings_are_each_named(portal: CommandLine) -> None:
    ended = portal("settings", PORTAL_HOUSE="x", PORTAL_MAX_DEPTH="deep")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "unknown setting `PORTAL_HOUSE`; did you mean `PORTAL_HOME`?",
        "`PORTAL_MAX_DEPTH=deep` is not a whole number from 1 to 100",
    ]


def test_settings_are_printed_with_source_and_meaning(portal: CommandLine, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORTAL_ISSUER=here\n", encoding="utf-8")
    ended = portal("settings", PORTAL_DATABASE_URL="postgresql://portal:s3cret@host/portal")
    lines = ended.out.splitlines()
    assert f"PORTAL_HOME={portal.home}  [environment]" in lines
    assert "PORTAL_ISSUER=here  [.env file]" in lines
    assert "PORTAL_MAX_DEPTH=15  [default]" in lines
    assert "PORTAL_DATABASE_URL=postgresql://portal:***@host/portal  [environment]" in lines
    assert "    deepest nesting of a GraphQL document" in lines
    assert "GraphQL 文档的最大嵌套深度" in portal("settings", language=Language.CHINESE).out


PERSONAL = "身份号码"
"""What a failure's message may hold."""


class BrokenInput(io.BytesIO):
    """A standard input that fails in a way that nothing expects."""

    def read(self, _size: int | None = -1, /) -> bytes:
        raise RuntimeError(PERSONAL)


def test_bug_is_one_line_with_a_number_and_its_trace_is_in_the_log(portal: CommandLine) -> None:
    ended = portal("query", "--public", "-", stdin=BrokenInput())
    assert ended.code == 1
    found = re.fullmatch(
        r"something went wrong in the portal; report number (\w+); the trace is in `(.*)`\n", ended.err
    )
    assert found is not None
    assert found[2] == str(portal.home / "portal.log")
    log = Path(found[2]).read_text(encoding="utf-8")
    assert found[1] in log
    assert 'File "' in log
    assert PERSONAL not in ended.err + log


def test_bug_is_logged_in_the_working_folder_when_there_is_no_home(portal: CommandLine, tmp_path: Path) -> None:
    portal.home.write_text("a file, no folder")
    ended = portal("query", "--public", "-", stdin=BrokenInput())
    assert ended.code == 1
    assert "`portal.log`" in ended.err
    assert (tmp_path / "portal.log").exists()


def test_command_is_there_without_graphql(tmp_path: Path) -> None:
    """What a command doesn't need isn't imported: `portal settings` answers at once."""
    program = (
        "import sys; sys.argv = ['portal', 'settings']; from portal.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    assert end.code == 0\n    assert not {'strawberry', 'graphql', 'sqlalchemy'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={})
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize("locale", ["zh_CN.GBK", "C", "zh_CN.UTF-8"])
def test_chinese_is_written_as_utf_8_whatever_the_locale(tmp_path: Path, locale: str) -> None:
    command = [sys.executable, "-c", "from portal.cli import main; main()", "load"]
    environ = {"LC_ALL": locale, "PYTHONIOENCODING": "ascii"}
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, env=environ)
    assert answer.returncode == 2
    expected = "缺少 `DIR`" if locale.startswith("zh") else "`DIR` is missing"
    assert expected in answer.stderr.decode("utf-8")
