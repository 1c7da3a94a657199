"""The static root: which fields it has, and the executor that takes shaped answers as complete."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import proxy

import strawberry
from graphql import GraphQLOutputType, GraphQLResolveInfo, GraphQLResolveInfoHelpers
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from portal.access.shaping import Shaped, ShapedRows
from portal.conditions.values import check_text
from portal.errors import PortalError
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.catalog import CatalogQuestion, find_entry, list_entries
from portal.resolvers.context import RequestContext, portal_field_error
from portal.resolvers.explaining import OwnQuestion, explain_own
from portal.resolvers.me import describe_subject
from portal.schema.documents import DOCUMENT, Document
from portal.schema.explanation_types import ExplanationType
from portal.schema.scalars import SCALARS
from portal.schema.static import AccessType, CatalogConnectionType, EntryType, MeType

Info = strawberry.Info[RequestContext, None]


_COMPLETE = frozenset({Shaped, ShapedRows})


class ShapedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes an answer of the road as complete: nothing is done a cell.

    It doesn't refer to itself, so that all of a request is gone with its answer: what is left to the collector of
    cycles stops every other request while it is collected.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  the library's own
        super().__init__(*arguments, **named)
        itself = proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=partial(ShapedExecutor.gather_async_work, itself),
            track=partial(ShapedExecutor.track_async_work, itself),
        )

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        details: object,
        info: GraphQLResolveInfo[RequestContext],
        path: Path,
        *rest: object,
    ) -> AwaitableOrValue[object]:
        """Return a shaped answer as it is; anything else goes the usual way. `rest`: the value, and its position."""
        if type(rest[0]) in _COMPLETE:
            return rest[0]
        return super().complete_value(return_type, details, info, path, *rest)  # type: ignore[arg-type]


@contextmanager
def failing_here(info: Info) -> Iterator[None]:
    """Turn a failure with a sentence into the field's error."""
    try:
        yield
    except PortalError as failure:
        raise portal_field_error(failure, info.context.language) from None


async def _catalog(info: Info, question: CatalogQuestion) -> CatalogConnectionType:
    """Return a page of the catalog."""
    with failing_here(info):
        return await list_entries(info.context, question)


def _explain(info: Info, question: OwnQuestion) -> ExplanationType | None:
    """Return what would be decided for who asks."""
    with failing_here(info):
        return explain_own(info.context, question)


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
        with failing_here(info):
            return find_entry(info.context, check_text(code))

    catalog: CatalogConnectionType = strawberry.field(
        description="目录：按代码排序；有 search 时按相关程度排序",
        resolver=with_arguments_of(CatalogQuestion)(_catalog),
    )
    explain: ExplanationType | None = strawberry.field(
        description="我能读吗：对一个目录条目逐信息项的裁决，现在或指定时刻；不在可见范围内的为 null",
        resolver=with_arguments_of(OwnQuestion)(_explain),
    )


def static_schema_of(query: type, mutation: type | None = None) -> strawberry.Schema:
    """Return the schema of these roots, with every scalar of the contract known to it."""
    schema = strawberry.Schema(
        query,
        mutation=mutation,
        types=[AccessType],
        config=StrawberryConfig(scalar_map={**SCALARS, Document: DOCUMENT}, disable_field_suggestions=True),
        execution_context_class=ShapedExecutor,
    )
    for scalar in SCALARS:
        named = schema.schema_converter.from_scalar(scalar)  # type: ignore[arg-type]
        schema._schema.type_map.setdefault(named.name, named)  # noqa: SLF001  generated types use them
    return schema
