"""`portal who`, `portal what` and `portal why`: in words of either language, each question in the audit."""

from pathlib import Path

import pytest

from portal.errors import Language
from tests.fixtures.command_line import CommandLine
from tests.fixtures.office import office_bundle
from tests.fixtures.sharing_bundle import HIDDEN_ITEM, RESIDENTS
from tests.fixtures.small_bundle import CONSUMER

pytestmark = pytest.mark.clause("NT-33")
BY = ("--by", "drafter")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("questions")
    line = CommandLine(folder / "home")
    office_bundle().write(folder / "bundle")
    loaded = line("load", folder / "bundle", "--by", "tests", "--reason", "tests")
    assert loaded.code == 0, loaded.err
    return line


def test_who_names_those_who_can_see_each_item(portal: CommandLine) -> None:
    told = portal("who", RESIDENTS, "name", HIDDEN_ITEM, *BY)
    assert told.code == 0, told.err
    assert f"department:{CONSUMER}" in told.out
    assert "by verify" in told.out.replace("poor, ", "")
    assert "依据" in portal("who", RESIDENTS, "name", *BY, language=Language.CHINESE).out


def test_what_names_what_somebody_can_see(portal: CommandLine) -> None:
    told = portal("what", "--application", "checker", "--at", "2026-03-01T08:00:00+08:00", *BY)
    assert told.code == 0, told.err
    assert RESIDENTS in told.out
    assert HIDDEN_ITEM not in told.out
    supposed = ("--department", CONSUMER, "--level", "3", "--zone", "government", "--matter", "999999-0001")
    assert RESIDENTS in portal("what", *supposed, *BY).out
    assert portal("what", "--user", "clerk", *BY).code == 0
    assert portal("what", "--public", *BY).code == 0


def test_why_explains_a_refusal(portal: CommandLine, tmp_path: Path) -> None:
    document = tmp_path / "refused.graphql"
    document.write_text("{ shared { residents(first: 1) { nodes { name } } } }", encoding="utf-8")
    assert portal("query", document, "--application", "checker").code == 1
    last = portal("audit", "search", "--decision", "deny", "--entry", RESIDENTS, "--limit", "1", "--json").out
    writer, sequence = (last.partition(f'"{name}":')[2].partition(",")[0] for name in ("writer", "sequence"))
    told = portal("why", f"{writer}-{sequence}", *BY)
    assert told.code == 0, told.err
    assert "PURPOSE_REQUIRED" in told.out
    assert "用途" in portal("why", f"{writer}-{sequence}", *BY, language=Language.CHINESE).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("who", RESIDENTS), "no item is named"),
        (("who", "0", "name"), "unknown entry"),
        (("who", RESIDENTS, "nothing"), "unknown item"),
        (("what",), "write one of"),
        (("what", "--public", "--user", "clerk"), "write one of"),
        (("what", "--application", "nobody"), "isn't registered"),
        (("what", "--department", CONSUMER, "--level", "4"), "--level"),
        (("why", "receipt"), "is no receipt"),
        (("why", "1-9999"), "there is no record"),
    ],
)
def test_command_says_what_is_wrong(portal: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    ended = portal(*arguments, *BY)
    assert ended.code == 2
    assert said in ended.err
