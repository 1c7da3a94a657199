"""departments.csv, groups.csv, applications.csv and users.csv: the register of a portal."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from portal.bundles.tables import TableRow, read_table
from portal.catalog.codes import is_social_credit_code, one_character_corrections
from portal.catalog.members import shorten
from portal.errors import Fault, Text
from portal.identity.register_faults import bad_credit_code, roles_together
from portal.identity.registry import Application, Department, Group, Registry, User, held_exclusive_roles
from portal.vocabulary import ApplicationId, DepartmentCode, GroupCode, Matter, NetworkZone, Role, UserId

DEPARTMENTS = "departments.csv"
GROUPS = "groups.csv"
APPLICATIONS = "applications.csv"
USERS = "users.csv"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    DEPARTMENTS: ("code", "name", "region", "groups"),
    GROUPS: ("code", "name"),
    APPLICATIONS: ("id", "name", "department", "matter", "auth_level", "network_zone", "public_key"),
    USERS: ("id", "name", "department", "roles", "auth_level", "network_zone"),
}
"""The columns of each table, in the order in which an export writes them."""

_LEVELS = ("0", "1", "2", "3")

_Registered = TypeVar("_Registered", Department, Group, Application, User)
_Key = TypeVar("_Key", bound=str)


def read_registry(contents: Mapping[str, bytes], keys: Collection[str]) -> tuple[Registry, list[Fault]]:
    """Return the register that the four files write, and every fault in them.

    `contents` are a bundle's files by path; one that isn't there is empty. `keys` are the paths below keys/. A row with
    faults stands in for itself, so that what refers to it isn't a fault too.
    """
    faults: list[Fault] = []
    rows = {
        file: read_table(contents[file], file, columns, faults) if file in contents else []
        for file, columns in COLUMNS.items()
    }
    groups = _by_key([_group(row) for row in rows[GROUPS]], rows[GROUPS], lambda group: group.code)
    departments = _by_key(
        [_department(row, groups) for row in rows[DEPARTMENTS]], rows[DEPARTMENTS], lambda department: department.code
    )
    _add_probable_codes(departments)
    applications = [_application(row, departments, keys) for row in rows[APPLICATIONS]]
    users = [_user(row, departments) for row in rows[USERS]]
    registry = Registry(
        departments=departments,
        groups=groups,
        applications=_by_key(applications, rows[APPLICATIONS], lambda application: application.id),
        users=_by_key(users, rows[USERS], lambda user: user.id),
    )
    return registry, faults


def _add_probable_codes(departments: dict[DepartmentCode, Department]) -> None:
    """Let a department whose code is mistyped be found by what the code probably is."""
    for code, department in list(departments.items()):
        if not is_social_credit_code(code):
            for probable in one_character_corrections(code):
                departments.setdefault(DepartmentCode(probable), department)


def _by_key(
    registered: list[_Registered], rows: list[TableRow], key_of: Callable[[_Registered], _Key]
) -> dict[_Key, _Registered]:
    """Return what is registered by code or id; a second one of a key is a fault of its row."""
    by_key: dict[_Key, _Registered] = {}
    line_by_key: dict[_Key, int] = {}
    for row, member in zip(rows, registered, strict=True):
        key = key_of(member)
        if key in by_key:
            row.refuse(
                COLUMNS[row.file][0],
                Text(
                    en=f"`{shorten(key)}` is in line {line_by_key[key]} too",
                    zh=f"`{shorten(key)}` 与第 {line_by_key[key]} 行重复",
                ),
                Text(en="keep one of the two", zh="请只保留一行"),
            )
        elif key:
            by_key[key] = member
            line_by_key[key] = row.line
    return by_key


def _group(row: TableRow) -> Group:
    return Group(GroupCode(row.key("code")), row.text("name"))


def _department(row: TableRow, known_groups: Collection[str]) -> Department:
    code = row.key("code")
    if code and not is_social_credit_code(code):
        row.refuse("code", *bad_credit_code(code))
    groups = row.listed("groups")
    for group in groups:
        row.reference("groups", group, known_groups, GROUPS)
    return Department(DepartmentCode(code), row.text("name"), row.optional("region"), tuple(map(GroupCode, groups)))


def _application(row: TableRow, departments: Collection[str], keys: Collection[str]) -> Application:
    return Application(
        id=ApplicationId(row.key("id")),
        name=row.text("name"),
        department=_owner(row, departments),
        matters=tuple(map(Matter, row.listed("matter"))),
        auth_level=_level(row),
        network_zone=row.choice("network_zone", NetworkZone),
        public_key=_public_key(row, keys),
    )


def _user(row: TableRow, departments: Collection[str]) -> User:
    named = [row.member("roles", name, Role) for name in row.listed("roles")]
    roles = tuple(role for role in named if role is not None)
    if exclusive := held_exclusive_roles(roles):
        row.refuse("roles", *roles_together(exclusive))
    return User(
        id=UserId(row.key("id")),
        name=row.text("name"),
        department=_owner(row, departments),
        roles=roles,
        auth_level=_level(row),
        network_zone=row.choice("network_zone", NetworkZone),
    )


def _owner(row: TableRow, departments: Collection[str]) -> DepartmentCode:
    code = row.text("department")
    row.reference("department", code, departments, DEPARTMENTS)
    return DepartmentCode(code)


def _level(row: TableRow) -> int | None:
    text = row.optional("auth_level")
    if text is None or text in _LEVELS:
        return None if text is None else int(text)
    row.refuse(
        "auth_level",
        Text(en=f"`{shorten(text)}` is no level", zh=f"`{shorten(text)}` 不是认证级别"),
        Text(en="write 0, 1, 2 or 3, or leave it empty", zh="请填写 0、1、2 或 3，或留空"),
    )
    return None


def _public_key(row: TableRow, keys: Collection[str]) -> str | None:
    """Return the key's path below keys/; it may be written with `keys/` before it."""
    text = row.optional("public_key")
    if text is None:
        return None
    path = text.removeprefix("keys/")
    row.reference("public_key", path, keys, "keys/")
    return path
