"""What there is to try: a document for the public and one for each of four applications, with the answer to expect."""

from dataclasses import dataclass
from pathlib import Path

from portal.errors import Text
from portal.vocabulary import ApplicationId

FOLDER = Path(__file__).parent / "tries"


@dataclass(frozen=True, slots=True)
class Try:
    """A document and its answer, in `tries/NAME.graphql` and `tries/NAME.json`. No application: the public asks."""

    name: str
    application: ApplicationId | None
    title: Text
    reason: Text

    @property
    def document(self) -> str:
        """The GraphQL document, as printed."""
        return (FOLDER / f"{self.name}.graphql").read_text(encoding="utf-8")

    @property
    def answer(self) -> str:
        """The answer to expect, as JSON; of an error only path and extensions."""
        return (FOLDER / f"{self.name}.json").read_text(encoding="utf-8")


def _of(application: str, title: Text, reason: Text) -> Try:
    return Try(application, ApplicationId(application), title, reason)


TRIES = (
    Try(
        "public",
        None,
        Text("The public reads open data", "公众查询开放数据"),
        Text("Open to everyone, without a token.", "向社会开放，无需令牌。"),
    ),
    _of(
        "pension-check",
        Text("The pension office verifies residents: masked in part", "养老待遇资格认证：核对常住人口，部分遮盖"),
        Text(
            """
Agreement nt-demo-0001: residents of its own city above 60 only;
identity numbers are masked in part, birthdays shown to the month.
""",
            """
协议 nt-demo-0001：仅限本市六十周岁以上人口；
证件号码部分遮盖，出生日期只到月份。
""",
        ),
    ),
    _of(
        "district-relief",
        Text("A district's relief office looks up large households", "区社会救助：查询五口以上家庭的户主"),
        Text(
            """
Agreement nt-demo-0002: residents of its own district only. 19 match, but
the addresses of 2 of them are protected by law: their rows aren't there.
""",
            """
协议 nt-demo-0002：仅限本区人口。符合条件的有 19 人，
其中 2 人的住址依法受保护，不在结果之中。
""",
        ),
    ),
    _of(
        "tax-registration",
        Text("The tax office reads legal persons, as the law says", "税务登记：依法查询法人单位，无需协议"),
        Text(
            """
Record statute-tax rests on article 15 of the Tax Collection Law.
`access` names the records on which the answer rests.
""",
            """
策略 statute-tax 依据《税收征收管理法》第十五条；
`access` 列明作答所依据的各项策略。
""",
        ),
    ),
    Try(
        "linked-places",
        ApplicationId("tax-registration"),
        Text("The tax office follows links: where its largest payers are", "税务登记：沿关联查到社区、街道、县区"),
        Text(
            """
Three links in one request: legal person, village, street, area. Each entry
is decided for itself; had one been refused, `path` would say at which link.
""",
            """
一次请求沿三层关联：法人、社区、街道、县区。
各条目分别裁决；若有一处被拒绝，`path` 指明是哪一层关联。
""",
        ),
    ),
    _of(
        "school-enrolment",
        Text("The school office states a purpose not agreed on: refused", "义务教育入学：用途超出约定，被拒绝"),
        Text(
            """
Agreement nt-demo-0005 is for VERIFICATION, not for WORK_REFERENCE.
Nothing was read; the refusal is on record.
""",
            """
协议 nt-demo-0005 约定的用途是数据校核（VERIFICATION），
不含工作参考（WORK_REFERENCE）。没有读取任何数据，拒绝已记入日志。
""",
        ),
    ),
)
