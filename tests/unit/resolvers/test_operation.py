"""Answers of executed documents."""

from itertools import permutations

import pytest
from graphql import ExecutionResult, GraphQLError, Source, parse
from graphql.language import FieldNode, OperationDefinitionNode

from portal.errors import Language
from portal.resolvers.operation import conclude


def errors_of_two_fields() -> list[GraphQLError]:
    document = parse(Source("{ a b }"))
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    a, b = operation.selection_set.selections
    assert isinstance(a, FieldNode)
    extensions = {"code": "EXPIRED"}
    return [
        GraphQLError("without a place", path=["z"], extensions=extensions),
        GraphQLError("a, third item", [a], path=["a", 2, "c"], extensions=extensions),
        GraphQLError("a, eleventh item", [a], path=["a", 10], extensions=extensions),
        GraphQLError("b", [b], path=["b"], extensions=extensions),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_errors_stand_in_the_order_of_the_document_whichever_failed_first(order: tuple[int, ...]) -> None:
    errors = errors_of_two_fields()
    outcome = conclude(ExecutionResult({"a": None}, [errors[index] for index in order]), Language.ENGLISH)
    shown = outcome.payload["errors"]
    assert isinstance(shown, list)
    assert [error["message"] for error in shown] == [error.message for error in errors]
