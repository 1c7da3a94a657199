"""GraphQL types that don't depend on the catalog's content: the catalog itself, and who asks."""

from collections.abc import Awaitable, Callable

import strawberry

from portal.catalog.entries import EntryKind, EntryStatus, UpdateCycle
from portal.identity.registry import ApplicationStatus
from portal.schema.scalars import Date, DateTime
from portal.vocabulary import Mode, NetworkZone, ShareClass

# GraphQL shows the members' names, in capitals.
strawberry.enum(EntryKind, name="EntryKind", description="目录条目的类：基础、主题、部门")
strawberry.enum(EntryStatus, name="EntryStatus", description="目录条目的状态")
strawberry.enum(ShareClass, name="ShareClass", description="共享类型：无条件、有条件、不予共享")
strawberry.enum(Mode, name="ShareMode", description="共享方式")
strawberry.enum(UpdateCycle, name="UpdateCycle", description="更新周期")
strawberry.enum(ApplicationStatus, name="ApplicationStatus", description="应用登记状态")
strawberry.enum(NetworkZone, name="NetworkZone", description="网络区域")


@strawberry.type(name="Department", description="部门")
class DepartmentType:
    """A department."""

    code: str
    name: str


@strawberry.type(name="PermittedPurpose", description="可读取的用途及期限；purpose 为 null 表示无须注明用途")
class PermittedPurposeType:
    """A purpose that an item may be read for. `scoped`: in the rows of a scope alone."""

    purpose: str | None
    valid_until: DateTime | None
    scoped: bool


@strawberry.type(name="ItemAccess", description="请求主体能否读取信息项：可用于哪些用途、至何时；不能则为何、如何改变")
class ItemAccessType:
    """Whether the subject may read an item now, by query; `code` and `advice` where it may for no purpose."""

    permitted: bool
    purposes: list[PermittedPurposeType]
    code: str | None
    advice: str | None


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
    decided: strawberry.Private[Callable[[str], ItemAccessType | None]]

    @strawberry.field(description="请求主体能否读取；仅 catalogEntry 回答，列表中为 null")  # type: ignore[untyped-decorator]
    def access(self) -> ItemAccessType | None:
        """Return whether the subject may read the item: it is decided only where it is asked for."""
        return self.decided(self.identifier)


@strawberry.type(name="CatalogLink", description="条目之间的关联")
class LinkType:
    """A link of an entry to another."""

    identifier: str
    items: list[str]
    target: str
    target_items: list[str]
    many: bool


@strawberry.type(name="CodeLevel", description="分级代码的一级：取自哪个条目")
class CodeLevelType:
    """A level of codes that stand in levels."""

    entry: str = strawberry.field(description="条目标识符")
    key: str = strawberry.field(description="代码所在的信息项")
    label: str | None = strawberry.field(description="代码名称所在的信息项")
    parent: str | None = strawberry.field(description="上级代码所在的信息项；最高一级为 null")


@strawberry.type(name="CodeHierarchy", description="取值为分级代码的信息项，如区划代码；下级代码以上级代码开头")
class CodeHierarchyType:
    """An item whose codes stand in levels, the topmost first."""

    item: str
    levels: list[CodeLevelType]


@strawberry.type(name="RelatedEntry", description="关联的目录条目")
class RelatedEntryType:
    """An entry that another names as related. It has no related ones itself, so that no answer grows by nesting."""

    code: str
    identifier: str
    name: str
    provider: DepartmentType
    abstract: str
    kind: EntryKind
    share_class: ShareClass
    open: bool
    status: EntryStatus


@strawberry.type(name="Freshness", description="数据行的新鲜程度")
class FreshnessType:
    """How fresh an entry's rows are, by its update cycle."""

    updated_at: DateTime = strawberry.field(description="数据行最近一次装载、替换或追加的时间")
    due_at: DateTime | None = strawberry.field(description="按更新周期，自此时起逾期；周期不定者为 null")
    is_overdue: bool = strawberry.field(description="现在是否已逾期")
    row_count: int | None = strawberry.field(description="行数；仅告知提供方，其他主体为 null")


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
    related_entries: list[RelatedEntryType]
    key: list[str]
    items: list[ItemType]
    links: list[LinkType]
    status: EntryStatus
    freshness: FreshnessType | None
    found_hierarchies: strawberry.Private[Callable[[], list[CodeHierarchyType]]]
    described: strawberry.Private[Callable[[], str | None]]

    @strawberry.field(description="取值为分级代码的信息项，如区划代码，及其各级条目")  # type: ignore[untyped-decorator]
    def hierarchies(self) -> list[CodeHierarchyType]:
        """Return the items whose codes stand in levels: they are looked for only where they are asked for."""
        return self.found_hierarchies()

    @strawberry.field(description="接口说明（Markdown），含可直接运行的示例；仅 catalogEntry 回答，列表中为 null")  # type: ignore[untyped-decorator]
    def interface_description(self) -> str | None:
        """Return how to ask for the entry, for who asks: it is written only where it is asked for."""
        return self.described()


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


