"""A department, group, application or person as a JSON document: the columns of a bundle's tables, and the standing."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar, assert_never

from portal.catalog.codes import is_social_credit_code
from portal.catalog.members import Members, doubled, shorten
from portal.conditions.tree import ValueType
from portal.conditions.values import parse_value
from portal.errors import BadInput, Fault, Text
from portal.identity.claims import MAX_AUTH_LEVEL, is_subject_id
from portal.identity.register_faults import bad_credit_code, roles_together
from portal.identity.registered import REGISTERED_MEMBERS, RegisteredKind
from portal.identity.registry import (
    Application,
    ApplicationStatus,
    Department,
    DepartmentStatus,
    Group,
    Registered,
    Successor,
    User,
    UserStatus,
    held_exclusive_roles,
)
from portal.json_text import JsonValue
from portal.vocabulary import (
    ApplicationId,
    DepartmentCode,
    EntryCode,
    GroupCode,
    Matter,
    NetworkZone,
    PolicyId,
    Role,
    UserId,
)

SUCCESSOR_MEMBERS = ("code", "policies", "entries")

_FOLLOWED_BY_ONE = (DepartmentStatus.MERGED, DepartmentStatus.RENAMED)
_ACCOUNTS = {
    ApplicationStatus.REGISTERED: ((False, False),),
    ApplicationStatus.RECOGNISED: ((True, False),),
    # Neither: it was approved as it was loaded from a bundle.
    ApplicationStatus.APPROVED: ((True, True), (False, False)),
}
"""Whether it must be said who recognised and who approved an application; of a disabled one it may be either way."""

_Closed = TypeVar("_Closed", bound=StrEnum)


def parse_registered(kind: RegisteredKind, document: JsonValue, place: str) -> tuple[Registered | None, list[Fault]]:
    """Return what a JSON document registers, and every fault in it by itself; what it refers to isn't looked up.

    INVARIANT: a value that comes with faults only stands in for itself; nothing else may use it. It is None where the
    document is no object.
    """
    if not isinstance(document, dict):
        what = Text(en=f"a registered {kind} is one JSON object", zh="登记事项应为一个 JSON 对象")
        return None, [Fault(place, None, "", what, Text(en="write it as `{…}`", zh="请写成 `{…}`"))]
    members = Members(document, place).checked(REGISTERED_MEMBERS[kind])
    return _parse(kind, members), members.faults


def _parse(kind: RegisteredKind, members: Members) -> Registered:
    match kind:
        case RegisteredKind.DEPARTMENT:
            return _department(members)
        case RegisteredKind.GROUP:
            return Group(GroupCode(_key(members, "code")), members.text("name"))
        case RegisteredKind.APPLICATION:
            return _application(members)
        case RegisteredKind.USER:
            return _user(members)
    assert_never(kind)


def _department(members: Members) -> Department:
    code = _key(members, "code")
    if code and not is_social_credit_code(code):
        members.refuse("code", *bad_credit_code(code))
    parent = members.optional_text("parent")
    department = Department(
        code=DepartmentCode(code),
        name=members.text("name"),
        region=members.optional_text("region"),
        groups=tuple(map(GroupCode, members.names("groups"))),
        parent=None if parent is None else DepartmentCode(parent),
        status=_status(members, tuple(DepartmentStatus)),
        successors=tuple(_successor(part) for part in members.parts("successors")),
        since=_day(members, "since"),
    )
    _check_succession(members, department)
    return department


def _successor(part: Members) -> Successor:
    known = part.checked(SUCCESSOR_MEMBERS)
    return Successor(
        DepartmentCode(known.text("code")),
        tuple(map(PolicyId, known.names("policies"))),
        tuple(map(EntryCode, known.names("entries"))),
    )


def _check_succession(members: Members, department: Department) -> None:
    """Note where the successors don't fit what became of the department."""
    if department.parent == department.code and department.code:
        members.refuse(
            "parent",
            Text(en="the department is above itself", zh="部门以自身为上级"),
            Text(en="name the one above it, or leave it out", zh="请填写其上级部门，或留空"),
        )
    codes = [successor.code for successor in department.successors]
    if (said := _misfit(department.status, len(set(codes)))) is not None:
        members.refuse("successors", *said)
    if department.code in codes or doubled(codes):
        members.refuse(
            "successors",
            Text(en="a successor is the department itself, or there twice", zh="后继部门为该部门自身，或重复"),
            Text(en="name each other department once", zh="每个后继部门只写一次，且不得为自身"),
        )
    is_split = department.status is DepartmentStatus.SPLIT
    if not is_split and any(successor.policies or successor.entries for successor in department.successors):
        members.refuse(
            "successors",
            Text(en="policies or entries are shared out though nothing is split", zh="未拆分却分配了策略或条目"),
            Text(en="leave them out: all of them follow", zh="请删除：全部随之转移"),
        )
    for name in ("policies", "entries"):
        for twice in doubled(key for successor in department.successors for key in getattr(successor, name)):
            members.refuse(
                "successors",
                Text(en=f"`{shorten(twice)}` goes to two successors", zh=f"`{shorten(twice)}` 分给了两个后继部门"),
                Text(en="let it follow one of them", zh="请只随其中一个"),
            )


