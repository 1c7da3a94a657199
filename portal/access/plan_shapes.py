"""The shape of an answer, read from a document's selections: which items and links it shows, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql.language.ast import FieldNode

from portal.access.plan import (
    ConnectionShape,
    EdgesShape,
    FieldShape,
    GroupsShape,
    LeafShape,
    LinkNumber,
    NamedShape,
    NodeShape,
    NodesShape,
)
from portal.access.selections import TYPENAME, Document, Selected, select_fields
from portal.catalog.entries import CatalogEntry, Link
from portal.vocabulary import ItemIdentifier


@dataclass(frozen=True, slots=True)
class FollowedLink:
    """A link that is selected: its field's nodes, and the response keys down to it."""

    link: Link
    nodes: tuple[FieldNode, ...]
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadShape:
    """A shape, with what its numbers stand for: links, and lists of groups, each by the first node that asks for it."""

    shape: ConnectionShape
    followed: tuple[FollowedLink, ...]
    groups: tuple[FieldNode, ...]


def read_shape(entry: CatalogEntry, nodes: tuple[FieldNode, ...], document: Document, *, page: bool) -> ReadShape:
    """Return the shape below a field, with the links and groups in it; without `page` the field is a node itself."""
    reader = _ShapeReader(document, {link.identifier: link for link in entry.links})
    if page:
        shape = ConnectionShape(tuple((one.key, reader.field(one)) for one in select_fields(nodes, document)))
    else:
        shape = ConnectionShape((("", NodesShape(reader.node(nodes, ()))),))
    return ReadShape(shape, tuple(reader.followed), tuple(reader.groups))


@dataclass(frozen=True, slots=True)
class _ShapeReader:
    document: Document
    links: Mapping[str, Link]
    followed: list[FollowedLink] = field(default_factory=list)
    groups: list[FieldNode] = field(default_factory=list)

    def field(self, selected: Selected) -> FieldShape:
        """Return the shape of a connection's field."""
        match selected.name:
            case "nodes":
                return NodesShape(self.node(selected.nodes, (selected.key,)))
            case "edges":
                members = select_fields(selected.nodes, self.document)
                return EdgesShape(tuple((member.key, self._edge_member(member, selected.key)) for member in members))
            case "pageInfo" | "access":
                members = select_fields(selected.nodes, self.document)
                return NamedShape(selected.name, tuple((member.key, member.name) for member in members))
            case "groups":
                members = select_fields(selected.nodes, self.document)
                self.groups.append(selected.nodes[0])
                return GroupsShape(len(self.groups) - 1, tuple((member.key, member.name) for member in members))
            case _:
                return LeafShape(selected.name)

    def _edge_member(self, member: Selected, edges: str) -> str | NodeShape:
        return self.node(member.nodes, (edges, member.key)) if member.name == "node" else member.name

    def node(self, nodes: tuple[FieldNode, ...], path: tuple[str, ...]) -> NodeShape:
        """Return the shape of a node; `path` leads to it."""
        return NodeShape(
            tuple((member.key, self._node_member(member, path)) for member in select_fields(nodes, self.document))
        )

    def _node_member(self, member: Selected, path: tuple[str, ...]) -> ItemIdentifier | LinkNumber | None:
        if member.name == TYPENAME:
            return None
        link = self.links.get(member.name)
        if link is None:
            return ItemIdentifier(member.name)
        self.followed.append(FollowedLink(link, member.nodes, (*path, member.key)))
        return LinkNumber(len(self.followed) - 1)
