"""A subject's schema: the static types, and those entries of its view that a document names (architecture, views)."""

import re
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

from portal.access.kept import Kept
from portal.policies.snapshot import EntryView, View
from portal.schema.frame import FrameTypes, frame_types
from portal.schema.generated import EntryParts, EntryTypes, Resolve, entry_parts, entry_types
from portal.schema.links import visible_links
from portal.schema.scalars import SCALARS
from portal.vocabulary import EntryCode, EntryIdentifier

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SUFFIXES = ("_connection", "_edge", "_where", "_order", "_key", "_by_key", "_by_keys", "_item")
_INTROSPECTION = frozenset({"__schema", "__type"})
SHARED_TYPE = "Shared"

_KEPT_ENTRIES = 4096
_KEPT_SCHEMAS = 256


def named_views(document: str, view: View) -> tuple[tuple[EntryView, ...], bool]:
    """Return the entries of the view that the document's text names, and whether it asks for the whole schema.

    An entry is named by its types, its fields, or a link that leads to it from one that is. Names in texts count too:
    an entry too many in a schema changes no answer.
    """
    names = set(_NAME.findall(document))
    if names & _INTROSPECTION:
        return tuple(view.values()), True
    stems = {name.removesuffix(suffix) for name in names for suffix in ("", *_SUFFIXES)}
    # With `a_by_keys` and `groups`, which there aren't where an entry takes the name of a type of theirs.
    stems |= {f"{stem}{suffix}" for stem in stems for suffix in ("_key", "_item")}
    named = _close_over_links({identifier for identifier in view if identifier in stems}, names, view)
    return tuple(entry for identifier, entry in view.items() if identifier in named), False


def linked_entries(document: str, asked: AbstractSet[EntryIdentifier], view: View) -> tuple[EntryCode, ...]:
    """Return the entries whose data a document asked for, with those that its links lead to."""
    names = set(_NAME.findall(document)) if asked else set()
    return tuple(view[identifier].entry.code for identifier in sorted(_close_over_links(asked, names, view)))


