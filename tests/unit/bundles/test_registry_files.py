from itertools import combinations

import pytest

from portal.bundles.registry_files import COLUMNS, read_registry
from portal.identity.registry import Application, Department, Group, Registry, User
from portal.vocabulary import (
    EXCLUSIVE_ROLES,
    ApplicationId,
    DepartmentCode,
    GroupCode,
    Matter,
    NetworkZone,
    Role,
    UserId,
)

DEPARTMENT = "11999999MB0000019T"
OTHER = "11999999MB0000027M"
FILES = {
    "departments.csv": f"code,name,region,groups\n{DEPARTMENT},使用方,999999,a;b\n{OTHER},提供方,,\n",
    "groups.csv": "code,name\na,甲组\nb,乙组\n",
    "applications.csv": (
        "id,name,department,matter,auth_level,network_zone,public_key\n"
        f"checker,核验,{DEPARTMENT},m-1;m-2,2,government,checker.pem\n"
    ),
    "users.csv": f"id,name,department,roles,auth_level,network_zone\nclerk,经办人,{OTHER},analyst;head,,\n",
}
KEYS = {"checker.pem", "ca/root.pem"}


def read(**texts: str) -> tuple[Registry, list[tuple[str, int | None, str, str]]]:
    """What the files give, those in `texts` put in place of the good ones (`users="…"` for users.csv)."""
    contents = FILES | {f"{name}.csv": text for name, text in texts.items()}
    registry, faults = read_registry({file: text.encode() for file, text in contents.items()}, KEYS)
    return registry, [(fault.file, fault.row, fault.column, fault.what.en) for fault in faults]


def test_register_is_read_as_it_is_written() -> None:
    registry, faults = read()
    assert faults == []
    assert registry == Registry(
        departments={
            DepartmentCode(DEPARTMENT): Department(
                DepartmentCode(DEPARTMENT), "使用方", "999999", (GroupCode("a"), GroupCode("b"))
            ),
            DepartmentCode(OTHER): Department(DepartmentCode(OTHER), "提供方", None, ()),
        },
        groups={GroupCode("a"): Group(GroupCode("a"), "甲组"), GroupCode("b"): Group(GroupCode("b"), "乙组")},
        applications={
            ApplicationId("checker"): Application(
                ApplicationId("checker"),
                "核验",
                DepartmentCode(DEPARTMENT),
                (Matter("m-1"), Matter("m-2")),
                2,
                NetworkZone.GOVERNMENT,
                "checker.pem",
            )
        },
        users={
            UserId("clerk"): User(
                UserId("clerk"), "经办人", DepartmentCode(OTHER), (Role.ANALYST, Role.HEAD), None, None
            )
        },
    )


def test_files_that_are_not_there_are_empty() -> None:
    assert read_registry({}, ()) == (Registry(), [])


def test_tables_of_a_header_alone_are_empty() -> None:
    headers = {file: (",".join(columns) + "\n").encode() for file, columns in COLUMNS.items()}
    assert read_registry(headers, ()) == (Registry(), [])


def test_columns_may_stand_in_any_order_and_empty_texts_count_as_nothing() -> None:
    registry, faults = read(departments=f'groups,region,name,code\n"","",使用方,{DEPARTMENT}\n,,提供方,{OTHER}\n')
    assert faults == []
    assert registry.departments[DepartmentCode(DEPARTMENT)] == Department(
        DepartmentCode(DEPARTMENT), "使用方", None, ()
    )


def test_public_key_may_be_written_with_its_folder() -> None:
    registry, faults = read(applications=FILES["applications.csv"].replace("checker.pem", "keys/checker.pem"))
    assert faults == []
    assert registry.applications[ApplicationId("checker")].public_key == "checker.pem"


