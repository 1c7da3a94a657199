"""GraphQL types of the audit, for those who may read it."""

import strawberry

from portal.audit.proving import ProofState
from portal.audit.records import Act, Outcome
from portal.audit.statistics import Grouping
from portal.schema.scalars import BigInt

strawberry.enum(Outcome, name="AuditDecision", description="裁决：准予、拒绝")
strawberry.enum(Act, name="AuditAct", description="对门户本身的操作")
strawberry.enum(Grouping, name="AuditGrouping", description="统计口径：条目、使用部门、用途、日（北京时间）")
strawberry.enum(ProofState, name="AuditProofState", description="证明：已证明、尚未被检查点覆盖、不符")


@strawberry.type(name="AuditUse", description="一次请求对一个目录条目的使用")
class AuditUseType:
    """What a request used of one entry: `items` are item identifiers, `policies` `ID@VERSION`."""

    entry: str
    identifier: str
    items: list[str]
    rows: int
    policies: list[str]
    filter: str | None


@strawberry.type(name="AuditReason", description="被拒绝的信息项及其代码")
class AuditReasonType:
    """Why an item was refused."""

    item: str
    code: str


@strawberry.type(
    name="AuditRecord",
    description="审计记录。提供方只见其数据如何被使用：他人的筛选值、地址、人员、办件为 null；whole 为 true 时是全部",
)
class AuditRecordType:
    """A record as far as the reader may see it. `whole`: nothing is left out; otherwise what is null may be hidden.

    `uses` are of the entry that was asked for, then of linked ones; an act has none. `filter` and `details` are JSON.
    """

    receipt: str
    time: str
    whole: bool
    decision: Outcome
    code: str | None
    department: str | None
    application: str | None
    subject: str | None
    user: str | None
    mode: str | None
    purpose: str | None
    matter: str | None
    uses: list[AuditUseType]
    reasons: list[AuditReasonType]
    case: str | None
    operator: str | None
    client_address: str | None
    act: Act | None
    target: str | None
    details: str | None


@strawberry.type(name="AuditRecords", description="一页审计记录，最新的在前；next 为下一页的 after，末页为 null")
class AuditRecordsType:
    """A page of records."""

    nodes: list[AuditRecordType]
    next: str | None


@strawberry.type(
    name="ProvedAuditRecord",
    description="审计记录及其证明；proof 存为文件后可用 `portal-verify receipt` 离线验证，仅见使用情况者为 null",
)
class ProvedAuditRecordType:
    """A record, whether it is proved, and the proof that anybody may check without the portal."""

    record: AuditRecordType
    state: ProofState
    checkpoint: int | None
    proof: str | None


@strawberry.type(name="AuditCheckpoint", description="检查点：body 为签名的原文，signature 与 hash 为十六进制")
class AuditCheckpointType:
    """A checkpoint as it travels."""

    number: int
    hash: str
    body: str
    signature: str


@strawberry.type(name="AuditCheckpoints", description="按编号排列的检查点；newest 为最新检查点的编号，没有时为 0")
class AuditCheckpointsType:
    """Checkpoints in their order."""

    nodes: list[AuditCheckpointType]
    newest: int


@strawberry.type(
    name="AuditEvidence",
    description="证据：content 为 zip 文件（base64），用 `portal-verify evidence` 离线验证；uncovered 条尚无检查点覆盖",
)
class AuditEvidenceType:
    """Records with proofs of inclusion, as a zip file."""

    name: str
    records: int
    uncovered: int
    content: str


@strawberry.input(name="ChainPiece", description="一条链中 after 之后至 until 的记录")
class ChainPieceInput:
    """A piece of a chain, by the numbers of its records."""

    writer: int
    after: int
    until: int


@strawberry.type(
    name="AuditCount", description="使用次数、其中准予与拒绝的次数、行数；key 为 null 表示无部门或未注明用途"
)
class AuditCountType:
    """How often something was used. A request counts once for each entry that it read, links included."""

    key: str | None
    uses: int
    permitted: int
    denied: int
    rows: BigInt
