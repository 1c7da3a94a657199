"""GraphQL types of change sets: what is to change, what it would do, and how far it came."""

from collections.abc import Awaitable, Callable

import strawberry

from portal.administration.change_sets import ChangeKind, ChangeState, Step
from portal.administration.differences import ChangedThing, Differences
from portal.policies.impact import Way
from portal.schema.documents import Document
from portal.schema.scalars import DateTime
from portal.vocabulary import Mode

strawberry.enum(ChangedThing, name="ChangedThing", description="所变更内容的类别")
strawberry.enum(ChangeKind, name="ChangeKind", description="变更单的来源")
strawberry.enum(ChangeState, name="ChangeState", description="变更单的状态")
strawberry.enum(Way, name="ChangeWay", description="访问权限如何变化")
strawberry.enum(Step, name="ChangeStep", description="对变更单的操作")


@strawberry.type(name="ChangeFault", description="变更内容中的错误：位置、问题与改正方法")
class ChangeFaultType:
    """A fault of the change itself."""

    place: str
    what: str
    mend: str


@strawberry.type(name="ChangeFinding", description="检查发现：不可达、矛盾、被遮蔽、重叠、时间等")
class ChangeFindingType:
    """What the checks found; of severity `fault` it keeps the change from being submitted."""

    kind: str
    severity: str
    entry: str
    policies: list[str]
    items: list[str]
    what: str
    mend: str


@strawberry.type(name="ChangeGuarantee", description="对变更的保证：成立，或附反例")
class ChangeGuaranteeType:
    """A guarantee: it holds, or there is a counter-example; `accepted` where the author declared that it doesn't."""

    name: str
    holds: bool
    accepted: bool
    counter_example: str | None


@strawberry.type(name="ChangeImpact", description="影响：谁获得或失去哪些信息项")
class ChangeImpactType:
    """Who gains or loses which items of an entry, for which purposes, modes and matters, from when to when.

    A purpose that is null is none stated, a matter that is null any that no policy names, an end that is null none.
    Rows are those that the first of `who` is given now, and will be; null where they weren't counted.
    """

    who: list[str]
    resource: str
    way: Way
    items: list[str]
    purposes: list[str | None]
    modes: list[Mode]
    matters: list[str | None]
    since: DateTime
    until: DateTime | None
    policies: list[str]
    rows_before: int | None
    rows_after: int | None
    text: str


@strawberry.type(name="ChangeAssessment", description="变更若现在生效的后果；isSound 为真时可以提交")
class ChangeAssessmentType:
    """What a change would do now."""

    is_sound: bool
    faults: list[ChangeFaultType]
    findings: list[ChangeFindingType]
    broken_expectations: list[str]
    guarantees: list[ChangeGuaranteeType]
    impact: list[ChangeImpactType]


@strawberry.type(name="ChangeStepTaken", description="变更单经过的一步")
class ChangeStepTakenType:
    """A step that somebody took; `version` is the one that it led to."""

    version: int
    step: Step
    made_at: DateTime
    made_by: str
    note: str


@strawberry.type(name="ChangeDifference", description="一项内容变更前后的样子；为 null 即不存在")
class ChangeDifferenceType:
    """A thing before and after; null where there is none."""

    kind: ChangedThing
    id: str
    before: Document | None
    after: Document | None


@strawberry.type(name="ChangeDifferenceCount", description="某类内容新增、修改、撤销的数量")
class ChangeDifferenceCountType:
    """How many things of a kind are new, changed and gone."""

    kind: ChangedThing
    added: int
    changed: int
    withdrawn: int


@strawberry.type(name="ReleaseCombination", description="信息项组合：按其取值分组后的行数；未能及时统计的为 null")
class ReleaseCombinationType:
    """Items, and how rows fall into groups by their values; null where that couldn't be counted in time.

    `alone` are rows that no other row is like, `inSmall` rows in groups smaller than `smallestGroup`.
    """

    items: list[str]
    groups: int | None
    alone: int | None
    in_small: int | None


@strawberry.type(name="ReleaseEncounter", description="可与之关联的其他已开放条目；rows 为恰好对应其中一行的行数")
class ReleaseEncounterType:
    """Another open entry that rows can be joined with; `alone` are rows that are alone in fitting the row they fit."""

    entry: str
    items: list[str]
    its_items: list[str]
    rows: int | None
    alone: int | None


