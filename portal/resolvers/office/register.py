"""The field `register`: who is registered and how each stands, for those whose duty it is to know (E2, E4)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Generic, TypeVar

import strawberry

from portal.audit.records import Act, ActRecord
from portal.certificates.key_files import HeldKey, held_keys
from portal.conditions.values import check_text, render_instant
from portal.errors import BadInput, PortalError, Text
from portal.identity.registry import Application, Department, Group, Registry, User, is_admitted
from portal.identity.successions import predecessors_of
from portal.policies.duties import Operation
from portal.policies.information_point import PortalContent
from portal.resolvers.context import RequestContext, portal_field_error
from portal.resolvers.root import Info
from portal.schema.register_types import (
    ApplicationPageType,
    DepartmentPageType,
    GroupPageType,
    KeyPageType,
    RegisteredApplicationType,
    RegisteredDepartmentType,
    RegisteredGroupType,
    RegisteredKeyType,
    RegisteredUserType,
    SuccessorType,
    UserPageType,
)
from portal.schema.scalars import Date, DateTime
from portal.schema.static import PageInfoType
from portal.vocabulary import DepartmentCode, Role

PAGE_LIMIT = 500
DEFAULT_PAGE = 50

_Member = TypeVar("_Member")


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """Which page is asked for; `search` is part of a code, id or name, `after` the code or id before."""

    search: str | None
    first: int | None
    after: str | None


@dataclass(frozen=True, slots=True)
class _Page(Generic[_Member]):
    members: Sequence[_Member]
    info: PageInfoType
    total: int


@strawberry.type(name="Register", description="登记册：部门、部门组、应用、人员、证书；均按代码排序")
class RegisterType:
    """The register of the content under which the request is answered."""

    content: strawberry.Private[PortalContent]

    @strawberry.field(description="部门；parent 只取其直接下级，为空文本时只取无上级者")  # type: ignore[untyped-decorator]
    def departments(
        self,
        info: Info,
        search: str | None = None,
        parent: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> DepartmentPageType:
        """Return a page of departments."""
        registry = self.content.registry
        below = Counter(one.parent for one in registry.departments.values() if one.parent is not None)
        found = [one for one in registry.departments.values() if parent is None or (one.parent or "") == parent]
        page = _page(info.context, PageQuestion(search, first, after), found, lambda one: (one.code, one.name))
        nodes = [_department_value(one, below[one.code], registry) for one in page.members]
        return DepartmentPageType(nodes=nodes, page_info=page.info, total_count=page.total)

    @strawberry.field(description="部门组；department 只取其所在的组")  # type: ignore[untyped-decorator]
    def groups(
        self,
        info: Info,
        search: str | None = None,
        department: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> GroupPageType:
        """Return a page of groups."""
        registry = self.content.registry
        members = {
            code: sorted(one.code for one in registry.departments.values() if code in one.groups)
            for code in registry.groups
        }
        found = [one for one in registry.groups.values() if department is None or department in members[one.code]]
        page = _page(info.context, PageQuestion(search, first, after), found, lambda one: (one.code, one.name))
        nodes = [_group_value(one, members[one.code]) for one in page.members]
        return GroupPageType(nodes=nodes, page_info=page.info, total_count=page.total)

    @strawberry.field(description="应用；department 只取其应用")  # type: ignore[untyped-decorator]
    def applications(
        self,
        info: Info,
        search: str | None = None,
        department: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> ApplicationPageType:
        """Return a page of applications."""
        registry = self.content.registry
        found = [one for one in registry.applications.values() if department in (None, one.department)]
        page = _page(info.context, PageQuestion(search, first, after), found, lambda one: (one.id, one.name))
        nodes = [_application_value(one, registry) for one in page.members]
        return ApplicationPageType(nodes=nodes, page_info=page.info, total_count=page.total)

    @strawberry.field(description="人员；search 也按部门代码查找，role 只取具有该角色者")  # type: ignore[untyped-decorator]
    def users(
        self,
        info: Info,
        search: str | None = None,
        role: Role | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> UserPageType:
        """Return a page of persons."""
        registry = self.content.registry
        found = [one for one in registry.users.values() if role is None or role in one.roles]
        question = PageQuestion(search, first, after)
        page = _page(info.context, question, found, lambda one: (one.id, one.name, one.department))
        nodes = [_user_value(one, registry) for one in page.members]
        return UserPageType(nodes=nodes, page_info=page.info, total_count=page.total)

    @strawberry.field(description="keys/ 中的证书和公钥")  # type: ignore[untyped-decorator]
    def keys(
        self, info: Info, search: str | None = None, first: int | None = None, after: str | None = None
    ) -> KeyPageType:
        """Return a page of certificates and public keys, each under its file and its place in it."""
        held = [
            (f"{path}#{place:03}", path, key)
            for path, content in self.content.key_files.items()
            for place, key in enumerate(held_keys(content))
        ]
        question = PageQuestion(search, first, after)
        page = _page(info.context, question, held, lambda one: (one[0], one[2].subject or one[2].key_id))
        nodes = [_key_value(path, key, self.content.registry) for _, path, key in page.members]
        return KeyPageType(nodes=nodes, page_info=page.info, total_count=page.total)


@strawberry.type(description="登记册")
class RegisterFields:
    """What is asked of the register."""

    @strawberry.field(description="登记册；每次查阅均记入审计日志")  # type: ignore[untyped-decorator]
    async def register(self, info: Info) -> RegisterType:
        """Return the register, once it is on record who looked at it: it names persons."""
        context = info.context
        with _failing_here(context):
            context.office.duties.check(context.actor, Operation.VIEW_REGISTER)
            await context.road.recorder.record_act(_reading(context))
            return RegisterType(content=context.point.snapshot.content)


def _reading(context: RequestContext) -> ActRecord:
    subject, asker = context.subject, context.asker
    return ActRecord(
        time=context.road.now(),
        subject=subject.name,
        department=subject.department,
        application=subject.application,
        user=subject.user,
        act=Act.REGISTER_READ,
        target="register",
        client_address=None if asker.client_address is None else str(asker.client_address),
        request_id=asker.request_id,
    )


@contextmanager
def _failing_here(context: RequestContext) -> Iterator[None]:
    try:
        yield
    except PortalError as failure:
        raise portal_field_error(failure, context.language) from None


def _page(
    context: RequestContext,
    question: PageQuestion,
    members: Sequence[_Member],
    names_of: Callable[[_Member], tuple[str, ...]],
) -> _Page[_Member]:
    """Return the page of those that are searched, in the order of the first of their names, behind `after`."""
    with _failing_here(context):
        wanted, after = (check_text(text or "") for text in (question.search, question.after))
        rows = _page_size(question.first)
    found = sorted((one for one in members if _is_searched(wanted, names_of(one))), key=lambda one: names_of(one)[0])
    following = [one for one in found if names_of(one)[0] > after]
    shown = following[:rows]
    end = names_of(shown[-1])[0] if shown else None
    return _Page(shown, PageInfoType(has_next_page=len(following) > rows, end_cursor=end), len(found))


def _is_searched(wanted: str, names: tuple[str, ...]) -> bool:
    return any(wanted.casefold() in name.casefold() for name in names)


def _page_size(first: int | None) -> int:
    rows = DEFAULT_PAGE if first is None else first
    if not 1 <= rows <= PAGE_LIMIT:
        raise BadInput(
            Text(en=f"`first` is {rows}; write 1 to {PAGE_LIMIT}", zh=f"`first` 为 {rows}，应为 1 至 {PAGE_LIMIT}")
        )
    return rows


def _day(day: date | None) -> Date | None:
    return None if day is None else Date(day.isoformat())


def _department_value(department: Department, below: int, registry: Registry) -> RegisteredDepartmentType:
    return RegisteredDepartmentType(
        code=department.code,
        name=department.name,
        region=department.region,
        groups=[str(group) for group in department.groups],
        parent=department.parent,
        below=below,
        status=department.status,
        successors=[
            SuccessorType(code=one.code, policies=[*map(str, one.policies)], entries=[*map(str, one.entries)])
            for one in department.successors
        ],
        before=partial(predecessors_of, registry, DepartmentCode(department.code)),
        since=_day(department.since),
    )


def _group_value(group: Group, members: list[DepartmentCode]) -> RegisteredGroupType:
    return RegisteredGroupType(code=group.code, name=group.name, departments=[*map(str, members)])


def _application_value(application: Application, registry: Registry) -> RegisteredApplicationType:
    return RegisteredApplicationType(
        id=application.id,
        name=application.name,
        department=application.department,
        matters=[*map(str, application.matters)],
        auth_level=application.auth_level,
        network_zone=application.network_zone,
        public_key=application.public_key,
        status=application.status,
        contact=application.contact,
        recognised_by=application.recognised_by,
        approved_by=application.approved_by,
        since=_day(application.since),
        admitted=is_admitted(application, registry),
    )


def _user_value(user: User, registry: Registry) -> RegisteredUserType:
    return RegisteredUserType(
        id=user.id,
        name=user.name,
        department=user.department,
        roles=[*user.roles],
        auth_level=user.auth_level,
        network_zone=user.network_zone,
        status=user.status,
        filed_on=_day(user.filed_on),
        filing=user.filing,
        since=_day(user.since),
        admitted=is_admitted(user, registry),
    )


def _key_value(path: str, key: HeldKey, registry: Registry) -> RegisteredKeyType:
    return RegisteredKeyType(
        path=path,
        key_id=key.key_id,
        subject=key.subject,
        issuer=key.issuer,
        not_after=None if key.not_after is None else DateTime(render_instant(key.not_after)),
        applications=sorted(str(one.id) for one in registry.applications.values() if one.public_key == path),
    )
