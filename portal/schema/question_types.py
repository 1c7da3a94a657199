"""GraphQL types of questions on policies: who can see an item, what somebody can see, why something was refused."""

import strawberry

from portal.schema.scalars import DateTime
from portal.vocabulary import Mode


@strawberry.type(name="Sight", description="以同样方式可见一个信息项的主体")
class SightType:
    """Who can see an item, in the same way; `purposes` null is none stated, `matters` null any that isn't named."""

    who: list[str]
    purposes: list[str | None]
    modes: list[Mode]
    matters: list[str | None]
    until: DateTime | None
    scoped: bool
    conditional: bool
    policies: list[str]
    text: str


@strawberry.type(name="Permission", description="一个主体以同样方式可见的信息项")
class PermissionType:
    """What somebody can see of an entry, in the same way."""

    resource: str
    name: str = strawberry.field(description="条目名称；已不在目录中的为其代码")
    items: list[str]
    purposes: list[str | None]
    modes: list[Mode]
    matters: list[str | None]
    until: DateTime | None
    scoped: bool
    text: str


@strawberry.type(name="NamedPolicy", description="日志所载的一条策略，及其此后的变化")
class NamedPolicyType:
    """A record that the log names. `standing`: unchanged, changed or gone."""

    id: str
    version: int
    standing: str


@strawberry.type(name="ExplainedRefusal", description="一次拒绝及其原因")
class ExplainedRefusalType:
    """Why a request was refused. `moved`: policies, register or catalog were changed since."""

    resource: str
    items: list[str]
    code: str | None
    moved: bool
    policies: list[NamedPolicyType]
    lines: list[str]


@strawberry.input(name="SupposedViewer", description="设想中的主体：某部门，及其认证级别、网络区域和事项")
class SupposedViewerInput:
    """Somebody of a department, as they might be registered one day; the zone is `government` or `internet`."""

    department: str
    auth_level: int | None = None
    zone: str | None = None
    matter: str | None = None
