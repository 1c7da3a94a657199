"""What a request asks of one entry, as a frozen value: the outcome of planning."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from portal.catalog.entries import CatalogEntry, Link
from portal.conditions.tree import Condition, Value
from portal.policies.decision import Use
from portal.policies.information_point import EntryState
from portal.vocabulary import Action, ItemIdentifier


@dataclass(frozen=True, slots=True)
class LinkNumber:
    """A link of a plan, by its place in `QueryPlan.links`."""

    place: int


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A node: response keys with the item or link that each shows; None shows the type's name."""

    members: tuple[tuple[str, ItemIdentifier | LinkNumber | None], ...]


@dataclass(frozen=True, slots=True)
class NodesShape:
    """The list `nodes`."""

    node: NodeShape


@dataclass(frozen=True, slots=True)
class EdgesShape:
    """The list `edges`: response keys with `cursor`, `__typename`, or the node's shape."""

    members: tuple[tuple[str, str | NodeShape], ...]


@dataclass(frozen=True, slots=True)
class NamedShape:
    """`pageInfo`, `access`: response keys with the name of the field that each shows."""

    field: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LeafShape:
    """`totalCount` or `__typename`."""

    field: str


@dataclass(frozen=True, slots=True)
class GroupsShape:
    """A list `groups`, by its place in `QueryPlan.groups`: response keys with the name of the field that each shows."""

    place: int
    members: tuple[tuple[str, str], ...]


FieldShape = NodesShape | EdgesShape | NamedShape | GroupsShape | LeafShape


@dataclass(frozen=True, slots=True)
class ConnectionShape:
    """The answer's shape: response keys with what each holds, in the document's order."""

    members: tuple[tuple[str, FieldShape], ...]

    @property
    def reads_rows(self) -> bool:
        """True where the answer shows rows or tells of pages."""
        return any(
            isinstance(shape, NodesShape | EdgesShape) or (isinstance(shape, NamedShape) and shape.field == "pageInfo")
            for _, shape in self.members
        )

    @property
    def cells_a_row(self) -> int:
        """How many members the answer has for each row."""
        return sum(len(node.members) for node in self.nodes)

    @property
    def counts_rows(self) -> bool:
        """True where the answer shows `totalCount`."""
        return any(shape == LeafShape("totalCount") for _, shape in self.members)

    @property
    def shows_cursors(self) -> bool:
        """True where the answer shows a cursor."""
        named = [name for _, shape in self.members if isinstance(shape, NamedShape) for _, name in shape.members]
        edges = [shown for _, shape in self.members if isinstance(shape, EdgesShape) for _, shown in shape.members]
        return "endCursor" in named or "cursor" in edges

    @property
    def tells_access(self) -> bool:
        """True where the answer shows `access`."""
        return any(isinstance(shape, NamedShape) and shape.field == "access" for _, shape in self.members)

    @property
    def nodes(self) -> tuple[NodeShape, ...]:
        """The shapes of nodes, under `nodes` and under `edges`."""
        below_edges = [
            shown
            for _, shape in self.members
            if isinstance(shape, EdgesShape)
            for _, shown in shape.members
            if isinstance(shown, NodeShape)
        ]
        return (*(shape.node for _, shape in self.members if isinstance(shape, NodesShape)), *below_edges)


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One item that rows are ordered by; nulls come last in both directions."""

    item: ItemIdentifier
    descending: bool


@dataclass(frozen=True, slots=True)
class GroupsPlan:
    """A list `groups`: the items that it groups by, in their order, and which rows it counts.

    `filter` is the field's and the list's own together. `first` is None where the request leaves it to the limits.
    """

    by: tuple[ItemIdentifier, ...]
    filter: Condition
    first: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a transfer that is read next: up to `rows`, with `taken` of the whole before it.

    `wanted` are the rows of the whole; None for all, which the first part counts. `basis` is what the parts before it
    rested on, as `basis_of` tells it; None for the first.
    """

    rows: int
    taken: int = 0
    wanted: int | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A read of one entry. `first` is None where the request leaves it to the limits; `after` is the sealed cursor.

    `links` are those below its nodes, in the document's order. `keys` are the rows asked for by key, each with the
    values of the key items in their order; None where rows aren't asked for so. `part` is that of a transfer, None for
    a page. `as_text`: the database may write rows. `base` is what the plans of all parts of a transfer have in common,
    where that is kept.
    """

    state: EntryState
    action: Action
    use: Use
    shape: ConnectionShape
    selected: tuple[ItemIdentifier, ...]
    filter: Condition
    order: tuple[OrderTerm, ...]
    first: int | None
    after: str | None
    links: tuple["LinkPlan", ...] = ()
    keys: tuple[tuple[Value, ...], ...] | None = None
    groups: tuple[GroupsPlan, ...] = ()
    """Its lists of groups, in the document's order."""
    part: Part | None = None
    as_text: bool = False
    base: "QueryPlan | None" = field(default=None, compare=False, repr=False)

    @property
    def entry(self) -> CatalogEntry:
        """The entry that is read."""
        return self.state.entry

    @property
    def has_cursors(self) -> bool:
        """Whether a cursor is opened or shown."""
        return self.after is not None or self.part is not None or self.shape.shows_cursors


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """A read of the target of a link. `path` are the response keys from the root field down to the link."""

    link: Link
    path: tuple[str, ...]
    plan: QueryPlan


def linked_plans(plan: QueryPlan) -> Iterator[QueryPlan]:
    """Yield the plans of the links below a plan, at any depth, in the document's order."""
    for link in plan.links:
        yield link.plan
        yield from linked_plans(link.plan)
