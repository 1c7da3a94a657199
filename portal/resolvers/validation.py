"""Whether a document is valid: the rules that a query can break, and how many faults are told."""

from contextlib import suppress

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    SingleFieldSubscriptionsRule,
    ValueNode,
    ValuesOfCorrectTypeRule,
    specified_rules,
    validate,
)
from graphql.language import SKIP, VisitorAction
from graphql.utilities import validate_input_literal
from graphql.validation import (
    ASTValidationRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    StreamDirectiveOnListField,
)

from portal.access.merging import validate_merging

ERRORS_SHOWN = 10
"""Faults of a document, or of its variables, that are told."""
_PRINTED = 5000
"""Characters of values that faults of one value may print: each prints the value that it is in."""


class _Enough(Exception):
    """A value has faults enough."""


class ValuesRule(ValuesOfCorrectTypeRule):
    """Tells fewer faults of a long value: of one with thousands of unknown members each fault would print them all."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report the faults of a value literal."""
        length = node.loc.end - node.loc.start if node.loc else 0
        left = 1 + _PRINTED // max(1, length)

        def report(error: GraphQLError, _: object) -> None:
            nonlocal left
            self.report_error(error)
            left -= 1
            if not left:
                raise _Enough

        if input_type:
            with suppress(_Enough):
                validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return SKIP


_IN_PLACE: dict[type[ASTValidationRule], type[ASTValidationRule] | None] = {
    ValuesOfCorrectTypeRule: ValuesRule,
    # It compares every field with every other; `validate_merging` comes to the same.
    OverlappingFieldsCanBeMergedRule: None,
    # Of subscriptions, `@defer` and `@stream`, which the schema doesn't have: other rules refuse them.
    SingleFieldSubscriptionsRule: None,
    DeferStreamDirectiveLabel: None,
    DeferStreamDirectiveOnRootField: None,
    DeferStreamDirectiveOnValidOperationsRule: None,
    StreamDirectiveOnListField: None,
}
RULES = tuple(rule for rule in (_IN_PLACE.get(one, one) for one in specified_rules) if rule is not None)
"""What a document is validated by, before its fields are merged."""


def validate_document(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return the first faults of a document that is within its bounds; none where it can be executed."""
    faults = validate(
        schema,
        document,
        RULES,
        max_errors=ERRORS_SHOWN,
        hide_suggestions=True,
        allow_empty_selection_sets=False,
    )
    return faults or validate_merging(document, ERRORS_SHOWN)
