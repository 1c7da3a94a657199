"""What a load leaves as it is: the standing of who stays, freezes and expectations; an export writes none of it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from portal.bundles.export import export_bundle
from portal.bundles.store import PortalStore
from portal.errors import PolicyUnavailable
from portal.identity.registry import (
    ApplicationStatus,
    DepartmentStatus,
    Registry,
    Successor,
    UserStatus,
)
from portal.policies.information_point import parse_content
from portal.storage.content import Cell, ContentRow, StoredContent, read_content
from portal.storage.database import open_sync_database
from portal.storage.tables import CONTENT_TABLES, application_standing, expectations, freezes
from portal.vocabulary import ApplicationId, DepartmentCode, UserId
from tests.fixtures.register_changes import change_register, put_rows
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, PROVIDER, content_of, load, new_store, small_bundle

PARTY, HEIR = DepartmentCode(CONSUMER), DepartmentCode(AUTHORITY)
CHECKER, CLERK, KEEPER = ApplicationId("checker"), UserId("clerk"), UserId("keeper")
STANDINGS = ("department_standing", "application_standing", "user_standing")


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "first"), store)
    registry = content_of(store).registry
    change_register(
        store,
        replace(
            registry.departments[PARTY],
            parent=HEIR,
            status=DepartmentStatus.MERGED,
            successors=(Successor(HEIR),),
            since=date(2026, 2, 1),
        ),
        replace(registry.applications[CHECKER], status=ApplicationStatus.DISABLED, contact="合成联系人"),
        replace(registry.users[KEEPER], status=UserStatus.DISABLED, since=date(2026, 2, 3)),
        replace(registry.users[CLERK], filing="备案-1"),
    )
    freeze: dict[str, Cell] = {
        "target_kind": "everything",
        "target": "",
        "item": None,
        "reason": "合成",
        "frozen_by": "user:a",
        "frozen_at": "2026-03-01T08:00:00Z",
    }
    expectation: dict[str, Cell] = {"verdict": "never", "document": "{}", "reason": "合成"}
    put_rows(
        store,
        {(freezes.name, "freeze-1"): ContentRow(freeze, {}), (expectations.name, "e-1"): ContentRow(expectation, {})},
    )
    return store


def stored(store: PortalStore) -> StoredContent:
    engine = open_sync_database(store.database_url)
    with engine.connect() as connection:
        found = read_content(connection, store.digest_secret)
    engine.dispose()
    return found


def rows_of(content: StoredContent) -> dict[str, object]:
    return {table.table.name: dict(content.active(table.table)) for table in CONTENT_TABLES}


def registry_of(store: PortalStore) -> Registry:
    return parse_content(stored(store)).registry


def test_standing_is_read_with_who_is_registered(store: PortalStore) -> None:
    registry = registry_of(store)
    department = registry.departments[PARTY]
    assert (department.status, department.parent, department.since) == (
        DepartmentStatus.MERGED,
        HEIR,
        date(2026, 2, 1),
    )
    assert department.successors == (Successor(HEIR),)
    assert registry.departments[HEIR].status is DepartmentStatus.ACTIVE
    assert registry.applications[CHECKER].contact == "合成联系人"
    assert registry.users[KEEPER].since == date(2026, 2, 3)
    assert registry.users[CLERK].filing == "备案-1"


@pytest.mark.clause("threats.md T30")
@pytest.mark.clause("threats.md T84")
def test_loading_the_bundle_again_changes_nothing(store: PortalStore, tmp_path: Path) -> None:
    before = stored(store)
    assert not load(small_bundle().read(tmp_path / "again"), store).changed
    assert stored(store) == before


@pytest.mark.clause("threats.md T30")
@pytest.mark.clause("threats.md T84")
def test_another_bundle_lifts_no_freeze_and_lets_nobody_in_again(store: PortalStore, tmp_path: Path) -> None:
    before = rows_of(stored(store))
    draft = small_bundle()
    draft.title = "另一标题"
    draft.users.append(f"new,新用户,{PROVIDER},,,")
    assert load(draft.read(tmp_path / "other"), store).changed
    after = rows_of(stored(store))
    for name in (*STANDINGS, freezes.name, expectations.name):
        assert after[name] == before[name]
        assert after[name]
    assert registry_of(store).users[UserId("new")].status is UserStatus.ACTIVE


def test_standing_goes_with_who_leaves_the_register(store: PortalStore, tmp_path: Path) -> None:
    draft = small_bundle()
    del draft.applications[0], draft.users[1]
    outcome = load(draft.read(tmp_path / "fewer"), store)
    content = stored(store)
    assert content.active(application_standing) == {}
    assert set(content.rows["user_standing"]) == {CLERK}
    assert set(content.rows["department_standing"]) == {PARTY}
    assert "standings of applications: 0 new, 0 changed, 1 withdrawn" in [line.en for line in outcome.lines]


def test_an_export_writes_no_standing(store: PortalStore, tmp_path: Path) -> None:
    export_bundle(tmp_path / "out", store)
    plain = new_store(tmp_path / "plain")
    load(small_bundle().read(tmp_path / "bundle"), plain)
    export_bundle(tmp_path / "plain-out", plain)
    files = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files
    for file in files:
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "plain-out" / file).read_bytes(), file


@pytest.mark.clause("threats.md T13")
@pytest.mark.parametrize(
    ("table", "key", "cells", "words"),
    [
        ("department_standing", PARTY, {"status": "closed"}, "closed"),
        ("department_standing", PARTY, {"status": None}, "no text"),
        ("department_standing", PARTY, {"since": "soon"}, "soon"),
        ("department_standing", PARTY, {"successors": "{}"}, "no list"),
        ("department_standing", PARTY, {"successors": "["}, "no JSON"),
        ("department_standing", PARTY, {"successors": '["x"]'}, "no object"),
        ("department_standing", PARTY, {"successors": '[{"code":"x"}]'}, "no object"),
        (
            "department_standing",
            PARTY,
            {"successors": '[{"code":1,"policies":[],"entries":[]}]'},
            "something else than a text",
        ),
        ("department_standing", PARTY, {"successors": '[{"code":"x","policies":"a","entries":[]}]'}, "no list"),
        ("application_standing", CHECKER, {"status": "Approved"}, "Approved"),
        ("application_standing", CHECKER, {"contact": 7}, "no text"),
        ("user_standing", KEEPER, {"status": "away"}, "away"),
        ("user_standing", KEEPER, {"filed_on": "2026-02-30"}, "2026-02-30"),
    ],
)
def test_a_standing_that_cannot_be_read_refuses_the_whole_content(
    store: PortalStore, table: str, key: str, cells: dict[str, Cell], words: str
) -> None:
    content = stored(store)
    active = content.rows[table][key]
    row = replace(active, row=replace(active.row, cells={**active.row.cells, **cells}))
    with pytest.raises(PolicyUnavailable, match=words):
        parse_content(replace(content, rows={**content.rows, table: {**content.rows[table], key: row}}))
