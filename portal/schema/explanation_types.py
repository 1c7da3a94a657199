"""GraphQL types of the field `explain`: what would be decided on an entry, item by item."""

import strawberry

from portal.policies.records import Effect, PolicyKind
from portal.schema.scalars import DateTime
from portal.vocabulary import Mode

strawberry.enum(PolicyKind, name="PolicyKind", description="策略的类别")
strawberry.enum(Effect, name="PolicyEffect", description="策略的效果")


@strawberry.type(name="ExplainedRecord", description="涉及请求主体和信息项的一条策略，及其是否适用、在何处止步")
class ExplainedRecordType:
    """A record that names the subject and the item. `applies` leaves its scope aside."""

    id: str
    kind: PolicyKind
    effect: Effect
    applies: bool
    text: str
    basis: str | None
    valid_from: DateTime | None
    valid_until: DateTime | None


@strawberry.type(name="ExplainedItem", description="对一个信息项的裁决")
class ExplainedItemType:
    """The decision on one item; `code` is the refusal's, null where it is permitted."""

    item: str
    permitted: bool
    code: str | None
    text: str
    records: list[ExplainedRecordType]


@strawberry.type(name="Explanation", description="对一个目录条目逐信息项的裁决")
class ExplanationType:
    """What would be decided; `lines` are the words of `portal explain`."""

    resource: str
    purpose: str | None
    mode: Mode
    matter: str | None
    at: DateTime
    matter_refused: bool
    items: list[ExplainedItemType]
    lines: list[str]
