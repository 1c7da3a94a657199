"""What `portal register list` shows on a terminal: a short line each."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from portal.bundles.store import PortalStore
from portal.cli import run
from portal.commands.terminal import Session, Terminal
from portal.errors import Language
from portal.identity.keys import load_or_create_keys
from portal.identity.registry import DepartmentStatus, Successor, UserStatus
from portal.settings import load_settings
from portal.storage.migrating import upgrade_database
from portal.vocabulary import DepartmentCode, Role, UserId
from tests.fixtures.register_changes import change_register
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, PROVIDER, content_of, load, small_bundle
from tests.unit.commands.test_terminal import Screen


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"PORTAL_HOME": str(tmp_path / "var")}, None)
    keys = load_or_create_keys(settings.key_file)
    upgrade_database(settings.database_url)
    store = PortalStore(settings.database_url, settings.data_url, keys.digest_secret)
    load(small_bundle().read(tmp_path / "bundle"), store)
    registry = content_of(store).registry
    change_register(
        store,
        replace(
            registry.departments[DepartmentCode(CONSUMER)],
            status=DepartmentStatus.SPLIT,
            successors=(Successor(DepartmentCode(PROVIDER)), Successor(DepartmentCode(AUTHORITY))),
        ),
        replace(registry.users[UserId("keeper")], roles=(Role.INFORMATION_MANAGER,), filed_on=date(2026, 1, 2)),
        replace(
            registry.users[UserId("clerk")],
            roles=(Role.INFORMATION_MANAGER, Role.HEAD),
            status=UserStatus.DISABLED,
            filed_on=date(2026, 1, 3),
            filing="备案-1",
        ),
    )
    return tmp_path / "var"


def lines(home: Path, kind: str, language: Language = Language.ENGLISH) -> list[str]:
    out = Screen()
    session = Session(Terminal(language, out, io.StringIO()), {"PORTAL_HOME": str(home)}, io.BytesIO())
    assert run(["register", "list", kind], session) == 0
    return out.getvalue().splitlines()


def test_departments_say_who_follows(home: Path) -> None:
    assert lines(home, "departments") == [
        f"{CONSUMER}  使用方  split → {PROVIDER} {AUTHORITY}",
        f"{PROVIDER}  提供方  active",
        f"{AUTHORITY}  主管部门  active",
    ]


def test_applications_and_persons_say_whether_they_are_admitted(home: Path) -> None:
    assert lines(home, "applications") == [f"checker  核验应用  {CONSUMER}  approved  (not admitted)"]
    assert lines(home, "managers", Language.CHINESE) == [
        f"clerk  经办人  {CONSUMER}  disabled  [information_manager head]  2026-01-03 备案-1  （不予准入）",
        f"keeper  管理员  {PROVIDER}  active  [information_manager]  2026-01-02",
    ]


def test_groups_are_named(home: Path) -> None:
    assert lines(home, "groups") == ["inspectors  检查组", "readers  读者组"]
