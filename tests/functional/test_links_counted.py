"""What links cost and count: statements, limits of the target, rows of the day, parts of the audit record."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.access.sqlite_source import SqliteSource
from portal.audit.records import quota_day
from portal.storage.addresses import database_path
from tests.fixtures.linked_bundle import AREAS, NAMED, RESIDENTS, STREETS, VILLAGES, linked_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER
from tests.fixtures.small_bundle import BundleDraft
from tests.functional.test_links import refusal, shared


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(linked_bundle(), tmp_path_factory.mktemp("counted"), read_connections="1") as world:
        yield world


@contextmanager
def traced(world: PortalWorld) -> Iterator[list[str]]:
    """The statements on shared data meanwhile, without those that begin and end the transaction."""
    source = world.portal.road.source
    assert isinstance(source, SqliteSource)
    # However busy the machine is, all of it is read where it is asked for, by one connection.
    source._quick_seconds = 60.0
    shared(world, "villages { totalCount }")
    connection = source._near
    assert connection is not None
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    yield statements
    connection.set_trace_callback(None)
    assert statements.pop(0) == "BEGIN"
    assert statements.pop() == "COMMIT"


@pytest.mark.clause("issue 3: one SQL statement a level and entry (no N+1; counted in tests)")
@pytest.mark.parametrize(
    ("selection", "statements"),
    [
        ("villages { nodes { street { name } } }", 2),
        ("villages { totalCount nodes { street { name } } }", 3),
        ("streets { nodes { villages { totalCount nodes { code } pageInfo { endCursor } } } }", 2),
        ("streets { nodes { a: villages { totalCount } b: villages(first: 1) { nodes { code } } } }", 3),
        ("streets { nodes { villages { nodes { street { villages { nodes { street { name } } } } } } } }", 5),
        (f"residents({NAMED}) {{ nodes {{ visits {{ nodes {{ whom {{ name village {{ name }} }} }} }} }} }}", 4),
        ('villages_by_keys(keys: [{code: "9999990101"}, {code: "9999990201"}]) { street { name } }', 2),
        ('villages(where: {code: {eq: "x"}}) { nodes { street { name } } }', 1),  # no parent, nothing to follow
        ('villages(where: {code: {eq: "9999990301"}}) { nodes { street { name } } }', 1),  # a null joins nothing
        ("streets { nodes { villages { access { receipt } } } }", 1),  # shows no row
    ],
)
def test_each_link_takes_one_statement_whatever_the_rows(world: PortalWorld, selection: str, statements: int) -> None:
    with traced(world) as found:
        shared(world, selection)
    assert len(found) == statements, found


def limited(**obligations: int) -> BundleDraft:
    """The bundle with limits on residents, and those of every region within the checker's reach."""
    draft = linked_bundle()
    draft.policies["verify"] |= {"obligations": obligations, "scope": {}}
    return draft


def test_size_above_the_targets_limit_is_refused_at_the_link(tmp_path: Path) -> None:
    with open_world(limited(max_rows=3), tmp_path) as world:
        assert refusal(world, f"villages({NAMED}) {{ nodes {{ residents(first: 4) {{ nodes {{ code }} }} }} }}") == {
            "path": ["shared", "villages", "nodes", "residents"],
            "code": "QUOTA_EXCEEDED",
            "items": ["code", "division"],
        }
        residents = "residents { nodes { code } }"
        # Left out, the size is the limit's: of the three of one village all are shown, and with the others too many.
        one = f'villages({NAMED}, where: {{code: {{eq: "9999990101"}}}}) {{ nodes {{ {residents} }} }}'
        assert len(shared(world, one)["villages"]["nodes"][0]["residents"]["nodes"]) == 3
        # Written out, it is held to the limit itself, however few rows there are.
        assert refusal(world, one.replace("residents {", "residents(first: 4) {", 1))["code"] == "QUOTA_EXCEEDED"
        assert refusal(world, one.replace('where: {code: {eq: "9999990101"}}', "first: 5"))["code"] == "QUOTA_EXCEEDED"
        assert shared(world, f"villages({NAMED}) {{ nodes {{ residents(first: 1) {{ nodes {{ code }} }} }} }}")


@pytest.mark.clause("enforcement.md §5, links: target rows count for its own limits")
def test_each_occurrence_of_a_target_row_counts(tmp_path: Path) -> None:
    with open_world(limited(max_rows=3), tmp_path) as world:
        # Of r1 there are three visits, of r4 one.
        r1 = f'visits({NAMED}, where: {{resident: {{eq: "r1"}}}}) {{ nodes {{ whom {{ code }} }} }}'
        assert len(shared(world, r1)["visits"]["nodes"]) == 3
        more = r1.replace('{eq: "r1"}', '{in: ["r1", "r4"]}')
        assert refusal(world, more) == {
            "path": ["shared", "visits", "nodes", "whom"],
            "code": "QUOTA_EXCEEDED",
            "items": ["code"],
        }


def test_rows_of_the_root_count_with_those_that_links_lead_back_to(tmp_path: Path) -> None:
    with open_world(limited(max_rows=4), tmp_path) as world:
        below = "village { residents(first: FIRST) { nodes { code } } }"
        back = f"residents({NAMED}, first: 2) {{ nodes {{ {below} }} }}"
        assert shared(world, back.replace("FIRST", "1"))
        assert refusal(world, back.replace("FIRST", "2"))["path"][2:] == ["nodes", "village", "residents"]


