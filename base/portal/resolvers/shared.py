"""Root fields of `shared`: each goes down the road, and comes back as an answer or a refusal."""

from collections.abc import Mapping
from typing import cast

from graphql import GraphQLError, GraphQLResolveInfo

from portal.access.pipeline import RefusedField, answer_field
from portal.access.planning import SharedField
from portal.access.selections import Document
from portal.access.shaping import Shaped
from portal.errors import Language, PortalError
from portal.resolvers.context import RequestContext, field_error, portal_field_error
from portal.resolvers.refusals import refusal_text
from portal.vocabulary import EntryIdentifier

Info = GraphQLResolveInfo[RequestContext]


def _refused_field(answer: RefusedField, language: Language) -> GraphQLError:
    refusal = answer.refusal
    if answer.text is not None:
        return field_error(refusal.code, answer.text, language)
    return field_error(refusal.code, refusal_text(refusal), language, tuple(item for item, _ in refusal.reasons))


async def resolve_shared_field(
    _parent: object, info: GraphQLResolveInfo[RequestContext], **arguments: object
) -> Shaped:
    """Return the answer of an entry's field. Raises: GraphQLError with the refusal's code and items."""
    context: RequestContext = info.context
    state = context.view[EntryIdentifier(info.field_name)].state
    field = SharedField(
        tuple(info.field_nodes), arguments, Document(info.fragments, cast("Mapping[str, object]", info.variable_values))
    )
    try:
        answer = await answer_field(context.road, context.asker, context.point, state, field)
    except PortalError as failure:
        raise portal_field_error(failure, context.language) from None
    if isinstance(answer, RefusedField):
        raise _refused_field(answer, context.language)
    return answer
