"""`portal new`: what is printed, what fits in beside a portal and a bundle, and that nothing is half done."""

import json
import stat
from pathlib import Path

import pytest

from portal.errors import Language
from tests.fixtures.command_line import CommandLine, Ended
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, PROVIDER, small_bundle
from tests.fixtures.workbook import Sheet, write_workbook

TABLE = "code,名称,人口,联系电话\n99999901,东村,12,10099000001\n99999902,西村,n/a,10099000002\n"


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hamlets.csv").write_text(TABLE, encoding="utf-8")
    return CommandLine(tmp_path / "home")


def new(portal: CommandLine, *words: str, file: str = "hamlets.csv", provider: str = PROVIDER) -> Ended:
    return portal("new", file, "--provider", provider, *words)


def files(folder: Path) -> list[str]:
    """Return every file below the folder but the portal's own and the tables."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] != "home" and path.suffix != ".xlsx")


def filled(portal: CommandLine, tmp_path: Path) -> Path:
    """Load the small bundle, and return the folder of its export."""
    assert portal("load", small_bundle().write(tmp_path / "small")).code == 0
    assert portal("export", "exported").code == 0
    return tmp_path / "exported"


def test_what_was_guessed_is_printed_with_the_next_commands(portal: CommandLine) -> None:
    ended = new(portal)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "read as UTF-8, cells separated by comma",
        "entry `hamlets`, code `300001001/00001`, 2 rows; draft, not shared, not open",
        "item    name      type        sensitivity  why",
        "code    code      string(8)   1            a code by its name: each of 8 digits",
        "item_2  名称      string(2)   1            line 2 (`东村`) isn't of type integer",
        "item_3  人口      string(10)  1            line 3 (`n/a`) isn't of type integer",
        (
            "item_4  联系电话  string(11)  3            numbers of persons or phones aren't counted with; "
            "line 2 holds a phone number"
        ),
        "key `code`: no cell of `code` is empty, no two rows are alike",
        "look at `hamlets/catalog/hamlets.json`: types, key, what is shared and on what basis; then run",
        "  portal load hamlets --check",
        "  portal load hamlets --diff",
        "  portal load hamlets",
    ]
    for option in ("--check", "--diff"):
        assert portal("load", "hamlets", option).code == 0
    assert portal("load", "hamlets").code == 0


def test_what_was_guessed_is_told_in_chinese(portal: CommandLine) -> None:
    ended = portal("new", "hamlets.csv", "--provider", PROVIDER, language=Language.CHINESE)
    assert ended.code == 0
    assert "条目 `hamlets`，代码 `300001001/00001`，2 行；草稿，不予共享，不开放" in ended.out
    assert "第 3 行（`n/a`）不属 integer 类型" in ended.out


def test_new_folder_is_a_bundle_for_its_owner_alone(portal: CommandLine, tmp_path: Path) -> None:
    assert new(portal).code == 0
    assert files(tmp_path / "hamlets") == [
        "bundle.toml",
        "catalog/hamlets.json",
        "data/hamlets.csv",
        "departments.csv",
    ]
    assert stat.S_IMODE((tmp_path / "hamlets").stat().st_mode) == 0o700
    assert (tmp_path / "hamlets/data/hamlets.csv").read_text(encoding="utf-8") == TABLE.replace(
        "code,名称,人口,联系电话", "code,item_2,item_3,item_4"
    )


def test_nothing_is_overwritten(portal: CommandLine, tmp_path: Path) -> None:
    assert new(portal, "--into", "there").code == 0
    before = {name: (tmp_path / "there" / name).read_bytes() for name in files(tmp_path / "there")}
    assert new(portal, "--into", "there").code == 0
    added = set(files(tmp_path / "there")) - set(before)
    assert added == {"catalog/hamlets_2.json", "data/hamlets_2.csv"}
    assert {name: (tmp_path / "there" / name).read_bytes() for name in before} == before
    ended = new(portal, "--into", "there", "--identifier", "hamlets")
    assert ended.code == 2
    assert "`hamlets` is taken by an entry of the portal or the folder; choose another identifier" in ended.err
    (tmp_path / "hamlets").mkdir()
    ended = new(portal)
    assert ended.code == 2
    assert "is there already, and nothing is overwritten" in ended.err


def test_entry_fits_in_beside_what_portal_and_bundle_hold(portal: CommandLine, tmp_path: Path) -> None:
    folder = filled(portal, tmp_path)
    (tmp_path / "villages.csv").write_text(TABLE, encoding="utf-8")
    ended = new(portal, "--into", "exported", file="villages.csv")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads((folder / "catalog/villages_2.json").read_text(encoding="utf-8"))
    assert (document["identifier"], document["code"]) == ("villages_2", "303001001/00003")
    assert portal("load", "exported", "--check").code == 0
    assert "303001001/00003" in portal("load", "exported", "--diff").out
    assert portal("load", "exported").code == 0
    # Taken out of the catalog it is kept by the portal: neither code nor identifier is given again.
    (folder / "catalog/villages_2.json").unlink()
    (folder / "data/villages_2.csv").unlink()
    assert portal("load", "exported").code == 0
    assert new(portal, "--into", "exported", file="villages.csv").code == 0
    document = json.loads((folder / "catalog/villages_3.json").read_text(encoding="utf-8"))
    assert document["code"] == "303001001/00004"


def test_folder_that_would_empty_a_portal_is_refused(portal: CommandLine, tmp_path: Path) -> None:
    filled(portal, tmp_path)
    before = files(tmp_path)
    for words in ((), ("--into", "another")):
        ended = new(portal, *words)
        assert (ended.code, ended.out) == (2, "")
        assert "loading a folder with one entry would withdraw the others; run `portal export DIR`" in ended.err
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "provider", "told"),
    [
        ((), PROVIDER[:-1] + "X", f"is no unified social credit code; did you mean `{PROVIDER}`?"),
        ((), PROVIDER[:-1], "is no unified social credit code; check its characters and its check digit"),
        (("--identifier", "Hamlets"), PROVIDER, "`--identifier Hamlets` can't be an identifier"),
        (("--identifier", "villages"), PROVIDER, "`villages` is taken by an entry"),
        (("--separator", "|"), PROVIDER, "`--separator |` is none of `comma`, `semicolon`, `tab`"),
        (("--into", "home"), PROVIDER, "`home` is no bundle: it has no bundle.toml"),
        (("--into", "hamlets.csv"), PROVIDER, "`hamlets.csv` is no bundle"),
    ],
)
def test_bad_wish_is_refused_and_leaves_nothing(
    portal: CommandLine, tmp_path: Path, words: tuple[str, ...], provider: str, told: str
) -> None:
    filled(portal, tmp_path)
    before = files(tmp_path)
    ended = new(portal, "--into", "exported", *words, provider=provider)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert files(tmp_path) == before


def test_provider_is_one_of_the_register(portal: CommandLine, tmp_path: Path) -> None:
    draft = small_bundle()
    draft.departments = [line for line in draft.departments if not line.startswith(AUTHORITY)]
    draft.write(tmp_path / "bundle")
    ended = new(portal, "--into", "bundle", provider=AUTHORITY)
    assert ended.code == 2
    assert f"the department `{AUTHORITY}` isn't registered; did you mean" in ended.err
    assert new(portal, "--into", "bundle", provider=CONSUMER).code == 0


@pytest.mark.parametrize("broken", ["a,b\n1\n", "a,a\n1,2\n", ""])
def test_faulty_file_leaves_nothing(portal: CommandLine, tmp_path: Path, broken: str) -> None:
    (tmp_path / "hamlets.csv").write_text(broken, encoding="utf-8")
    for words in ((), ("--into", "another")):
        ended = new(portal, *words)
        assert ended.code == 2
        assert ended.err.endswith("faults: 1; nothing was written\n")
        assert ended.err.startswith("hamlets.csv:")
    assert [path.name for path in tmp_path.iterdir()] == ["hamlets.csv"]


def test_failing_disk_leaves_nothing(portal: CommandLine, tmp_path: Path) -> None:
    folder = small_bundle().write(tmp_path / "bundle")
    (folder / "catalog" / "hamlets.json").mkdir()
    # A folder of that name is no file of a bundle, and takes the place that the draft needs at the end.
    before = files(tmp_path)
    ended = new(portal, "--into", "bundle", "--identifier", "hamlets")
    assert ended.code == 2
    assert "is there already, and nothing is overwritten" in ended.err
    assert files(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_place_that_cannot_be_written_is_told(portal: CommandLine, tmp_path: Path) -> None:
    ended = new(portal, "--into", "no/such/place")
    assert ended.code == 2
    assert "can't be written (No such file or directory); name another folder with `--into`" in ended.err
    assert files(tmp_path) == ["hamlets.csv"]


def test_table_without_key_says_so_and_is_not_loaded_until_it_has_one(portal: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "hamlets.csv").write_text("a,b\n1,x\n1,x\n", encoding="utf-8")
    ended = new(portal)
    assert ended.code == 0
    assert "no key was found: in every set of up to 3 columns tried" in ended.out
    assert "`a` is the same in lines 2 and 3" in ended.out
    assert "write a `key` into `hamlets/catalog/hamlets.json` first" in ended.out
    checked = portal("load", "hamlets", "--check")
    assert checked.code == 2
    assert checked.err.startswith("catalog/hamlets.json key: ")


def test_workbook_is_read_by_its_sheet(portal: CommandLine, tmp_path: Path) -> None:
    write_workbook(tmp_path / "hamlets.xlsx", {"一": Sheet([["a"], [1]]), "二": Sheet([["b"], [2.5]])})
    ended = new(portal, "--sheet", "二", file="hamlets.xlsx")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("read from the sheet `二`, names in row 1\n")
    assert portal("load", "hamlets").code == 0


def test_nobody_but_the_provider_is_answered_from_a_draft(portal: CommandLine, tmp_path: Path) -> None:
    folder = filled(portal, tmp_path)
    assert new(portal, "--into", "exported").code == 0
    assert portal("load", folder).code == 0
    (tmp_path / "q.graphql").write_text(
        "{ shared { hamlets(first: 5) { nodes { code item_2 item_3 item_4 } } } }", encoding="utf-8"
    )
    own = portal("query", "--user", "keeper", "q.graphql")
    assert (own.code, json.loads(own.out)["data"]["shared"]["hamlets"]["nodes"]) == (
        0,
        [
            {"code": "99999901", "item_2": "东村", "item_3": "12", "item_4": "10099000001"},
            {"code": "99999902", "item_2": "西村", "item_3": "n/a", "item_4": "10099000002"},
        ],
    )
    for who in (("--public",), ("--application", "checker"), ("--user", "clerk")):
        ended = portal("query", *who, "q.graphql")
        assert ended.code == 1
        assert "东村" not in ended.out