def _close_over_links(named: AbstractSet[EntryIdentifier], names: set[str], view: View) -> set[EntryIdentifier]:
    found, waiting = set(named), list(named)
    while waiting:
        for link, _ in visible_links(view[waiting.pop()], view):
            if link.identifier in names and link.target not in found:
                found.add(link.target)
                waiting.append(link.target)
    return found


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
    governed: AbstractSet[str] = frozenset()
    """Static fields that are left out unless they are asked for by name."""
    _frames: Kept[FrameTypes] = field(default_factory=lambda: Kept(4))
    _parts: Kept[EntryParts] = field(default_factory=lambda: Kept(_KEPT_ENTRIES))
    _entries: Kept[EntryTypes] = field(default_factory=lambda: Kept(_KEPT_ENTRIES))
    _schemas: Kept[AssembledSchema] = field(default_factory=lambda: Kept(_KEPT_SCHEMAS))

    def assemble(
        self, views: Sequence[EntryView], purposes: Sequence[str], shown: AbstractSet[str] = frozenset(), *, whole: bool
    ) -> AssembledSchema:
        """Return the schema of these entries, with those of the governed fields that are `shown`.

        `whole`: somebody looks at it, so `shared` is left out where it would be empty.
        """
        key = (tuple(map(_view_key, views)), tuple(purposes), frozenset(shown), whole)
        kept = self._schemas.find(key)
        if kept is None:
            schema = self._build(views, purposes, self.governed - shown, whole=whole)
            kept = self._schemas.keep(key, AssembledSchema(schema, key))
        return kept

    def _build(
        self, views: Sequence[EntryView], purposes: Sequence[str], hidden: AbstractSet[str], *, whole: bool
    ) -> GraphQLSchema:
        core = self.static._schema  # noqa: SLF001  strawberry shows its graphql-core schema nowhere else
        query = core.query_type
        if query is None:
            raise AssertionError("a schema without queries")
        frame = self._frames.find(tuple(purposes)) or self._frames.keep(
            tuple(purposes), frame_types(core.type_map, purposes)
        )
        fields = {name: _with_purposes(field, frame) for name, field in query.fields.items() if name not in hidden}
        if views or not whole:
            fields["shared"] = _shared_field(self._fields(views, tuple(purposes), frame))
        options: dict[str, Any] = {**core.to_kwargs()}
        options |= {
            "query": GraphQLObjectType("Query", fields, description=query.description),
            "mutation": _mutation(core.mutation_type, frame, hidden),
            "types": [named for named in options["types"] if named.name not in self._not_for_everybody],
            "assume_valid": True,
        }
        schema = GraphQLSchema(**options)
        schema._strawberry_schema = self.static  # type: ignore[attr-defined]  # noqa: SLF001  static resolvers look here
        return schema

    @cached_property
    def _not_for_everybody(self) -> AbstractSet[str]:
        """The names of types that come in by a field alone: the roots, and what only governed fields lead to.

        INVARIANT: a type of a field that is hidden isn't in the schema, so introspection doesn't name it.
        """
        core = self.static._schema  # noqa: SLF001
        query = core.query_type
        fields = {} if query is None else {name: of for name, of in query.fields.items() if name not in self.governed}
        everybody = GraphQLSchema(query=GraphQLObjectType("Query", fields), types=_lone_types(core))
        return {name for name in core.type_map if name not in everybody.type_map} | {"Query", "Mutation"}

    def _fields(
        self, views: Sequence[EntryView], purposes: tuple[str, ...], frame: FrameTypes
    ) -> dict[str, GraphQLField]:
        """Return the fields of `shared`. Types of entries without links are the same in every schema."""
        by_identifier = {view.entry.identifier: view for view in views}
        types: dict[EntryIdentifier, EntryTypes] = {}
        for identifier, view in by_identifier.items():
            key = (_view_key(view), purposes, f"{identifier}_item" in by_identifier)
            parts = self._parts.find(key) or self._parts.keep(key, entry_parts(view, frame, by_identifier))
            links = tuple((link, target.entry.identifier) for link, target in visible_links(view, by_identifier))
            types[identifier] = entry_types(parts, links, types) if links else self._bare_types(key, parts)
        fields: dict[str, GraphQLField] = {}
        for identifier, made in types.items():
            fields[str(identifier)] = made.field(self.resolve)
            fields.update(made.key_fields(self.resolve, by_identifier))
        return fields

    def _bare_types(self, key: Hashable, parts: EntryParts) -> EntryTypes:
        return self._entries.find(key) or self._entries.keep(key, entry_types(parts, (), {}))


def _lone_types(core: GraphQLSchema) -> list[GraphQLNamedType]:
    """Return the types that no static field need lead to, because generated types use them."""
    used = {"Access", *(scalar.name for scalar in SCALARS.values())}
    return [named for name, named in core.type_map.items() if name in used]


def _mutation(
    mutation: GraphQLObjectType | None, frame: FrameTypes, hidden: AbstractSet[str]
) -> GraphQLObjectType | None:
    """Return the mutations that are shown; None where there is none."""
    shown = {} if mutation is None else {name: of for name, of in mutation.fields.items() if name not in hidden}
    if mutation is None or not shown:
        return None
    fields = {name: _with_purposes(field, frame) for name, field in shown.items()}
    return GraphQLObjectType("Mutation", fields, description=mutation.description)


def _view_key(view: EntryView) -> Hashable:
    return view.entry.code, view.state.version, tuple(item.identifier for item in view.items)


def _with_purposes(field: GraphQLField, frame: FrameTypes) -> GraphQLField:
    """Return a static field whose argument `purpose`, if it has one, takes the profile's purposes, as `shared` does."""
    if "purpose" not in field.args:
        return field
    argument: dict[str, Any] = {**field.args["purpose"].to_kwargs(), "type_": frame.purpose}
    options: dict[str, Any] = {**field.to_kwargs()}
    options["args"] = {**field.args, "purpose": GraphQLArgument(**argument)}
    return GraphQLField(**options)


def _shared_field(fields: dict[str, GraphQLField]) -> GraphQLField:
    shared = GraphQLObjectType(SHARED_TYPE, fields, description="共享数据；每个字段是一个目录条目")
    return GraphQLField(GraphQLNonNull(shared), resolve=lambda *_: {}, description="共享数据")
