"""The static root: which fields it has, and the executor that takes shaped answers as complete."""

from collections.abc import Iterator
from contextlib import contextmanager

import strawberry
from graphql import GraphQLOutputType, GraphQLResolveInfo
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from portal.access.shaping import Shaped
from portal.catalog.entries import EntryKind
from portal.conditions.values import check_text
from portal.errors import PortalError
from portal.resolvers.catalog import CatalogFilter, find_entry, list_entries
from portal.resolvers.context import RequestContext, portal_field_error
from portal.resolvers.me import describe_subject
from portal.schema.scalars import SCALARS
from portal.schema.static import AccessType, CatalogConnectionType, EntryType, MeType
from portal.vocabulary import ShareClass

Info = strawberry.Info[RequestContext, None]


class ShapedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes an answer of the road as complete: nothing is done a cell."""

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        details: object,
        info: GraphQLResolveInfo[RequestContext],
        path: Path,
        *rest: object,
    ) -> AwaitableOrValue[object]:
        """Return a shaped answer as it is; anything else goes the usual way. `rest`: the value, and its position."""
        if type(rest[0]) is Shaped:
            return rest[0]
        return super().complete_value(return_type, details, info, path, *rest)  # type: ignore[arg-type]


@contextmanager
def _failing_here(info: Info) -> Iterator[None]:
    """Turn a failure with a sentence into the field's error."""
    try:
        yield
    except PortalError as failure:
        raise portal_field_error(failure, info.context.language) from None


@strawberry.type(description="查询")
class Query:
    """The root of queries."""

    @strawberry.field(description="请求主体：平台所见的部门、应用、用户")  # type: ignore[untyped-decorator]
    def me(self, info: Info) -> MeType:
        """Return who asks."""
        return describe_subject(info.context)

    @strawberry.field(description="按代码取一个目录条目")  # type: ignore[untyped-decorator]
    def catalog_entry(self, info: Info, code: str) -> EntryType | None:
        """Return one catalog entry."""
        with _failing_here(info):
            return find_entry(info.context, check_text(code))

    @strawberry.field(description="目录，按代码排序")  # type: ignore[untyped-decorator]
    def catalog(  # noqa: PLR0913  the field's arguments
        self,
        info: Info,
        kind: EntryKind | None = None,
        provider: str | None = None,
        share_class: ShareClass | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> CatalogConnectionType:
        """Return a page of the catalog."""
        wanted = CatalogFilter(kind, provider, share_class)
        with _failing_here(info):
            for text in (provider, after):
                check_text(text or "")
            return list_entries(info.context, wanted, first, after)


def static_schema() -> strawberry.Schema:
    """Return the schema of the static fields, with every scalar of the contract known to it."""
    schema = strawberry.Schema(
        Query,
        types=[AccessType],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
        execution_context_class=ShapedExecutor,
    )
    for scalar in SCALARS:
        named = schema.schema_converter.from_scalar(scalar)  # type: ignore[arg-type]
        schema._schema.type_map.setdefault(named.name, named)  # noqa: SLF001  generated types use them
    return schema