@strawberry.type(name="FacetCount", description="分面的一个取值及其条目数；value 为筛选参数的写法")
class FacetCountType:
    """A value of a facet as the filter writes it, and how many entries have it; `name` is a provider's."""

    value: str
    name: str | None
    count: int


@strawberry.type(name="ClassCount", description="分类树中的一处及其下的条目数")
class ClassCountType:
    """A place in the class tree, from its root, and how many entries are at it or below."""

    path: list[str]
    count: int


@strawberry.type(name="CatalogFacets", description="分面统计：在其他筛选条件之下，各取值的条目数")
class CatalogFacetsType:
    """Counts over the result, each facet leaving its own filter aside; the most frequent first."""

    kind: list[FacetCountType]
    provider: list[FacetCountType]
    share_class: list[FacetCountType]
    open: list[FacetCountType]
    update_cycle: list[FacetCountType]
    classification: list[ClassCountType]


@strawberry.type(name="CatalogConnection", description="目录条目的一页")
class CatalogConnectionType:
    """A page of the catalog, in the order of codes, or of how well entries meet a search."""

    nodes: list[EntryType]
    edges: list[CatalogEdgeType]
    page_info: PageInfoType
    total_count: int
    counted: strawberry.Private[Callable[[], CatalogFacetsType]]

    @strawberry.field(description="分面统计")  # type: ignore[untyped-decorator]
    def facets(self) -> CatalogFacetsType:
        """Return the counts, which are made only where they are asked for."""
        return self.counted()


@strawberry.type(name="Access", description="本次访问的依据与回执")
class AccessType:
    """What an answer rests on: `policies` by id, the earliest end among them, the audit record's name.

    And how fresh the entry's rows are, by its update cycle.
    """

    policies: list[str]
    valid_until: DateTime | None
    receipt: strawberry.ID
    updated_at: DateTime | None = strawberry.field(description="数据行最近一次装载、替换或追加的时间")
    due_at: DateTime | None = strawberry.field(description="按更新周期，自此时起逾期；周期不定者为 null")
    is_overdue: bool | None = strawberry.field(description="现在是否已逾期")


@strawberry.type(name="EndingAgreement", description="30 日内到期的协议；withinDays 为 7 或 30")
class EndingAgreementType:
    """An agreement that names the subject and ends within 30 days; `within_days` is 7 where it ends within 7."""

    policy: str
    resource: str
    name: str
    valid_until: DateTime
    within_days: int


@strawberry.type(name="DailyQuota", description="一条策略的当日行数额度，按上海时间的自然日")
class DailyQuotaType:
    """What a record leaves of today's rows of an entry, by the calendar day of Asia/Shanghai."""

    policy: str
    resource: str
    name: str
    daily_rows: int
    left: int


@strawberry.type(name="Standing", description="到期与额度")
class StandingType:
    """What ends soon, and what is left of today; nothing for the public, which is told of no policy."""

    ending_agreements: list[EndingAgreementType]
    daily_quotas: list[DailyQuotaType]


@strawberry.type(name="OwnCertificate", description="应用登记的公钥或证书；仅有公钥时无主题、签发者和期限")
class OwnCertificateType:
    """What an application's assertions are verified with; `ends_in_days` is below 0 once it has ended."""

    key_id: str
    subject: str | None
    issuer: str | None
    not_after: DateTime | None
    ends_in_days: int | None


@strawberry.type(name="OwnApplication", description="本部门的应用")
class OwnApplicationType:
    """An application of the department of who asks, as it is registered and as it stands."""

    id: str
    name: str
    status: ApplicationStatus
    admitted: bool
    matters: list[str]
    auth_level: int | None
    network_zone: NetworkZone | None
    certificate: OwnCertificateType | None
    stood: strawberry.Private[Callable[[], Awaitable[StandingType]]]

    @strawberry.field(description="即将到期的协议与当日剩余额度")  # type: ignore[untyped-decorator]
    async def standing(self) -> StandingType:
        """Return what ends soon for it and what is left of its day."""
        return await self.stood()


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
    stood: strawberry.Private[Callable[[], Awaitable[StandingType]]]
    listed: strawberry.Private[Callable[[], list[OwnApplicationType]]]

    @strawberry.field(description="人员见本部门的应用，应用见其自身，按编号排列")  # type: ignore[untyped-decorator]
    def applications(self) -> list[OwnApplicationType]:
        """Return the department's applications for a person, itself for an application, none for the public."""
        return self.listed()

    @strawberry.field(description="即将到期的协议与当日剩余额度")  # type: ignore[untyped-decorator]
    async def standing(self) -> StandingType:
        """Return what ends soon and what is left of today; it is looked up only where it is asked for."""
        return await self.stood()
