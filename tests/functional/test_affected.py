"""`portal audit affected`: whom to tell of a freeze, from the log; by auditors alone, on record (R31, T65)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.errors import Language
from tests.fixtures.audit_readers import ASKED, asked_portal, readers_bundle
from tests.fixtures.command_line import CommandLine, Ended
from tests.fixtures.linked_bundle import RESIDENTS, VILLAGES, VISITS
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.sharing_bundle import BYSTANDER
from tests.fixtures.small_bundle import CONSUMER, PROVIDER
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.clause("threats.md R31")

LONG_AGO = "2020-01-01T00:00:00+08:00"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A portal that was asked as `ASKED` says."""
    return asked_portal(tmp_path_factory.mktemp("portal"))


def listed(portal: CommandLine, target: str, *options: str, by: str = "inspector") -> Ended:
    return portal("audit", "affected", target, "--since", LONG_AGO, "--by", by, *options)


def told(portal: CommandLine, target: str, *options: str) -> list[tuple[str, str | None, str | None, int]]:
    """Who is told as what, with how many answers."""
    ended = listed(portal, target, "--json", *options)
    assert ended.code == 0, ended.err
    return [(one["concern"], one["department"], one["application"], one["answers"]) for one in json.loads(ended.out)]


def provider(code: str, answers: int) -> tuple[str, str, None, int]:
    return ("provider", code, None, answers)


def checker(answers: int) -> tuple[str, str, str, int]:
    return ("consumer", CONSUMER, "checker", answers)


EXPECTED = {
    # Who was refused has nothing of it, whoever looked by a link does.
    f"entry:{RESIDENTS}": [checker(2), provider(PROVIDER, 2)],
    f"entry:{VISITS}": [checker(1), provider(BYSTANDER, 1)],
    # Filtered by it, too.
    f"item:{RESIDENTS}#name": [checker(2), provider(PROVIDER, 2)],
    f"item:{RESIDENTS}#id_number": [provider(PROVIDER, 0)],
    f"item:{VISITS}#number": [checker(1), provider(BYSTANDER, 1)],
    # The item of that name is another entry's.
    f"item:{VILLAGES}#note": [provider(PROVIDER, 0)],
    "application:checker": [checker(3), provider(PROVIDER, 2), provider(BYSTANDER, 1)],
    f"department:{CONSUMER}": [
        checker(3),
        ("consumer", CONSUMER, None, 0),
        provider(PROVIDER, 2),
        provider(BYSTANDER, 1),
    ],
}


@pytest.mark.parametrize("target", EXPECTED)
def test_who_was_answered_and_who_provides_are_told(portal: CommandLine, target: str) -> None:
    assert told(portal, target) == EXPECTED[target]


def test_public_is_told_as_the_public(portal: CommandLine) -> None:
    told_of = told(portal, f"entry:{VILLAGES}")
    assert ("consumer", None, None, 1) in told_of
    assert [one[:3] for one in told_of if one[0] == "provider"] == [("provider", PROVIDER, None)]
    everybody = told(portal, "everything")
    assert {one[1] for one in everybody} >= {None, CONSUMER, PROVIDER, BYSTANDER}
    assert "\tthe public\t" in listed(portal, f"entry:{VILLAGES}").out
    assert "\t公众\t" in portal(
        "audit", "affected", "everything", "--since", LONG_AGO, "--by", "inspector", language=Language.CHINESE
    ).out  # fmt: skip


def test_time_bounds_who_is_told(portal: CommandLine) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    ended = portal("audit", "affected", "application:checker", "--since", later, "--by", "inspector", "--json")
    assert [one["answers"] for one in json.loads(ended.out)] == [0]
    assert told(portal, "application:checker", "--until", "2020-01-02T00:00:00+08:00") == [checker(0)]


@pytest.mark.parametrize("target", ["entry:999", "application:cheker", "department:x", f"item:{RESIDENTS}#nothing"])
def test_misspelt_target_is_no_empty_list(portal: CommandLine, target: str) -> None:
    ended = listed(portal, target)
    assert (ended.code, ended.out) == (2, "")
    assert f"there is no `{target}`" in ended.err


@pytest.mark.clause("threats.md T65")
@pytest.mark.parametrize("by", ["steward", "chief", "counter", "clerk"])
def test_only_who_may_read_all_is_told_who_else_used_it(portal: CommandLine, by: str) -> None:
    ended = listed(portal, f"entry:{RESIDENTS}", by=by)
    assert (ended.code, ended.out) == (1, "")
    act = newest(portal)
    assert (act["user"], act["act"], act["target"], act["decision"]) == (by, "audit_read", "affected", "deny")


@pytest.mark.clause("threats.md T65")
def test_list_is_a_reading_on_record(portal: CommandLine) -> None:
    assert listed(portal, f"item:{VISITS}#number").code == 0
    act = newest(portal)
    assert (act["user"], act["target"], act["decision"]) == ("inspector", "affected", "permit")
    details = act["details"]
    assert (details["frozen"], details["found"], details["whole"]) == (f"item:{VISITS}#number", 1, True)
    assert details["since"] == "2019-12-31T16:00:00.000000Z"


def newest(portal: CommandLine) -> dict[str, Any]:
    lines = portal("audit", "search", "--json", "--limit", "20").out.splitlines()
    found = [record for record in map(json.loads, lines) if record["subject"].startswith("user:")]
    return dict(found[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["everything", "--by", "inspector"], "`--since` is missing"),
        (["everything", "--since", LONG_AGO], "`--by` is missing"),
        (["all", "--since", LONG_AGO, "--by", "inspector"], "says nothing that can be frozen"),
        (["everything", "--since", "today", "--by", "inspector"], "not a time with offset"),
        (["everything", "--since", LONG_AGO, "--by", "nobody"], "isn't registered"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_told_in_a_sentence(portal: CommandLine, arguments: list[str], message: str) -> None:
    ended = portal("audit", "affected", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


@pytest.mark.heavy
def test_the_same_are_told_in_postgresql(postgres: Databases, tmp_path: Path) -> None:
    with set_up_portal(postgres) as settings:
        process = PortalProcess(tmp_path / "home", settings)
        process.load(readers_bundle().write(tmp_path / "bundle"))
        for number, (document, by) in enumerate(ASKED):
            file = tmp_path / f"{number}.graphql"
            file.write_text(document, encoding="utf-8")
            who = ("--public",) if by is None else ("--application", by.partition(":")[2])
            process.run("query", *who, str(file))
        for target in (f"entry:{VISITS}", f"item:{RESIDENTS}#name", "application:checker"):
            done = process.run("audit", "affected", target, "--since", LONG_AGO, "--by", "inspector", "--json")
            assert done.returncode == 0, done.stderr
            found = [
                (one["concern"], one["department"], one["application"], one["answers"])
                for one in json.loads(done.stdout)
            ]
            assert found == EXPECTED[target], target