def test_rows_of_links_count_in_the_day_of_their_entry(tmp_path: Path) -> None:
    with open_world(limited(daily_rows=5), tmp_path) as world:
        where = 'where: {code: {eq: "9999990101"}}'
        selection = f"villages({NAMED}, {where}) {{ nodes {{ residents {{ nodes {{ code }} }} }} }}"
        assert len(shared(world, selection)["villages"]["nodes"][0]["residents"]["nodes"]) == 3
        day = quota_day(datetime.now(UTC))
        assert world.run(world.portal.road.recorder.rows_today(CHECKER, RESIDENTS, day)) == 3  # type: ignore[arg-type]
        # Two are left, so two are shown of each parent; then nothing is.
        again = shared(world, selection)["villages"]["nodes"][0]["residents"]["nodes"]
        assert [node["code"] for node in again] == ["r1", "r2"]
        assert refusal(world, selection)["code"] == "QUOTA_EXCEEDED"
        assert refusal(world, f"residents({NAMED}) {{ nodes {{ code }} }}")["code"] == "QUOTA_EXCEEDED"


def test_day_is_not_exceeded_by_links_of_several_parents(tmp_path: Path) -> None:
    with open_world(limited(daily_rows=3), tmp_path) as world:
        found = refusal(world, f"villages({NAMED}) {{ nodes {{ residents(first: 3) {{ nodes {{ code }} }} }} }}")
        assert (found["code"], found["path"][2:]) == ("QUOTA_EXCEEDED", ["nodes", "residents"])
        day = quota_day(datetime.now(UTC))
        assert world.run(world.portal.road.recorder.rows_today(CHECKER, RESIDENTS, day)) == 0  # type: ignore[arg-type]


def test_more_keys_than_the_limit_are_refused(tmp_path: Path) -> None:
    with open_world(limited(max_rows=2), tmp_path) as world:
        keys = ", ".join(f'{{code: "r{number}"}}' for number in (1, 2, 1))
        assert refusal(world, f"residents_by_keys({NAMED}, keys: [{keys}]) {{ code }}")["code"] == "QUOTA_EXCEEDED"
        assert shared(world, f'residents_by_key({NAMED}, code: "r1") {{ code }}') == {
            "residents_by_key": {"code": "r1"}
        }


def last_record(world: PortalWorld) -> dict[str, Any]:
    """The newest audit record."""
    with closing(sqlite3.connect(database_path(world.settings.database_url))) as connection:
        text, *place = connection.execute(
            "SELECT record, writer, sequence FROM audit_records ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
    return {**json.loads(text), "receipt": "-".join(map(str, place))}


def test_linked_entries_are_parts_of_the_one_record(world: PortalWorld) -> None:
    receipt = shared(
        world,
        f"""villages({NAMED}, first: 2) {{ access {{ receipt }} nodes {{ name street {{ area {{ name }} }}
            residents(where: {{name: {{contains: "甲"}}}}) {{ nodes {{ name }} }} }} }}""",
    )["villages"]["access"]["receipt"]
    record = last_record(world)
    assert record["receipt"] == receipt
    assert (record["entry"], record["rows"], record["items"]) == (VILLAGES, 2, ["code", "name", "street_code"])
    parts = [(part["entry"], part["rows"], part["items"], part["policies"]) for part in record["parts"]]
    assert parts == [
        (STREETS, 2, ["code", "area_code"], [["open-streets", 1], ["unconditional-streets", 1]]),
        (AREAS, 2, ["code", "name"], [["unconditional-areas", 1]]),
        (RESIDENTS, 1, ["name", "division"], [["verify", 1]]),
    ]
    assert record["parts"][2]["filter"]["name"]["contains"].startswith("hmac-sha256:")


def test_refusal_at_a_link_is_recorded_with_the_items_of_its_target(world: PortalWorld) -> None:
    refusal(world, "villages { nodes { residents { nodes { name } } } }")
    record = last_record(world)
    assert (record["entry"], record["decision"], record["code"]) == (VILLAGES, "deny", "PURPOSE_REQUIRED")
    assert record["reasons"] == [["residents.name", "PURPOSE_REQUIRED"], ["residents.division", "PURPOSE_REQUIRED"]]
    assert [(part["entry"], part["rows"], part["policies"]) for part in record["parts"]] == [(RESIDENTS, 0, [])]


def test_rows_by_key_are_recorded_though_nothing_names_the_receipt(world: PortalWorld) -> None:
    shared(world, f'residents_by_keys({NAMED}, keys: [{{code: "r1"}}, {{code: "r5"}}, {{code: "r1"}}]) {{ name }}')
    record = last_record(world)
    assert (record["entry"], record["rows"], record["items"]) == (RESIDENTS, 2, ["code", "name"])
    assert len(record["filter"]["code"]["in"]) == 2
    assert all(value.startswith("hmac-sha256:") for value in record["filter"]["code"]["in"])


def test_documents_beyond_the_bound_are_refused_as_too_complex(tmp_path: Path) -> None:
    with open_world(linked_bundle(), tmp_path, max_cells="1000") as world:
        answer = world.ask("{shared{streets{nodes{villages(first: 100){nodes{code name}}}}}}", by=CHECKER)
        assert answer.codes == ["TOO_COMPLEX"]
        assert "30202" in answer.errors[0]["message"]
        assert world.ask("{shared{streets(first: 3){nodes{villages(first: 100){nodes{code name}}}}}}", by=CHECKER).data


def test_answer_of_many_linked_rows_is_whole(tmp_path: Path) -> None:
    draft = linked_bundle()
    codes = [f"99999901{number:02}" for number in range(50)]
    draft.rows["villages"] = ["code,name,street_code,note", *(f"{code},村,99999901," for code in codes)]
    with open_world(draft, tmp_path) as world:
        found = shared(world, "villages { nodes { street { villages(first: 100) { nodes { code } } } } }")
    below = [{"street": {"villages": {"nodes": [{"code": code} for code in codes]}}}] * 50
    assert found == {"villages": {"nodes": below}}
