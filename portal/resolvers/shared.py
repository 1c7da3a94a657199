"""Root fields of `shared`: each goes down the road, and comes back as an answer or a refusal."""

from collections.abc import Mapping
from typing import cast

from graphql import GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language.ast import FieldNode

from portal.access.pipeline import RefusedField, answer_field
from portal.access.planning import FieldKind, SharedField
from portal.access.selections import Coerce, Document
from portal.access.shaping import Shaped, ShapedRows
from portal.access.transferring import TransferredPart
from portal.errors import BadInput, Language, PortalError, Text
from portal.policies.information_point import EntryState
from portal.policies.snapshot import View
from portal.resolvers.context import RequestContext, field_error, portal_field_error
from portal.resolvers.refusals import refusal_to
from portal.vocabulary import EntryIdentifier

Info = GraphQLResolveInfo[RequestContext]

_ENDINGS = {"_by_key": FieldKind.ROW, "_by_keys": FieldKind.ROWS}


def _refused_field(answer: RefusedField, info: Info, language: Language) -> GraphQLError:
    refusal = answer.refusal
    if answer.text is not None:
        error = field_error(refusal.code, answer.text, language)
    else:
        context, code = info.context, None if answer.entry is None else answer.entry.code
        text = refusal_to(context.subject, refusal, context.point.snapshot, code)
        error = field_error(refusal.code, text, language, tuple(item for item, _ in refusal.reasons))
    path = [*info.path.as_list(), *answer.path]
    return GraphQLError(error.message, info.field_nodes, path=path, extensions=error.extensions)


def _meant(name: str, view: View) -> tuple[EntryState, FieldKind]:
    """Return the entry that a field of `shared` reads, and how; an entry's own name goes before a made one."""
    entry = view.get(EntryIdentifier(name))
    if entry is not None:
        return entry.state, FieldKind.PAGE
    ending = next(ending for ending in _ENDINGS if name.endswith(ending))
    return view[EntryIdentifier(name.removesuffix(ending))].state, _ENDINGS[ending]


def _variables(info: Info) -> Mapping[str, object]:
    """Return the coerced variables: Strawberry puts them where graphql-core has them with their sources."""
    return cast("Mapping[str, object]", info.variable_values)


def coercion(info: Info) -> Coerce:
    """Return how arguments below the root field are coerced: by the types of the schema."""
    variables = VariableValues({}, dict(_variables(info)))

    def coerce(type_name: str, node: FieldNode) -> Mapping[str, object]:
        parent = info.schema.get_type(type_name)
        if not isinstance(parent, GraphQLObjectType):
            raise TypeError(type_name)
        try:
            return get_argument_values(parent.fields[node.name.value], node, variables, hide_suggestions=True)
        except GraphQLError as failure:
            raise BadInput(Text(en=failure.message, zh=failure.message)) from failure

    return coerce


async def resolve_shared_field(_parent: object, info: Info, **arguments: object) -> Shaped | ShapedRows | None:
    """Return the answer of an entry's field. Raises: GraphQLError with the refusal's code and items."""
    context: RequestContext = info.context
    state, kind = _meant(info.field_name, context.view)
    context.made.asked.add(state.entry.identifier)
    document = Document(info.fragments, _variables(info), coercion(info))
    field = SharedField(tuple(info.field_nodes), arguments, document, kind, as_text=True)
    try:
        answer = await answer_field(context.road, context.asker, context.point, state, field)
    except PortalError as failure:
        raise portal_field_error(failure, context.language) from None
    if isinstance(answer, RefusedField):
        raise _refused_field(answer, info, context.language)
    if isinstance(answer, TransferredPart):
        raise AssertionError("a part of a transfer for a page")
    return _value(answer, kind)


def _value(answer: Shaped | ShapedRows, kind: FieldKind) -> Shaped | ShapedRows | None:
    return answer[0] if isinstance(answer, ShapedRows) and kind is FieldKind.ROW else answer
