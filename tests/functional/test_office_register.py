"""The field `register`: whose duty it is sees who is registered, and it is on record; others don't know the field."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from portal.identity.registry import DepartmentStatus, Successor, UserStatus
from portal.storage.addresses import database_path
from portal.vocabulary import DepartmentCode, Role, UserId
from tests.fixtures.assertions import certificate_file, key_file
from tests.fixtures.authority import authority
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.register_changes import change_register, store_of
from tests.fixtures.sharing_bundle import BYSTANDER, CHECKER, CLERK, sharing_bundle
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, PROVIDER, content_of
from tests.fixtures.token_clients import SIGNER

pytestmark = [pytest.mark.clause("threats.md T29"), pytest.mark.clause("FJ-35"), pytest.mark.clause("WH-34")]

SEEING = (Role.SYSTEM_ADMINISTRATOR, Role.POLICY_ADMINISTRATOR, Role.AUTHORITY_OFFICER, Role.AUDITOR)
AUDITOR = "user:staff-auditor"
NAMES = "{ register { users { nodes { id name } } } }"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    draft.users += [f"staff-{role},合成人员 {role},{AUTHORITY},{role},3,government" for role in Role]
    draft.users.append(f"unconfirmed,合成人员,{AUTHORITY},auditor,2,government")
    draft.keys |= {
        **authority().files(),
        "checker.pem": key_file(SIGNER),
        "chain.pem": certificate_file(SIGNER),
    }
    draft.applications[0] += "checker.pem"
    folder = tmp_path_factory.mktemp("world")
    with open_world(draft, folder) as opened:
        registry = content_of(store_of(opened)).registry
        change_register(
            store_of(opened),
            replace(
                registry.departments[DepartmentCode(BYSTANDER)],
                parent=DepartmentCode(AUTHORITY),
                status=DepartmentStatus.MERGED,
                successors=(Successor(DepartmentCode(PROVIDER)),),
                since=date(2026, 2, 1),
            ),
            replace(registry.users[UserId("keeper")], status=UserStatus.DISABLED),
            replace(registry.users[UserId("staff-information_manager")], filed_on=date(2026, 1, 2), filing="备案-1"),
        )
        yield opened


def ask(world: PortalWorld, fields: str, by: str = AUDITOR) -> dict[str, Any]:
    found: dict[str, Any] = world.ask(f"{{ register {{ {fields} }} }}", by=by).data["register"]
    return found


@pytest.mark.parametrize("role", Role)
def test_names_are_seen_by_those_whose_duty_it_is_and_by_nobody_else(world: PortalWorld, role: Role) -> None:
    answer = world.ask(NAMES, by=f"user:staff-{role}")
    if role in SEEING:
        assert {node["id"] for node in answer.data["register"]["users"]["nodes"]} >= {"clerk", "keeper"}
    else:
        assert answer.codes == ["NOT_VALID"]
        assert "经办人" not in answer.content.decode()


@pytest.mark.parametrize("by", [None, CHECKER, CLERK])
def test_others_are_not_told_that_the_field_is_there(world: PortalWorld, by: str | None) -> None:
    answer, unknown = world.ask(NAMES, by=by), world.ask(NAMES.replace("register", "registrar"), by=by)
    assert answer.codes == unknown.codes == ["NOT_VALID"]
    assert answer.errors[0]["message"].replace("register", "registrar") == unknown.errors[0]["message"]


def test_nothing_is_seen_without_a_second_factor(world: PortalWorld) -> None:
    answer = world.ask(NAMES, by="user:unconfirmed")
    assert answer.codes == ["FORBIDDEN"]
    assert "second factor" in answer.errors[0]["message"]


@pytest.mark.clause("threats.md T39")
def test_each_look_is_on_record_before_it_is_answered(world: PortalWorld) -> None:
    before = acts_of(world)
    ask(world, "groups { totalCount }")
    [act] = acts_of(world)[len(before) :]
    assert (act["act"], act["subject"], act["target"], act["decision"]) == (
        "register_read",
        AUDITOR,
        "register",
        "permit",
    )


def acts_of(world: PortalWorld) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database_path(world.settings.database_url))) as connection:
        rows = connection.execute("SELECT record FROM audit_records ORDER BY writer, sequence").fetchall()
    return [record for (text,) in rows if "act" in (record := json.loads(text))]


def test_departments_are_shown_with_their_place_and_what_became_of_them(world: PortalWorld) -> None:
    shown = "nodes { code name status since parent childrenCount predecessors successors { code policies } } totalCount"
    by_code = {node["code"]: node for node in ask(world, f"departments {{ {shown} }}")["departments"]["nodes"]}
    assert set(by_code) == {AUTHORITY, BYSTANDER, CONSUMER, PROVIDER}
    merged = by_code[BYSTANDER]
    assert (merged["status"], merged["since"], merged["parent"]) == ("MERGED", "2026-02-01", AUTHORITY)
    assert merged["successors"] == [{"code": PROVIDER, "policies": []}]
    assert by_code[PROVIDER]["predecessors"] == [BYSTANDER]
    assert [by_code[code]["childrenCount"] for code in (AUTHORITY, PROVIDER)] == [1, 0]


def test_tree_is_walked_by_parent(world: PortalWorld) -> None:
    roots, below = 'roots: departments(parent: "")', f'below: departments(parent: "{AUTHORITY}")'
    found = ask(world, f"{roots} {{ totalCount }} {below} {{ nodes {{ code }} }}")
    assert found == {"roots": {"totalCount": 3}, "below": {"nodes": [{"code": BYSTANDER}]}}


def test_pages_follow_each_other_without_gap_or_double(world: PortalWorld) -> None:
    everybody = [node["id"] for node in ask(world, "users { nodes { id } }")["users"]["nodes"]]
    assert everybody == sorted(everybody)
    collected: list[str] = []
    after = ""
    while True:
        page = ask(
            world,
            f'users(first: 5, after: "{after}") {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} totalCount }}',
        )
        collected += [node["id"] for node in page["users"]["nodes"]]
        assert page["users"]["totalCount"] == len(everybody)
        if not page["users"]["pageInfo"]["hasNextPage"]:
            break
        after = page["users"]["pageInfo"]["endCursor"]
    assert collected == everybody
    beyond = ask(world, 'users(after: "zzz") { nodes { id } pageInfo { hasNextPage endCursor } }')["users"]
    assert beyond == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


@pytest.mark.parametrize("arguments", ["first: 0", "first: 501", 'search: "\\u0000"', 'after: "\\u0000"'])
def test_pages_that_cannot_be_had_are_refused(world: PortalWorld, arguments: str) -> None:
    answer = world.ask(f"{{ register {{ users({arguments}) {{ totalCount }} }} }}", by=AUDITOR)
    assert answer.codes == ["BAD_INPUT"]


def test_persons_are_found_by_role_name_and_department(world: PortalWorld) -> None:
    shown = "nodes { id roles filedOn filing status admitted }"
    [manager] = ask(world, f"users(role: INFORMATION_MANAGER) {{ {shown} }}")["users"]["nodes"]
    assert (manager["filedOn"], manager["filing"], manager["roles"]) == (
        "2026-01-02",
        "备案-1",
        ["INFORMATION_MANAGER"],
    )
    [keeper] = ask(world, f'users(search: "KEEP") {{ {shown} }}')["users"]["nodes"]
    assert (keeper["status"], keeper["admitted"]) == ("DISABLED", False)
    assert ask(world, f'users(search: "{CONSUMER}") {{ nodes {{ id }} }}')["users"]["nodes"] == [{"id": "clerk"}]


def test_applications_and_groups_are_shown(world: PortalWorld) -> None:
    shown = "nodes { id department matters status admitted publicKey } totalCount"
    of = f'(department: "{CONSUMER}")'
    found = ask(world, f"applications{of} {{ {shown} }} groups{of} {{ nodes {{ code departments }} }}")
    assert [node["id"] for node in found["applications"]["nodes"]] == ["checker", "planner"]
    assert found["applications"]["nodes"][0] == {
        "id": "checker",
        "department": CONSUMER,
        "matters": ["999999-0001"],
        "status": "APPROVED",
        "admitted": True,
        "publicKey": "checker.pem",
    }
    assert found["groups"]["nodes"] == [{"code": code, "departments": [CONSUMER]} for code in ("inspectors", "readers")]
    [outsider] = ask(world, 'applications(search: "外部") { nodes { id admitted } }')["applications"]["nodes"]
    assert outsider == {"id": "outsider", "admitted": False}


def test_certificates_and_keys_are_shown_with_their_term(world: PortalWorld) -> None:
    shown = "nodes { path keyId subject issuer notAfter applications }"
    nodes = ask(world, f"keys {{ {shown} }}")["keys"]["nodes"]
    [key] = [node for node in nodes if node["path"] == "checker.pem"]
    assert (key["subject"], key["notAfter"], key["applications"]) == (None, None, ["checker"])
    leaf = next(node for node in nodes if node["path"] == "chain.pem")
    assert leaf["keyId"] == key["keyId"]
    assert leaf["notAfter"] == f"{SIGNER.chain[0].not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert "合成应用" in leaf["subject"]
    assert any(node["path"].startswith("ca/") for node in nodes)
    [found] = ask(world, 'keys(search: "checker.pem") { nodes { path } }')["keys"]["nodes"]
    assert found == {"path": "checker.pem"}
