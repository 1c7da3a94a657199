"""GraphQL types that don't depend on the catalog's content: the catalog itself, and who asks."""

import strawberry

from portal.catalog.entries import EntryKind, EntryStatus, UpdateCycle
from portal.schema.scalars import Date, DateTime
from portal.vocabulary import Mode, NetworkZone, ShareClass

# GraphQL shows the members' names, in capitals.
strawberry.enum(EntryKind, name="EntryKind", description="目录条目的类：基础、主题、部门")
strawberry.enum(EntryStatus, name="EntryStatus", description="目录条目的状态")
strawberry.enum(ShareClass, name="ShareClass", description="共享类型：无条件、有条件、不予共享")
strawberry.enum(Mode, name="ShareMode", description="共享方式")
strawberry.enum(UpdateCycle, name="UpdateCycle", description="更新周期")
strawberry.enum(NetworkZone, name="NetworkZone", description="网络区域")


@strawberry.type(name="Department", description="部门")
class DepartmentType:
    """A department."""

    code: str
    name: str


@strawberry.type(name="InformationItem", description="信息项")
class ItemType:
    """An information item of a catalog entry."""

    identifier: str
    name: str
    type: str
    length: int | None
    scale: int | None
    share_class: ShareClass
    open: bool
    sensitivity: int
    description: str | None
    share_condition: str | None
    legal_basis: str | None


@strawberry.type(name="CatalogLink", description="条目之间的关联")
class LinkType:
    """A link of an entry to another."""

    identifier: str
    items: list[str]
    target: str
    target_items: list[str]
    many: bool


@strawberry.type(name="CatalogEntry", description="目录条目")
class EntryType:
    """A catalog entry with its core metadata."""

    code: str
    identifier: str
    name: str
    provider: DepartmentType
    provider_unit: str | None
    abstract: str
    keywords: list[str]
    classification: list[str]
    format_category: str
    format_type: str
    kind: EntryKind
    grade: str | None
    share_class: ShareClass
    share_condition: str | None
    share_modes: list[Mode]
    use_requirements: str | None
    legal_basis: str | None
    open: bool
    open_condition: str | None
    update_cycle: UpdateCycle
    published_on: Date | None
    service_window: str | None
    handler: str | None
    related: list[str]
    key: list[str]
    items: list[ItemType]
    links: list[LinkType]
    status: EntryStatus


@strawberry.type(name="PageInfo", description="分页")
class PageInfoType:
    """Where a page stands."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type(name="CatalogEdge", description="目录条目及其游标")
class CatalogEdgeType:
    """An entry with its cursor."""

    cursor: str
    node: EntryType


@strawberry.type(name="CatalogConnection", description="目录条目的一页")
class CatalogConnectionType:
    """A page of the catalog, in the order of codes."""

    nodes: list[EntryType]
    edges: list[CatalogEdgeType]
    page_info: PageInfoType
    total_count: int


@strawberry.type(name="Access", description="本次访问的依据与回执")
class AccessType:
    """What an answer rests on: `policies` by id, the earliest end among them, and the audit record's name."""

    policies: list[str]
    valid_until: DateTime | None
    receipt: strawberry.ID


@strawberry.type(name="Me", description="请求主体")
class MeType:
    """The subject as the portal sees it now."""

    department: DepartmentType | None
    application: str | None
    user: str | None
    groups: list[str]
    roles: list[str]
    region: str | None
    matters: list[str]
    auth_level: int | None
    network_zone: NetworkZone | None
