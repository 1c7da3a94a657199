"""`portal doctor` and `portal register list` on the register of a portal."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from portal.bundles.store import PortalStore
from portal.diagnosis.examination import Order, examine
from portal.diagnosis.findings import Finding, Verdict
from portal.diagnosis.register import check_register
from portal.errors import Language
from portal.identity.keys import load_keys
from portal.identity.registry import (
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Registry,
    Successor,
    User,
    UserStatus,
)
from portal.settings import load_settings
from portal.storage.content import ContentRow
from portal.vocabulary import ApplicationId, DepartmentCode, Role, UserId
from tests.fixtures.command_line import CommandLine
from tests.fixtures.doctor import SOUND, Patient
from tests.fixtures.register_changes import change_register, put_rows
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, PROVIDER, content_of, small_bundle

DOCUMENT = b"{ me { user } }"
READ = b"{shared{villages(purpose: VERIFICATION, first:1){nodes{name}}}}"


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "var"
    assert CommandLine(home)("load", small_bundle().write(tmp_path / "bundle")).code == 0
    return Patient(home, SOUND)


def store_of(patient: Patient) -> PortalStore:
    settings = load_settings({"PORTAL_HOME": str(patient.home)}, None)
    return PortalStore(settings.database_url, settings.data_url, load_keys(settings.key_file).digest_secret)


def registry_of(patient: Patient) -> Registry:
    return content_of(store_of(patient)).registry


def manager(patient: Patient, name: str, **changed: object) -> User:
    known = registry_of(patient).users[UserId(name)]
    filed = replace(known, roles=(Role.INFORMATION_MANAGER,), filed_on=date(2026, 1, 2), filing="备案-1")
    return replace(filed, **changed)  # type: ignore[arg-type]  # members of a user


def findings(patient: Patient, check: str, now: datetime | None = None) -> list[Finding]:
    order = Order(1, thorough=False, now=now or datetime.now(UTC))
    found = examine({"PORTAL_HOME": str(patient.home), **patient.environ}, None, order)
    return [finding for finding in found if finding.check == check]


def words(found: list[Finding]) -> str:
    [finding] = found
    assert finding.what.zh
    return f"{finding.verdict}: {finding.what.en}"


@pytest.mark.clause("NT-28")
@pytest.mark.clause("FJ-24")
def test_portal_in_which_nobody_was_filed_is_told_so_once_and_stays_sound(patient: Patient) -> None:
    assert words(findings(patient, "managers")).startswith("good: no information manager is on file")


@pytest.mark.clause("NT-28")
@pytest.mark.clause("FJ-24")
def test_departments_without_a_filed_manager_are_one_warning(patient: Patient) -> None:
    change_register(store_of(patient), manager(patient, "clerk"))
    assert words(findings(patient, "managers")) == (
        f"warning: 2 departments without a filed information manager: {PROVIDER}, {AUTHORITY}"
    )


@pytest.mark.clause("NT-28")
@pytest.mark.parametrize(
    "changed", [{"status": UserStatus.DISABLED}, {"roles": ()}, {"filed_on": None}], ids=["disabled", "role", "day"]
)
def test_manager_counts_only_while_active_in_the_role_and_filed(patient: Patient, changed: dict[str, object]) -> None:
    change_register(store_of(patient), manager(patient, "clerk"), manager(patient, "keeper", **changed))
    assert PROVIDER in words(findings(patient, "managers"))


@pytest.mark.clause("NT-28")
def test_all_is_well_when_each_active_department_has_one(patient: Patient) -> None:
    ended: Department = replace(
        registry_of(patient).departments[DepartmentCode(AUTHORITY)], status=DepartmentStatus.DISSOLVED
    )
    change_register(store_of(patient), manager(patient, "clerk"), manager(patient, "keeper"), ended)
    assert words(findings(patient, "managers")) == "good: each of 2 departments has a filed information manager"


@pytest.mark.clause("threats.md T30")
def test_what_nobody_follows_is_one_warning(patient: Patient) -> None:
    assert findings(patient, "successions") == []
    ended = replace(registry_of(patient).departments[DepartmentCode(PROVIDER)], status=DepartmentStatus.DISSOLVED)
    change_register(store_of(patient), ended)
    said = words(findings(patient, "successions"))
    assert said.count("has no provider any more") == 2
    assert said.startswith("warning: ")


def test_references_to_nothing_are_one_warning(patient: Patient) -> None:
    assert findings(patient, "register") == []
    moved = [replace(one, parent=DepartmentCode("x")) for one in registry_of(patient).departments.values()]
    change_register(store_of(patient), *moved)
    said = words(findings(patient, "register"))
    assert said.count("`x` isn't registered") == 3


def test_long_lists_are_cut(patient: Patient) -> None:
    users = registry_of(patient).users
    change_register(
        store_of(patient),
        *(
            replace(users[UserId("clerk")], id=UserId(f"u{number}"), department=DepartmentCode("x"))
            for number in range(9)
        ),
    )
    assert words(findings(patient, "register")).endswith(", … (+4)")


@pytest.mark.clause("threats.md T55")
def test_accounts_that_nobody_uses_are_one_warning(patient: Patient) -> None:
    now = datetime.now(UTC)
    assert findings(patient, "dormant_accounts", now + timedelta(days=89)) == []
    later = findings(patient, "dormant_accounts", now + timedelta(days=91))
    assert words(later) == "warning: 2 accounts weren't used for 90 days: clerk, keeper"
    change_register(store_of(patient), replace(registry_of(patient).users[UserId("clerk")], status=UserStatus.DISABLED))
    assert "1 accounts" in words(findings(patient, "dormant_accounts", now + timedelta(days=91)))


@pytest.mark.clause("threats.md T55")
def test_use_is_seen_in_the_log(patient: Patient) -> None:
    assert patient.portal("query", "--user", "clerk", "-", stdin=BytesIO(READ)).code == 0
    assert findings(patient, "dormant_accounts", datetime.now(UTC) + timedelta(days=89)) == []


def test_nothing_is_said_of_a_register_that_cannot_be_read(patient: Patient) -> None:
    cells = {"parent": None, "status": "active", "successors": "{}", "since": None}
    put_rows(store_of(patient), {("department_standing", PROVIDER): ContentRow(cells, {})})
    for check in ("managers", "register", "successions", "dormant_accounts"):
        assert findings(patient, check) == []
    assert [one.verdict for one in findings(patient, "digest")] == [Verdict.FAULT]


def test_nothing_is_said_of_a_portal_without_content(tmp_path: Path) -> None:
    empty = Patient(tmp_path / "none", SOUND)
    assert [*findings(empty, "managers"), *findings(empty, "register"), *findings(empty, "dormant_accounts")] == []
    assert check_register.__doc__


def lines(patient: Patient, *arguments: str) -> list[str]:
    ended = patient.portal("register", "list", *arguments)
    assert ended.code == 0, ended.err
    return ended.out.splitlines()


def test_register_is_listed_as_documents(patient: Patient) -> None:
    change_register(store_of(patient), manager(patient, "clerk"))
    assert [json.loads(line)["code"] for line in lines(patient)] == sorted([PROVIDER, CONSUMER, AUTHORITY])
    assert [json.loads(line)["code"] for line in lines(patient, "groups")] == ["inspectors", "readers"]
    [application] = map(json.loads, lines(patient, "applications"))
    assert (application["id"], application["status"], application["auth_level"]) == ("checker", "approved", 2)
    assert [json.loads(line)["id"] for line in lines(patient, "users", "--json")] == ["clerk", "keeper"]
    [filed] = map(json.loads, lines(patient, "managers"))
    assert (filed["id"], filed["filed_on"], filed["filing"]) == ("clerk", "2026-01-02", "备案-1")


def test_register_lists_no_other_kinds(patient: Patient) -> None:
    ended = patient.portal("register", "list", "people")
    assert ended.code == 2
    assert "departments" in ended.err


@pytest.mark.clause("FJ-35")
def test_no_token_is_made_for_who_may_not_ask(patient: Patient) -> None:
    registry = registry_of(patient)
    application = replace(registry.applications[ApplicationId("checker")], status=ApplicationStatus.RECOGNISED)
    user = replace(registry.users[UserId("clerk")], status=UserStatus.DISABLED)
    change_register(store_of(patient), application, user)
    for named in (("--application", "checker"), ("--user", "clerk")):
        refused = patient.portal("token", *named)
        assert refused.code == 2
        assert "isn't approved or active" in refused.err
        assert patient.portal("token", *named, language=Language.CHINESE).err
    assert patient.portal("token", "--user", "keeper").code == 0
    merged = replace(
        registry.departments[DepartmentCode(PROVIDER)],
        status=DepartmentStatus.RENAMED,
        successors=(Successor(DepartmentCode(AUTHORITY)),),
    )
    change_register(store_of(patient), merged)
    assert patient.portal("token", "--user", "keeper").code == 2
    assert "unknown user `keepr`; did you mean `keeper`?" in patient.portal("token", "--user", "keepr").err
