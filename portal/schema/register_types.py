"""GraphQL types of the register: who is registered and how each stands, and the certificates and keys."""

from collections.abc import Callable

import strawberry

from portal.identity.registry import ApplicationStatus, DepartmentStatus, UserStatus
from portal.schema.scalars import Date, DateTime
from portal.schema.static import PageInfoType
from portal.vocabulary import NetworkZone, Role

# GraphQL shows the members' names, in capitals.
strawberry.enum(DepartmentStatus, name="DepartmentStatus", description="部门登记状态")
strawberry.enum(UserStatus, name="UserStatus", description="账户状态")
strawberry.enum(Role, name="Role", description="角色")


@strawberry.type(name="Successor", description="后继部门；拆分时列出随之转移的策略和目录条目")
class SuccessorType:
    """A department that follows another one."""

    code: str
    policies: list[str]
    entries: list[str]


@strawberry.type(name="RegisteredDepartment", description="登记的部门")
class RegisteredDepartmentType:
    """A department, its place in the tree, and what became of it."""

    code: str
    name: str
    region: str | None
    groups: list[str]
    parent: str | None
    below: strawberry.Private[int]
    status: DepartmentStatus
    successors: list[SuccessorType]
    before: strawberry.Private[Callable[[], tuple[str, ...]]]
    since: Date | None

    @strawberry.field(description="直接下级部门数")  # type: ignore[untyped-decorator]
    def children_count(self) -> int:
        """Return how many departments name it as the one above them."""
        return self.below

    @strawberry.field(description="并入本部门或由本部门承继的原部门代码，含间接的")  # type: ignore[untyped-decorator]
    def predecessors(self) -> list[str]:
        """Return the codes of those that it follows."""
        return list(self.before())


@strawberry.type(name="RegisteredGroup", description="部门组")
class RegisteredGroupType:
    """A group of departments."""

    code: str
    name: str
    departments: list[str]


@strawberry.type(name="RegisteredApplication", description="登记的应用")
class RegisteredApplicationType:
    """An application, and how far its registration came."""

    id: str
    name: str
    department: str
    matters: list[str]
    auth_level: int | None
    network_zone: NetworkZone | None
    public_key: str | None
    status: ApplicationStatus
    contact: str | None
    recognised_by: str | None
    approved_by: str | None
    since: Date | None
    admitted: bool = strawberry.field(description="现在是否可以访问：已获批准，且其部门有效")


@strawberry.type(name="RegisteredUser", description="登记的人员")
class RegisteredUserType:
    """A person's account, roles, and filing with the authority."""

    id: str
    name: str
    department: str
    roles: list[Role]
    auth_level: int | None
    network_zone: NetworkZone | None
    status: UserStatus
    filed_on: Date | None
    filing: str | None
    since: Date | None
    admitted: bool = strawberry.field(description="现在是否可以访问：账户有效，且其部门有效")


@strawberry.type(name="RegisteredKey", description="keys/ 中的证书或公钥")
class RegisteredKeyType:
    """A certificate or public key below keys/. A public key alone has neither subject nor term."""

    path: str
    key_id: str = strawberry.field(description="公钥的 SHA-256（DER，十六进制）")
    subject: str | None
    issuer: str | None
    not_after: DateTime | None
    applications: list[str] = strawberry.field(description="以此文件为公钥的应用")


@strawberry.type(name="DepartmentPage", description="部门的一页")
class DepartmentPageType:
    """A page of departments, by code."""

    nodes: list[RegisteredDepartmentType]
    page_info: PageInfoType
    total_count: int


@strawberry.type(name="GroupPage", description="部门组的一页")
class GroupPageType:
    """A page of groups, by code."""

    nodes: list[RegisteredGroupType]
    page_info: PageInfoType
    total_count: int


@strawberry.type(name="ApplicationPage", description="应用的一页")
class ApplicationPageType:
    """A page of applications, by id."""

    nodes: list[RegisteredApplicationType]
    page_info: PageInfoType
    total_count: int


@strawberry.type(name="UserPage", description="人员的一页")
class UserPageType:
    """A page of persons, by id."""

    nodes: list[RegisteredUserType]
    page_info: PageInfoType
    total_count: int


@strawberry.type(name="KeyPage", description="证书和公钥的一页")
class KeyPageType:
    """A page of certificates and public keys, by path."""

    nodes: list[RegisteredKeyType]
    page_info: PageInfoType
    total_count: int
