"""A subject's schema: the static types, and those entries of its view that a document names (architecture, views)."""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType, GraphQLSchema

from portal.access.kept import Kept
from portal.policies.snapshot import EntryView, View
from portal.schema.generated import EntryTypes, FrameTypes, Resolve, entry_types, frame_types

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SUFFIX = re.compile(r"_(?:connection|edge|where|order)\Z")
_INTROSPECTION = frozenset({"__schema", "__type"})
SHARED_TYPE = "Shared"

_KEPT_ENTRIES = 4096
_KEPT_SCHEMAS = 256


def named_views(document: str, view: View) -> tuple[tuple[EntryView, ...], bool]:
    """Return the entries of the view that the document's text names, and whether it asks for the whole schema.

    Names in texts count too: an entry too many in a schema changes no answer.
    """
    names = set(_NAME.findall(document))
    if names & _INTROSPECTION:
        return tuple(view.values()), True
    stems = {_SUFFIX.sub("", name) for name in names} | names
    return tuple(entry for identifier, entry in view.items() if identifier in stems), False


@dataclass(frozen=True, slots=True)
class AssembledSchema:
    """A schema, and the key that tells it from every other: entry versions, visible items, purposes."""

    schema: GraphQLSchema
    key: Hashable


@dataclass(frozen=True)
class SchemaAssembler:
    """Puts schemas together, and keeps what it made per entry version and visible items."""

    static: strawberry.Schema
    resolve: Resolve
    _frames: Kept[FrameTypes] = field(default_factory=lambda: Kept(4))
    _entries: Kept[EntryTypes] = field(default_factory=lambda: Kept(_KEPT_ENTRIES))
    _schemas: Kept[AssembledSchema] = field(default_factory=lambda: Kept(_KEPT_SCHEMAS))

    def assemble(self, views: Sequence[EntryView], purposes: Sequence[str], *, whole: bool) -> AssembledSchema:
        """Return the schema of these entries. `whole`: it is shown, so `shared` is left out where it would be empty."""
        key = (tuple(map(_view_key, views)), tuple(purposes), whole)
        kept = self._schemas.find(key)
        if kept is None:
            kept = self._schemas.keep(key, AssembledSchema(self._build(views, purposes, whole=whole), key))
        return kept

    def _build(self, views: Sequence[EntryView], purposes: Sequence[str], *, whole: bool) -> GraphQLSchema:
        core = self.static._schema  # noqa: SLF001  strawberry shows its graphql-core schema nowhere else
        query = core.query_type
        if query is None:
            raise AssertionError("a schema without queries")
        frame = self._frames.find(tuple(purposes)) or self._frames.keep(
            tuple(purposes), frame_types(core.type_map, purposes)
        )
        fields = dict(query.fields)
        if views or not whole:
            fields["shared"] = _shared_field(self._fields(views, tuple(purposes), frame))
        options: dict[str, Any] = {**core.to_kwargs()}
        options |= {
            "query": GraphQLObjectType("Query", fields, description=query.description),
            "types": [named for named in options["types"] if named.name != "Query"],
            "assume_valid": True,
        }
        schema = GraphQLSchema(**options)
        schema._strawberry_schema = self.static  # type: ignore[attr-defined]  # noqa: SLF001  static resolvers look here
        return schema

    def _fields(
        self, views: Iterable[EntryView], purposes: tuple[str, ...], frame: FrameTypes
    ) -> dict[str, GraphQLField]:
        fields = {}
        for view in views:
            key = (_view_key(view), purposes)
            types = self._entries.find(key) or self._entries.keep(key, entry_types(view, frame))
            fields[str(view.entry.identifier)] = types.field(self.resolve)
        return fields


def _view_key(view: EntryView) -> Hashable:
    return view.entry.code, view.state.version, tuple(item.identifier for item in view.items)


def _shared_field(fields: dict[str, GraphQLField]) -> GraphQLField:
    shared = GraphQLObjectType(SHARED_TYPE, fields, description="共享数据；每个字段是一个目录条目")
    return GraphQLField(GraphQLNonNull(shared), resolve=lambda *_: {}, description="共享数据")
