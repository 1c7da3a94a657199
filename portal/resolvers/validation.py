"""Whether a document is valid: the rules that a query can break, and how many faults are told."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    Node,
    OverlappingFieldsCanBeMergedRule,
    SingleFieldSubscriptionsRule,
    ValueNode,
    ValuesOfCorrectTypeRule,
    specified_rules,
    validate,
)
from graphql.language import BREAK, SKIP, VisitorAction
from graphql.language.visitor import EnterLeaveVisitor
from graphql.utilities import validate_input_literal
from graphql.validation import (
    ASTValidationContext,
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

_Look = Callable[..., VisitorAction | None]


@cache
def _looking_at(kind: str) -> tuple[tuple[int, str | None, str | None], ...]:
    """Return which rules look at nodes of that kind, by number, and their methods at its beginning and end."""
    methods = (
        (number, _method(rule, "enter", kind), _method(rule, "leave", kind)) for number, rule in enumerate(RULES)
    )
    return tuple(one for one in methods if one[1] or one[2])


def _method(rule: type[ASTValidationRule], moment: str, kind: str) -> str | None:
    """Return the name of a rule's method for a kind of nodes, else of that for all."""
    return next((name for name in (f"{moment}_{kind}", moment) if hasattr(rule, name)), None)


class RulesTogether(ASTValidationRule):
    """All rules as one: at each node only those are asked that look at its kind.

    graphql-core asks every rule for its methods anew for each document, which takes as long as the rules themselves.
    """

    def __init__(self, context: ASTValidationContext) -> None:
        super().__init__(context)
        self._rules = [rule(context) for rule in RULES]
        self._skipped: list[object] = [None] * len(RULES)
        """What each rule passes over: a node and what is in it, or the rest."""

    def get_enter_leave_for_kind(self, kind: str) -> EnterLeaveVisitor:
        """Return what is done where a node of that kind begins, and where it ends."""
        known = self.enter_leave_map.get(kind)
        if known is None:
            looking = _looking_at(kind)
            both = (self._entering(looking), self._leaving(looking)) if looking else (None, None)
            known = self.enter_leave_map[kind] = EnterLeaveVisitor(*both)
        return known

    def _entering(self, looking: Iterable[tuple[int, str | None, str | None]]) -> _Look:
        skipped = self._skipped
        looks: list[tuple[int, _Look]] = [(one, getattr(self._rules[one], name)) for one, name, _ in looking if name]

        def enter(node: Node, *arguments: object) -> None:
            for one, look in looks:
                if skipped[one] is None:
                    result = look(node, *arguments)
                    if result is SKIP:
                        skipped[one] = node
                    elif result is BREAK:
                        skipped[one] = BREAK

        return enter

    def _leaving(self, looking: Iterable[tuple[int, str | None, str | None]]) -> _Look:
        skipped = self._skipped
        # A rule that only looks where nodes begin may have passed over this one.
        looks = [(one, getattr(self._rules[one], name) if name else _pass) for one, _, name in looking]

        def leave(node: Node, *arguments: object) -> None:
            for one, look in looks:
                if skipped[one] is node:
                    skipped[one] = None
                elif skipped[one] is None and look(node, *arguments) is BREAK:
                    skipped[one] = BREAK

        return leave


def _pass(*_: object) -> None:
    """Look at nothing."""


def validate_document(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return the first faults of a document that is within its bounds; none where it can be executed."""
    faults = validate(
        schema,
        document,
        [RulesTogether],
        max_errors=ERRORS_SHOWN,
        hide_suggestions=True,
        allow_empty_selection_sets=False,
    )
    return faults or validate_merging(document, ERRORS_SHOWN)
