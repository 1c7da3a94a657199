"""The register: whether it holds together, who is filed with the authority, and accounts that nobody uses."""

from collections.abc import Iterator, Sequence

from portal.audit.dormancy import DORMANT_AFTER, is_dormant
from portal.diagnosis.content import stored_content
from portal.diagnosis.findings import Area, Finding, good, warning
from portal.diagnosis.installation import Installation
from portal.errors import Language, PolicyUnavailable, Text
from portal.identity.register_checks import validate_register
from portal.identity.registry import DepartmentStatus, Registry, UserStatus
from portal.identity.rows import load_registry
from portal.policies.information_point import left_by_ended_departments, parse_content
from portal.storage.content import StoredContent
from portal.storage.examining import examined
from portal.storage.tables import key_files
from portal.vocabulary import Role

_SHOWN = 5


def check_register(installation: Installation) -> Iterator[Finding]:
    """Yield what in the register refers to nothing, and what departments that ended left to nobody."""
    content = _readable(installation)
    if content is None:
        return
    faults = validate_register(load_registry(content), content.active(key_files))
    if faults:
        yield warning(
            Area.CONTENT,
            "register",
            Text(
                en=f"the register doesn't hold together: {_some([one.render(Language.ENGLISH) for one in faults])}",
                zh=f"登记册前后不符：{_some([one.render(Language.CHINESE) for one in faults])}",
            ),
            Text(en="draft a change of the register that mends it", zh="请起草变更以修正登记册"),
        )
    if left := left_by_ended_departments(content):
        yield warning(
            Area.CONTENT,
            "successions",
            Text(en=_some([line.en for line in left]), zh=_some([line.zh for line in left])),
            Text(
                en="name a successor for each in the department's succession, or withdraw it",
                zh="请在部门变更中逐一指明后继部门，或予以撤销",
            ),
        )


def check_managers(installation: Installation) -> Iterator[Finding]:
    """Yield which departments have no information manager filed with the authority (NT-28 FJ-24).

    A portal in which nobody was ever filed is told so once, not for each department.
    """
    content = _readable(installation)
    if content is None:
        return
    registry = load_registry(content)
    filed: set[str] = {
        user.department
        for user in registry.users.values()
        if user.filed_on is not None and user.status is UserStatus.ACTIVE and Role.INFORMATION_MANAGER in user.roles
    }
    if not any(user.filed_on for user in registry.users.values()):
        text = Text(
            en="no information manager is on file; register the filings where a regulation asks for them (NT-28 FJ-24)",
            zh="尚无信息资源管理员备案；规章有要求的（南通第二十八条、福建第二十四条），请登记备案信息",
        )
        yield good(Area.CONTENT, "managers", text)
    elif without := _active_departments(registry) - filed:
        yield warning(
            Area.CONTENT,
            "managers",
            Text(
                en=f"{len(without)} departments without a filed information manager: {_some(sorted(without))}",
                zh=f"{len(without)} 个部门没有已备案的信息资源管理员：{_some(sorted(without))}",
            ),
            Text(
                en="file one with the authority, and register day and number",
                zh="请向主管部门备案，并登记备案日期和编号",
            ),
        )
    else:
        yield good(
            Area.CONTENT,
            "managers",
            Text(
                en=f"each of {len(filed)} departments has a filed information manager",
                zh=f"{len(filed)} 个部门均有已备案的信息资源管理员",
            ),
        )


def check_dormant_accounts(installation: Installation) -> Iterator[Finding]:
    """Yield which accounts of persons nobody has used for 90 days, by the log (T55)."""
    content = _readable(installation)
    if content is None:
        return
    active = [user for user in load_registry(content).users.values() if user.status is UserStatus.ACTIVE]
    with examined(installation.settings.database_url) as connection:
        dormant = sorted(user.id for user in active if is_dormant(connection, user, installation.now))
    if dormant:
        days = DORMANT_AFTER.days
        yield warning(
            Area.CONTENT,
            "dormant_accounts",
            Text(
                en=f"{len(dormant)} accounts weren't used for {days} days: {_some(dormant)}",
                zh=f"{len(dormant)} 个账户已 {days} 天未使用：{_some(dormant)}",
            ),
            Text(
                en="disable those that nobody needs; who is let in again is registered anew with the day",
                zh="请停用不再需要的账户；恢复使用的，请重新登记并填写日期",
            ),
        )


def _readable(installation: Installation) -> StoredContent | None:
    """Return the content, None where it isn't there or can't be read: a check of its own says so."""
    content = stored_content(installation)
    if content is None:
        return None
    try:
        parse_content(content)
    except PolicyUnavailable:
        return None
    return content


def _active_departments(registry: Registry) -> set[str]:
    return {code for code, one in registry.departments.items() if one.status is DepartmentStatus.ACTIVE}


def _some(names: Sequence[str]) -> str:
    """Return the first few, and how many more there are."""
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f", … (+{rest})" if rest > 0 else "")
