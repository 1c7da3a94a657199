"""Preparing a document: parse, bound, validate against the subject's view; once for requests that are alike."""

from collections.abc import Hashable, Sequence

from graphql import DocumentNode, GraphQLError, parse
from graphql.language import OperationType
from graphql.utilities import get_operation_ast

from portal.access.bounds import check_bounds
from portal.access.catalog_cells import CatalogSizes, check_catalog_cells
from portal.access.cells import check_cells
from portal.access.folding import fold_document
from portal.access.kept import Kept
from portal.access.spreading import fields_within, fragments_of
from portal.errors import Text, TooComplex
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import Actor
from portal.policies.snapshot import View
from portal.resolvers.endpoint import Endpoint, Operation, Prepared
from portal.resolvers.introspection import check_introspection
from portal.resolvers.validation import validate_document
from portal.schema.assembly import AssembledSchema

_TOO_MANY_TOKENS = "contains more than"
_TOO_DEEP = frozenset({"Syntax Error: Document is nested too deeply. Parsing aborted.", "Validation aborted."})
"""How graphql-core says that a document is beyond its own bounds: 200 levels, or a chain of as many fragments."""
_INTROSPECTION = frozenset({"__schema", "__type", "__typename"})
_KEPT_LENGTH = 8192
"""Longer documents aren't kept."""


class DocumentRefused(Exception):
    """A document that isn't valid for the subject: its faults, as graphql-core tells them."""

    def __init__(self, faults: Sequence[GraphQLError]) -> None:
        super().__init__(len(faults))
        self.faults = faults


class ByPostAlone(Exception):
    """An operation other than a query, sent by a method that changes nothing."""


def prepare(endpoint: Endpoint, operation: Operation, point: DecisionPoint, actor: Actor, view: View) -> Prepared:
    """Return the document as it may be executed for the subject with this view.

    # INVARIANT: what is kept holds for the same actor, text and variables, and for the very view and sizes it was
    # prepared under.
    Raises: DocumentRefused, ByPostAlone, TooComplex.
    """
    sizes = endpoint.sizes_of(actor.subject, point)
    # `repr` tells 1 from `true`, "1" and 1.0, which a dictionary takes for the same.
    said = repr(operation.variables)
    key = (actor, operation.document, operation.name, operation.only_query, said)
    kept = endpoint.prepared.find(key)
    if kept is not None and kept.view is view and kept.sizes is sizes:
        return kept
    document = _parse(endpoint, operation.document)
    _check_bounds(endpoint, document, operation, sizes)
    if operation.only_query and _changes(document, operation.name):
        raise ByPostAlone
    assembled = endpoint.schema_for(operation.document, view, point.snapshot.content.profile, actor)
    _validate(endpoint, assembled, document, operation)
    variables, allowed = operation.variables or {}, endpoint.bounds.introspection
    check_introspection(assembled.schema, document, operation.name, variables, allowed)
    prepared = Prepared(document, assembled, view, sizes, _shows_schema_alone(document, operation.name))
    length = len(operation.document) + len(said)
    return endpoint.prepared.keep(key, prepared, length) if length <= _KEPT_LENGTH else prepared


def _shows_schema_alone(document: DocumentNode, name: str | None) -> bool:
    operation = get_operation_ast(document, name)
    if operation is None or operation.operation is not OperationType.QUERY:
        return False
    roots = fields_within((operation.selection_set,), fragments_of(document))
    return {root.name.value for root in roots} <= _INTROSPECTION


def _check_bounds(endpoint: Endpoint, document: DocumentNode, operation: Operation, sizes: CatalogSizes) -> None:
    name, variables, bounds = operation.name, operation.variables, endpoint.bounds
    check_cells(document, name, variables, bounds.cells)
    check_catalog_cells(document, name, variables, sizes, bounds.catalog_cells)


def _parse(endpoint: Endpoint, text: str) -> DocumentNode:
    kept = endpoint.documents.find(text)
    if kept is not None:
        return kept
    try:
        document = parse(text, max_tokens=endpoint.bounds.tokens)
        check_bounds(document, endpoint.bounds)
        document = fold_document(document)
    except RecursionError:
        raise _too_deep(endpoint.bounds.depth) from None
    except GraphQLError as failure:
        if _TOO_MANY_TOKENS in failure.message:
            raise _too_many_tokens(endpoint.bounds.tokens) from None
        if _is_too_deep(failure):
            raise _too_deep(endpoint.bounds.depth) from None
        raise DocumentRefused([failure]) from None
    return _keep(endpoint.documents, text, text, document)


def _changes(document: DocumentNode, name: str | None) -> bool:
    chosen = get_operation_ast(document, name)
    return chosen is not None and chosen.operation is not OperationType.QUERY


def _too_many_tokens(allowed: int) -> TooComplex:
    return TooComplex(
        Text(
            en=f"the document has more than {allowed} tokens, and may have as many characters of tokens; "
            "ask for less, or use variables",
            zh=f"查询文档超过 {allowed} 个词元，而词元字符数的上限即为此数；请减少内容，或改用变量",
        )
    )


def _is_too_deep(failure: GraphQLError) -> bool:
    return failure.message in _TOO_DEEP


def _too_deep(allowed: int) -> TooComplex:
    return TooComplex(
        Text(
            en="fields, fragments or values are nested in more than 200 levels, "
            f"and fields may be in {allowed}; nest less",
            zh=f"字段、片段或值的嵌套超过 200 层，其中字段至多 {allowed} 层；请减少嵌套",
        )
    )


def _validate(endpoint: Endpoint, assembled: AssembledSchema, document: DocumentNode, operation: Operation) -> None:
    if get_operation_ast(document, operation.name) is None:
        raise DocumentRefused([GraphQLError("name one of the document's operations in `operationName`")])
    key = (assembled.key, operation.document)
    if endpoint.validated.find(key) is document:
        return
    faults = validate_document(assembled.schema, document)
    if any(map(_is_too_deep, faults)):
        raise _too_deep(endpoint.bounds.depth)
    if faults:
        raise DocumentRefused(faults)
    _keep(endpoint.validated, key, operation.document, document)


def _keep(kept: Kept[DocumentNode], key: Hashable, text: str, document: DocumentNode) -> DocumentNode:
    return kept.keep(key, document, len(text)) if len(text) <= _KEPT_LENGTH else document