def _misfit(status: DepartmentStatus, successors: int) -> tuple[Text, Text] | None:
    """Return what to say where so many successors don't fit the status, None where they do."""
    if status in _FOLLOWED_BY_ONE and successors != 1:
        wanted = Text(en="name one successor", zh="请填写一个后继部门")
    elif status is DepartmentStatus.SPLIT and successors < 2:
        wanted = Text(en="name two successors or more", zh="请填写两个以上后继部门")
    elif status in (DepartmentStatus.ACTIVE, DepartmentStatus.DISSOLVED) and successors:
        wanted = Text(en="leave the successors out, or write what became of it", zh="请删除后继部门，或填写其变更情况")
    else:
        return None
    return Text(en=f"`{status}` with {successors} successors", zh=f"`{status}` 有 {successors} 个后继部门"), wanted


def _application(members: Members) -> Application:
    application = Application(
        id=ApplicationId(_subject_id(members)),
        name=members.text("name"),
        department=DepartmentCode(members.text("department")),
        matters=tuple(map(Matter, members.names("matter"))),
        auth_level=_level(members),
        network_zone=_zone(members),
        public_key=_public_key(members),
        # Never left out: who forgets it must neither let an application in nor shut one out.
        status=members.choice("status", tuple(ApplicationStatus)),
        contact=members.optional_text("contact"),
        recognised_by=members.optional_text("recognised_by"),
        approved_by=members.optional_text("approved_by"),
        since=_day(members, "since"),
    )
    is_said = members.document.get("status") == application.status.value
    if is_said and (said := _unaccounted(application)) is not None:
        members.refuse("status", *said)
    return application


def _unaccounted(application: Application) -> tuple[Text, Text] | None:
    """Return what to say where who recognised or approved an application doesn't fit how far it came."""
    named = application.recognised_by is not None, application.approved_by is not None
    if named in _ACCOUNTS.get(application.status, (named,)):
        return None
    return (
        Text(
            en=f"`{application.status}` doesn't fit `recognised_by` and `approved_by`",
            zh=f"`{application.status}` 与 `recognised_by`、`approved_by` 不符",
        ),
        Text(
            en="a registered one has neither, a recognised one the first, an approved one both",
            zh="已登记的两者皆无，已识别的有前者，已批准的两者皆有",
        ),
    )


def _user(members: Members) -> User:
    user = User(
        id=UserId(_subject_id(members)),
        name=members.text("name"),
        department=DepartmentCode(members.text("department")),
        roles=_roles(members),
        auth_level=_level(members),
        network_zone=_zone(members),
        status=_status(members, tuple(UserStatus)),
        filed_on=_day(members, "filed_on"),
        filing=members.optional_text("filing"),
        since=_day(members, "since"),
    )
    if exclusive := held_exclusive_roles(user.roles):
        members.refuse("roles", *roles_together(exclusive))
    if user.filed_on is None and user.filing is not None:
        members.refuse(
            "filing",
            Text(en="a number without the day of filing", zh="有备案编号而无备案日期"),
            Text(en="write `filed_on`", zh="请填写 `filed_on`"),
        )
    if user.filed_on is not None and Role.INFORMATION_MANAGER not in user.roles:
        members.refuse(
            "filed_on",
            Text(en="filed, and no information manager", zh="已备案，但不是信息资源管理员"),
            Text(en="add the role, or leave the filing out", zh="请添加该角色，或删除备案信息"),
        )
    return user


def _roles(members: Members) -> tuple[Role, ...]:
    given = members.document.get("roles")
    return () if given is None else members.choices("roles", tuple(Role))


def _status(members: Members, values: Sequence[_Closed]) -> _Closed:
    """Return the status; left out it is the first of them: active."""
    return values[0] if members.document.get("status") is None else members.choice("status", values)


def _key(members: Members, name: str) -> str:
    text = members.text(name)
    if text != text.strip() or not text.isprintable():
        members.refuse(
            name,
            Text(
                en=f"`{shorten(text)}` has spaces around it or control characters",
                zh=f"`{shorten(text)}` 首尾有空白或含控制字符",
            ),
            Text(en="remove them: nothing is trimmed", zh="请删除，系统不会自动去除"),
        )
    return text


def _subject_id(members: Members) -> str:
    text = _key(members, "id")
    if text.isprintable() and text and not is_subject_id(text):
        members.refuse(
            "id",
            Text(en=f"`{shorten(text)}` is too long for a token", zh=f"`{shorten(text)}` 过长，无法写入令牌"),
            Text(en="write 1 to 256 characters", zh="请填写 1 至 256 个字符"),
        )
    return text


def _level(members: Members) -> int | None:
    return None if members.document.get("auth_level") is None else members.whole("auth_level", 0, MAX_AUTH_LEVEL)


def _zone(members: Members) -> NetworkZone | None:
    given = members.document.get("network_zone")
    return None if given is None else members.choice("network_zone", tuple(NetworkZone))


def _public_key(members: Members) -> str | None:
    """Return the key's path below keys/; it may be written with `keys/` before it."""
    text = members.optional_text("public_key")
    return None if text is None else text.removeprefix("keys/")


def _day(members: Members, name: str) -> date | None:
    text = members.optional_text(name)
    if text is None:
        return None
    try:
        day = parse_value(text, ValueType.DATE)
    except BadInput as refused:
        members.refuse(name, refused.text, Text(en="or leave it out", zh="或留空"))
        return None
    return day if isinstance(day, date) else None
