"""What a request asks of one entry, as a frozen value: the outcome of planning."""

from dataclasses import dataclass

from portal.catalog.entries import CatalogEntry
from portal.conditions.tree import Condition
from portal.policies.decision import Use
from portal.policies.information_point import EntryState
from portal.vocabulary import Action, ItemIdentifier


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A node: response keys with the item each shows; None shows the type's name."""

    members: tuple[tuple[str, ItemIdentifier | None], ...]


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


FieldShape = NodesShape | EdgesShape | NamedShape | LeafShape


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
class QueryPlan:
    """A read of one entry. `first` is None where the request leaves it to the limits; `after` is the sealed cursor."""

    state: EntryState
    action: Action
    use: Use
    shape: ConnectionShape
    selected: tuple[ItemIdentifier, ...]
    filter: Condition
    order: tuple[OrderTerm, ...]
    first: int | None
    after: str | None

    @property
    def entry(self) -> CatalogEntry:
        """The entry that is read."""
        return self.state.entry
