"""The bound on how much a document can ask for: rows times fields, links multiplied, in linear time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql.language.ast import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    IntValueNode,
    ListValueNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.utilities import get_operation_ast

from portal.access.plan_groups import GROUPED_BY, GROUPS
from portal.access.plan_keys import KEYS, KEYS_LIMIT
from portal.access.planning import DEFAULT_LINKED_ROWS, DEFAULT_ROWS, ROWS_LIMIT
from portal.access.spreading import Fragments, default_values, fields_within, fragments_of
from portal.errors import Text, TooComplex

_SHARED = "shared"
_ROW_LISTS = frozenset({"nodes", "edges"})
_FIRST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class _Weight:
    """Cells of a selection set: those that are there once, and those of each row of the connection it stands in."""

    once: int
    a_row: int


_NOTHING = _Weight(0, 0)


def check_cells(document: DocumentNode, name: str | None, variables: Mapping[str, object] | None, allowed: int) -> None:
    """Raise TooComplex for a document that asks for more cells than allowed, were every page of it full."""
    operation = get_operation_ast(document, name)
    if operation is None:
        return
    weighing = _Weighing(fragments_of(document), {**default_values(operation), **(variables or {})})
    cells = weighing.weigh(operation.selection_set, DEFAULT_LINKED_ROWS).once
    if cells > allowed:
        raise TooComplex(
            Text(
                en=f"up to {cells} cells, rows times fields, are more than the {allowed} allowed; "
                "ask for fewer rows with `first`, follow fewer links, or ask in several requests",
                zh=f"至多 {cells} 个单元格（行数乘以字段数），超过上限 {allowed}；"
                "请减小 `first`、少取几层关联，或分几次请求",
            )
        )


@dataclass(frozen=True, slots=True)
class _Weighing:
    """Weighs selection sets, each once for either number of rows that a page has where the document doesn't say."""

    fragments: Fragments
    variables: Mapping[str, object]
    weighed: dict[tuple[int, int], _Weight] = field(default_factory=dict)

    def weigh(self, selections: SelectionSetNode, rows: int) -> _Weight:
        """Return the weight of a selection set with its fragments in their places."""
        key = id(selections), rows
        if key not in self.weighed:
            # A fragment inside itself weighs nothing here: validation refuses it.
            self.weighed[key] = _NOTHING
            self.weighed[key] = self._sum(selections, rows)
        return self.weighed[key]

    def _sum(self, selections: SelectionSetNode, rows: int) -> _Weight:
        once = a_row = 0
        for node in fields_within((selections,), self.fragments):
            cells = self._cells(node, rows)
            a_row, once = (a_row + cells, once) if node.name.value in _ROW_LISTS else (a_row, once + cells)
        return _Weight(once, a_row)

    def _cells(self, node: FieldNode, rows: int) -> int:
        if node.selection_set is None:
            return 1
        name = node.name.value
        below = self.weigh(node.selection_set, DEFAULT_ROWS if name == _SHARED else DEFAULT_LINKED_ROWS)
        arguments = {argument.name.value: argument for argument in node.arguments or ()}
        if name == GROUPS and GROUPED_BY in arguments:
            groups = self._number(arguments["first"], DEFAULT_ROWS) if "first" in arguments else DEFAULT_ROWS
            return 1 + groups * below.once
        keys = self._length(arguments[KEYS]) if KEYS in arguments else 1
        page = self._number(arguments["first"], rows) if "first" in arguments else rows
        # A list of rows has no arguments: its rows are counted where the connection is.
        return 1 + keys * below.once + (below.a_row if name in _ROW_LISTS else page * below.a_row)

    def _value(self, argument: ArgumentNode) -> object:
        value: object = argument.value
        return self.variables.get(value.name.value) if isinstance(value, VariableNode) else value

    def _number(self, argument: ArgumentNode, otherwise: int) -> int:
        value = self._value(argument)
        if isinstance(value, IntValueNode):
            value = int(value.value) if len(value.value) <= _FIRST_DIGITS else ROWS_LIMIT
        # Beyond the limit it will be refused as it is; here it must only not multiply without end.
        return min(abs(value), ROWS_LIMIT) if isinstance(value, int) else otherwise

    def _length(self, argument: ArgumentNode) -> int:
        value = self._value(argument)
        members = value.values if isinstance(value, ListValueNode) else value
        return min(len(members), KEYS_LIMIT) if isinstance(members, list | tuple) else 1