@pytest.mark.parametrize(
    ("name", "old", "new", "row", "column", "what"),
    [
        ("departments", DEPARTMENT + ",", "11999999MB0000018T,", 2, "code", "no unified social credit code"),
        ("departments", ",使用方,", ",,", 2, "name", "`name` is empty"),
        ("departments", ",使用方,", ',"",', 2, "name", "`name` is empty"),
        ("departments", "a;b", "a;c", 2, "groups", "`c` isn't in groups.csv"),
        ("departments", "a;b", "a; b", 2, "groups", "` b` isn't in groups.csv"),
        ("departments", "a;b", "a;a", 2, "groups", "`a` is there twice"),
        ("departments", "a;b", "a;", 2, "groups", "nothing stands beside a `;`"),
        ("departments", DEPARTMENT + ",", "11999999NB0000019T,", 2, "code", "no unified social credit code"),
        ("departments", "code,name", "cod,name", 1, "cod", "unknown column `cod`"),
        ("departments", OTHER + ",提供方,,", OTHER + ",提供方,", 3, "", "3 cells, the header has 4"),
        ("departments", OTHER + ",提供方,,", OTHER + ",提供方,,,", 3, "", "5 cells, the header has 4"),
        ("departments", OTHER + ",提供方,,\n", f"{OTHER},提供方,,\n\n", 4, "", "the line is empty"),
        ("departments", "使用方", '使"用方', 2, "", "a quote stands inside a cell"),
        ("groups", "b,乙组", "b,乙组\nb,丙组", 4, "code", "`b` is in line 3 too"),
        ("groups", "b,乙组", "b ,乙组\nb,丙组", 3, "code", "has spaces around it"),
        ("groups", "b,乙组", '"b\nc",乙组\nb,丙组', 3, "code", "control characters"),
        ("groups", "b,乙组", ",乙组\nb,丙组", 3, "code", "`code` is empty"),
        ("applications", "checker,核验", ",核验", 2, "id", "`id` is empty"),
        ("applications", DEPARTMENT, "11999999MB0000035G", 2, "department", "isn't in departments.csv"),
        ("applications", f",{DEPARTMENT},", ",,", 2, "department", "`department` is empty"),
        ("applications", "m-1;m-2", "m-1;m-1", 2, "matter", "`m-1` is there twice"),
        ("applications", ",2,", ",4,", 2, "auth_level", "`4` is no level"),
        ("applications", ",2,", ",02,", 2, "auth_level", "`02` is no level"),
        ("applications", "government", "intranet", 2, "network_zone", "unknown value `intranet`"),
        ("applications", "checker.pem", "other.pem", 2, "public_key", "`other.pem` isn't in keys/"),
        ("users", "analyst", "boss", 2, "roles", "unknown value `boss`"),
        ("users", "analyst;head", "analyst;;head", 2, "roles", "nothing stands beside a `;`"),
        ("users", OTHER, "x", 2, "department", "isn't in departments.csv"),
        ("users", "clerk,经办人", "clerk,", 2, "name", "`name` is empty"),
        ("users", ",,\n", ",,government2\n", 2, "network_zone", "unknown value"),
    ],
)
def test_register_has_exactly_the_planted_fault(
    name: str, old: str, new: str, row: int, column: str, what: str
) -> None:
    text = FILES[f"{name}.csv"]
    assert old in text
    [found] = read(**{name: text.replace(old, new, 1)})[1]
    assert found[:3] == (f"{name}.csv", row, column)
    assert what in found[3]


@pytest.mark.parametrize(("first", "second"), list(combinations(EXCLUSIVE_ROLES, 2)))
@pytest.mark.clause("threats.md T29")
@pytest.mark.clause("WH-24")
def test_nobody_is_two_administrators(first: Role, second: Role) -> None:
    _, faults = read(users=FILES["users.csv"].replace("analyst;head", f"{second};head;{first}"))
    assert faults == [("users.csv", 2, "roles", f"`{first}` and `{second}` together")]


def test_column_of_another_name_is_unknown_and_its_own_missing() -> None:
    text = FILES["departments.csv"].replace("name", "title")
    assert read(departments=text)[1] == [
        ("departments.csv", 1, "title", "unknown column `title`"),
        ("departments.csv", 1, "name", "no column `name`"),
    ]


def test_key_that_could_not_be_read_is_no_fault_of_its_row() -> None:
    _, faults = read(groups=FILES["groups.csv"] + '"x"y,丙组\n')
    assert faults == [("groups.csv", 4, "", "a quote stands inside a cell")]


@pytest.mark.parametrize("row", [f"{DEPARTMENT},使用方", f"{DEPARTMENT},使用方,999999,a;b,"])
def test_row_of_the_wrong_width_is_one_fault_and_still_known_to_others(row: str) -> None:
    text = FILES["departments.csv"].replace(f"{DEPARTMENT},使用方,999999,a;b", row)
    [(file, line, _, _)] = read(departments=text)[1]
    assert (file, line) == ("departments.csv", 2)


def test_empty_file_lacks_its_header() -> None:
    assert read(users="")[1] == [("users.csv", 1, "", "the file is empty")]


def test_header_that_can_not_be_read_is_one_fault() -> None:
    assert read(users='id,na"me\nx,y\n')[1] == [("users.csv", 1, "", "a quote stands inside a cell")]


def test_header_names_each_column_once() -> None:
    text = FILES["users.csv"].replace("network_zone", "id").replace(",,\n", ",,x\n")
    assert read(users=text)[1] == [
        ("users.csv", 1, "id", "column `id` twice"),
        ("users.csv", 1, "network_zone", "no column `network_zone`"),
    ]


def test_header_with_a_cell_without_name_is_a_fault() -> None:
    text = FILES["groups.csv"].replace("name", "name,").replace("组", "组,")
    assert read(groups=text)[1] == [("groups.csv", 1, "", "unknown column ``")]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_file_in_another_encoding_is_one_fault_and_its_rows_still_known(encoding: str) -> None:
    contents = {file: text.encode() for file, text in FILES.items()}
    contents |= {file: FILES[file].encode(encoding) for file in ("departments.csv", "groups.csv")}
    _, faults = read_registry(contents, KEYS)
    assert [fault.file for fault in faults] == ["departments.csv", "groups.csv"]
    assert all(encoding.upper() in fault.what.en for fault in faults)
