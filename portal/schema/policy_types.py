"""GraphQL types of policy records and agreements as those who administer them look at them, and of trials."""

import strawberry

from portal.administration.records import RecordState
from portal.agreements.agreement import SigningRole
from portal.policies.records import Effect, PolicyKind
from portal.schema.documents import Document
from portal.schema.scalars import DateTime
from portal.schema.static import PageInfoType

strawberry.enum(RecordState, name="PolicyState", description="策略状态：未生效、有效、已到期、已撤销")
strawberry.enum(SigningRole, name="SigningRole", description="协议签署方")


@strawberry.type(name="PolicyConsumer", description="策略的主体；name 为其登记名称，未登记或不特指某一主体时为 null")
class PolicyConsumerType:
    """Whom a record names, as records write it."""

    key: str
    name: str | None


@strawberry.type(name="Policy", description="策略记录")
class PolicyType:
    """A record that holds. `*` in a list: every one. `masked` are items that aren't shown as they are."""

    id: str
    version: int
    kind: PolicyKind
    effect: Effect
    state: RecordState
    consumer: PolicyConsumerType
    applications: list[str]
    resource: str
    resource_name: str | None
    items: list[str]
    purposes: list[str]
    modes: list[str]
    matters: list[str]
    valid_from: DateTime | None
    valid_until: DateTime | None
    scoped: bool
    conditional: bool
    masked: list[str]
    max_rows: int | None
    daily_rows: int | None
    basis: str | None


@strawberry.type(name="PolicyPage", description="策略记录的一页，按编号排序")
class PolicyPageType:
    """A page of records by id."""

    nodes: list[PolicyType]
    page_info: PageInfoType
    total_count: int


@strawberry.type(name="PolicyVersion", description="策略记录的一个版本：内容，何时由谁因何而来、而止")
class PolicyVersionType:
    """What a record said in one version; change sets are null of what a load into an empty portal brought."""

    version: int
    document: Document
    begun_at: DateTime
    begun_by: str
    reason: str
    change_set: int | None
    ended_at: DateTime | None
    ended_by: str | None
    end_reason: str | None
    end_change_set: int | None


@strawberry.type(name="PolicyDossier", description="一条策略记录的全部：现行内容（已撤销者为 null）与各版本，新的在前")
class PolicyDossierType:
    """Everything of one record."""

    id: str
    policy: PolicyType | None
    versions: list[PolicyVersionType]


@strawberry.type(name="AgreementSignature", description="一方的签名；flaw 为 null 表示现在核验通过")
class AgreementSignatureType:
    """A party's signature, verified now."""

    role: SigningRole
    department: str
    department_name: str | None
    signed_at: DateTime
    subject: str | None
    issuer: str | None
    not_after: DateTime | None
    flaw: str | None


@strawberry.type(name="AgreementTerm", description="一项条款的取值，及协议文本中写到它的句子（自 0 起）")
class AgreementTermType:
    """A value of a term, and the sentences of the text that name it."""

    term: str
    value: str
    sentences: list[int]


@strawberry.type(name="AgreementFault", description="协议现在存在的问题与改正方法")
class AgreementFaultType:
    """What is wrong with an agreement now."""

    place: str
    what: str
    mend: str


@strawberry.type(name="AgreementDossier", description="一份三方协议：签名核验结果，条款与所出的句子，据以执行的策略")
class AgreementDossierType:
    """An agreement; `holds`: every signature that the profile asks for is there and holds."""

    id: str
    version: int
    resource: str
    resource_name: str | None
    valid_from: DateTime
    valid_until: DateTime
    holds: bool
    signatures: list[AgreementSignatureType]
    faults: list[AgreementFaultType]
    remarks: list[str]
    sentences: list[str]
    terms: list[AgreementTermType]
    policy: PolicyType | None
    document: Document


@strawberry.type(name="TriedCell", description="一个单元格：是否可读；value 为回答中的形式")
class TriedCellType:
    """What a row shows of an item."""

    permitted: bool
    value: str | None


@strawberry.type(name="TriedItem", description="一个信息项：被拒绝的代码，或各行所示；policies 为可能适用的策略")
class TriedItemType:
    """What becomes of an item, and of it in each row."""

    item: str
    code: str | None
    policies: list[str]
    cells: list[TriedCellType]


@strawberry.type(
    name="Trial", description="试行结果；returned：请求使用全部可读信息项时，各行是否返回。散列值用临时密钥，与实际不同"
)
class TrialType:
    """What becomes of rows that somebody made up."""

    items: list[TriedItemType]
    returned: list[bool]
