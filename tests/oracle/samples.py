"""A small world by hand, for cases worked out from the text."""

from datetime import UTC, datetime, timedelta

from tests.oracle.answer import Reference
from tests.oracle.codes import department_code
from tests.oracle.conditions import ConditionTree, ItemTests, ItemType, SubjectAttribute
from tests.oracle.document import Document, Field, Literal
from tests.oracle.expectation import Answered, Executed, Refused, RefusedSomewhere
from tests.oracle.world import (
    Application,
    Caller,
    Department,
    Entry,
    Item,
    Kind,
    Record,
    Row,
    ShareClass,
    User,
    World,
)

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
PROVIDER, CONSUMER, STRANGER = (department_code(number) for number in (1, 2, 3))
APP = Caller(application="app-1")
USER = Caller(user="user-1")
OWNER = Caller(application="app-2")
PUBLIC = Caller()

ITEMS = (
    Item("code", ItemType.STRING, ShareClass.UNCONDITIONAL, open=True),
    Item("name", ItemType.STRING, ShareClass.CONDITIONAL),
    Item("division", ItemType.STRING, ShareClass.UNCONDITIONAL, open=True),
    Item("count", ItemType.INTEGER, ShareClass.UNCONDITIONAL),
    Item("secret", ItemType.STRING, ShareClass.NOT_SHARED, open=True),
)
ROWS = (
    Row(1, {"code": "c", "name": "王一", "division": "371002", "count": 3, "secret": "s1"}),
    Row(2, {"code": "a", "name": None, "division": "3710", "count": None, "secret": "s2"}),
    Row(3, {"code": "b", "name": "李四", "division": "99", "count": 3, "secret": None}),
    Row(4, {"code": "d", "name": "", "division": None, "count": -1, "secret": "s4"}),
)
RESIDENTS = Entry("303001001/00001", "residents", PROVIDER, ITEMS, ("code",), open=True, rows=ROWS)
IN_REGION = ConditionTree((ItemTests("division", (("startsWith", SubjectAttribute("region")),)),))


def statute(identifier: str = "s", **changes: object) -> Record:
    """A statutory record for the consumer's department that allows everything, but for the changes."""
    fields: dict[str, object] = {
        "id": identifier,
        "kind": Kind.STATUTORY,
        "consumer": f"department:{CONSUMER}",
        "resource": RESIDENTS.code,
    }
    return Record(**(fields | changes))  # type: ignore[arg-type]


def restriction(identifier: str = "r", **changes: object) -> Record:
    """A deny of everything for the consumer's department, but for the changes."""
    return statute(identifier, **({"kind": Kind.RESTRICTION} | changes))


def world_with(*records: Record, entry: Entry = RESIDENTS, derive: bool = False) -> World:
    """The world of the sample entry with records."""
    return World(
        seed=0,
        departments=(
            Department(PROVIDER, "合成部门一", "37", ()),
            Department(CONSUMER, "合成部门二", "3710", ("g1",)),
            Department(STRANGER, "合成部门三", None, ()),
        ),
        groups=("g1",),
        applications=(
            Application("app-1", CONSUMER, ("m1", "m2"), 2, "government"),
            Application("app-2", PROVIDER, ("m1",)),
            Application("app-3", STRANGER),
        ),
        users=(User("user-1", CONSUMER, ("auditor",)),),
        entries=(entry,),
        records=records,
        derive=derive,
    )


def reference_of(*records: Record, entry: Entry = RESIDENTS, derive: bool = False) -> Reference:
    """The reference of the sample world, its clock standing still."""
    return Reference(world_with(*records, entry=entry, derive=derive), lambda: NOW)


def asked(*items: str, **arguments: Literal) -> Document:
    """A request of the sample entry that selects items and the rest of the contract's fields."""
    nodes = (Field("nodes", tuple(Field(item) for item in items)),) if items else ()
    access = Field("access", (Field("policies"), Field("validUntil")))
    page = Field("pageInfo", (Field("hasNextPage"), Field("endCursor")))
    root = Field("residents", (*nodes, Field("totalCount"), access, page), None, tuple(arguments.items()))
    return Document((Field("shared", (root,)),))


def answer_to(reference: Reference, caller: Caller, document: Document) -> Answered | Refused | None:
    """What the first root field must be answered; None where the document isn't valid."""
    expected = reference.expect(caller, document)
    answer = next(iter(expected.fields.values())) if isinstance(expected, Executed) else None
    assert not isinstance(answer, RefusedSomewhere)
    return answer


def nodes_of(answer: Answered | Refused | None) -> object:
    """The rows of an answer."""
    assert isinstance(answer, Answered)
    assert isinstance(answer.tree, dict)
    return answer.tree["nodes"]


def days(number: int) -> datetime:
    """The moment so many days from the sample's now."""
    return NOW + timedelta(days=number)
