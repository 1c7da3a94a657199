"""Whether a document is valid: the rules that a query can break, and how many faults are told."""

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    SingleFieldSubscriptionsRule,
    specified_rules,
    validate,
)
from graphql.validation import (
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    StreamDirectiveOnListField,
)

from portal.access.merging import validate_merging

_ERRORS_SHOWN = 10
_LEFT_OUT = frozenset(
    {
        # It compares every field with every other; `validate_merging` comes to the same.
        OverlappingFieldsCanBeMergedRule,
        # Of subscriptions, `@defer` and `@stream`, which the schema doesn't have: other rules refuse them.
        SingleFieldSubscriptionsRule,
        DeferStreamDirectiveLabel,
        DeferStreamDirectiveOnRootField,
        DeferStreamDirectiveOnValidOperationsRule,
        StreamDirectiveOnListField,
    }
)
RULES = tuple(rule for rule in specified_rules if rule not in _LEFT_OUT)
"""What a document is validated by, before its fields are merged."""


def validate_document(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return the first faults of a document that is within its bounds; none where it can be executed."""
    faults = validate(
        schema,
        document,
        RULES,
        max_errors=_ERRORS_SHOWN,
        hide_suggestions=True,
        allow_empty_selection_sets=False,
    )
    return faults or validate_merging(document, _ERRORS_SHOWN)