@strawberry.type(name="ReleaseReport", description="可识别性报告：公众凭所开放的信息项能区分到什么程度")
class ReleaseReportType:
    """What rows can be told apart by. `leftOut` can't be grouped by; `unweighed` counts what wasn't looked at.

    `rows` is null where they couldn't be counted in time. `lookedAt` goes with the approval.
    """

    smallest_group: int
    rows: int | None
    items: list[str]
    left_out: list[str]
    combinations: list[ReleaseCombinationType]
    encounters: list[ReleaseEncounterType]
    unweighed: int
    looked_at: str


@strawberry.type(name="Release", description="变更向公众开放的条目和信息项")
class ReleaseType:
    """An entry of which a change gives everybody more, from the moment on that is named."""

    entry: str
    title: str
    items: list[str]
    since: DateTime
    reported: strawberry.Private[Callable[[], Awaitable[ReleaseReportType]]]

    @strawberry.field(description="可识别性报告；批准前须查看")  # type: ignore[untyped-decorator]
    async def report(self) -> ReleaseReportType:
        """Return what rows can be told apart by; found out where it is asked for."""
        return await self.reported()


@strawberry.type(name="ChangeSet", description="变更单：草稿、检查、提交、由另一人批准、按时生效")
class ChangeSetType:
    """A change set as it stands."""

    id: int
    kind: ChangeKind
    title: str
    reason: str
    basis: str | None
    author: str
    state: ChangeState
    version: int
    base_epoch: int
    document: Document
    activates_at: DateTime | None
    approved_by: str | None
    epoch: int | None
    listed: strawberry.Private[Callable[[], Awaitable[list[ChangeStepTakenType]]]]
    assessed: strawberry.Private[Callable[[], Awaitable[ChangeAssessmentType]]]
    compared: strawberry.Private[Callable[[], Awaitable[Differences]]]
    released: strawberry.Private[Callable[[str | None], Awaitable[list[ReleaseType]]]]

    @strawberry.field(description="经过的步骤")  # type: ignore[untyped-decorator]
    async def steps(self) -> list[ChangeStepTakenType]:
        """Return what was done with it; read where it is asked for, for all of a list at once."""
        return await self.listed()

    @strawberry.field(description="最近一步的时间")  # type: ignore[untyped-decorator]
    async def changed_at(self) -> DateTime | None:
        """Return when its last step was taken, None where none is on record."""
        taken = await self.listed()
        return taken[-1].made_at if taken else None

    @strawberry.field(description="变更前后的不同；装载所改动的内容很多时只列出前 1000 项")  # type: ignore[untyped-decorator]
    async def differences(self) -> list[ChangeDifferenceType]:
        """Return what differs, thing by thing: of one in force what it changed, of others what it would change now."""
        return [
            ChangeDifferenceType(
                kind=one.thing,
                id=one.id,
                before=None if one.before is None else Document(one.before),
                after=None if one.after is None else Document(one.after),
            )
            for one in (await self.compared()).shown
        ]

    @strawberry.field(description="变更了多少内容，按类别")  # type: ignore[untyped-decorator]
    async def difference_counts(self) -> list[ChangeDifferenceCountType]:
        """Return how much differs, whether listed or not."""
        return [
            ChangeDifferenceCountType(kind=one.thing, added=one.added, changed=one.changed, withdrawn=one.withdrawn)
            for one in (await self.compared()).counts
        ]

    @strawberry.field(description="向公众开放的内容，按条目；可只取一个条目")  # type: ignore[untyped-decorator]
    async def releases(self, entry: str | None = None) -> list[ReleaseType]:
        """Return what it opens to everybody, of all entries or one."""
        return await self.released(entry)

    @strawberry.field(description="现在生效会怎样")  # type: ignore[untyped-decorator]
    async def assessment(self) -> ChangeAssessmentType:
        """Return what it would do now; found out where it is asked for."""
        return await self.assessed()


@strawberry.type(name="Freeze", description="紧急冻结")
class FreezeType:
    """A freeze that holds."""

    id: str
    target: str
    reason: str
    frozen_by: str
    frozen_at: DateTime
