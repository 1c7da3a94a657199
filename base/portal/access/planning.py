"""Planning: from a document's field to a plan that lists every item it uses, without any I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphql.language.ast import FieldNode

from portal.access.plan import (
    ConnectionShape,
    EdgesShape,
    FieldShape,
    LeafShape,
    NamedShape,
    NodeShape,
    NodesShape,
    OrderTerm,
    QueryPlan,
)
from portal.access.selections import TYPENAME, Document, Selected, select_fields
from portal.catalog.entries import CatalogEntry
from portal.conditions.meaning import condition_names
from portal.conditions.reading import Form, read_condition
from portal.conditions.tree import TRUE, Condition
from portal.conditions.values import check_text
from portal.errors import BadInput, Text
from portal.policies.decision import Use
from portal.policies.information_point import EntryState
from portal.vocabulary import Action, ItemIdentifier, Matter, Mode, Purpose

ROWS_LIMIT = 1000
DEFAULT_ROWS = 100
ASCENDING, DESCENDING = "ASC", "DESC"


@dataclass(frozen=True, slots=True)
class SharedField:
    """A root field of `shared` as the document has it: its nodes, and its arguments after coercion."""

    nodes: tuple[FieldNode, ...]
    arguments: Mapping[str, object]
    document: Document


def plan_query(state: EntryState, field: SharedField) -> QueryPlan:
    """Return the plan of a root field.

    Raises: BadInput for arguments that can't be used; the message names the argument and how to mend it.
    """
    entry, arguments = state.entry, field.arguments
    condition = _filter(entry, arguments.get("where"))
    order = _order(entry, arguments.get("orderBy"))
    shape = _connection_shape(field)
    selected = _distinct(item for node in shape.nodes for _, item in node.members if item is not None)
    compared = condition_names(condition) | {term.item for term in order}
    return QueryPlan(
        state=state,
        action=_action(arguments),
        use=_use(entry, selected, compared),
        shape=shape,
        selected=selected,
        filter=condition,
        order=order,
        first=_first(arguments.get("first")),
        after=_text_argument(arguments, "after"),
    )


def _refuse(en: str, zh: str) -> BadInput:
    return BadInput(Text(en=en, zh=zh))


def _distinct(items: Iterable[ItemIdentifier]) -> tuple[ItemIdentifier, ...]:
    return tuple(dict.fromkeys(items))


def _use(entry: CatalogEntry, selected: Sequence[ItemIdentifier], compared: Iterable[str]) -> Use:
    """Return the used items; a request that uses none is decided as if it selected the key."""
    used = {*selected, *compared} or set(entry.key)
    ordered = tuple(item.identifier for item in entry.items if item.identifier in used)
    return Use(entry.code, ordered, frozenset(ItemIdentifier(name) for name in compared))


def _text_argument(arguments: Mapping[str, object], name: str) -> str | None:
    value = arguments.get(name)
    try:
        return None if value is None else check_text(str(value))
    except BadInput as refused:
        raise _refuse(f"`{name}`: {refused.text.en}", f"`{name}`：{refused.text.zh}") from refused


def _action(arguments: Mapping[str, object]) -> Action:
    purpose, matter = arguments.get("purpose"), _text_argument(arguments, "matter")
    return Action(
        Mode.QUERY,
        None if purpose is None else Purpose(str(purpose)),
        None if matter is None else Matter(matter),
    )


def _first(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= ROWS_LIMIT:
        raise _refuse(f"`first` is {value}; write 1 to {ROWS_LIMIT}", f"`first` 为 {value}，应为 1 至 {ROWS_LIMIT}")
    return value


def _filter(entry: CatalogEntry, where: object) -> Condition:
    if where is None:
        return TRUE
    condition, faults = read_condition(where, {item.identifier: item.type for item in entry.items}, Form.FILTER)
    if faults:
        place = f"where.{faults[0].path}" if faults[0].path else "where"
        raise _refuse(f"`{place}`: {faults[0].text.en}", f"`{place}`：{faults[0].text.zh}")
    return condition


def _order(entry: CatalogEntry, raw: object) -> tuple[OrderTerm, ...]:
    """Return the order; an item named again orders nothing more, so its first naming counts."""
    if raw is None:
        return ()
    terms: dict[str, OrderTerm] = {}
    for index, member in enumerate(raw if isinstance(raw, list | tuple) else [raw]):
        if not isinstance(member, Mapping) or len(member) != 1 or None in member.values():
            raise _refuse(
                f"`orderBy[{index}]`: write one item with ASC or DESC an object, as in `{{name: ASC}}`",
                f"`orderBy[{index}]`：每个对象只写一个信息项及 ASC 或 DESC，如 `{{name: ASC}}`",
            )
        ((name, direction),) = member.items()
        terms.setdefault(name, OrderTerm(ItemIdentifier(name), direction == DESCENDING))
    return tuple(terms.values())


def _connection_shape(field: SharedField) -> ConnectionShape:
    selected = select_fields(field.nodes, field.document)
    return ConnectionShape(tuple((one.key, _field_shape(one, field.document)) for one in selected))


def _field_shape(selected: Selected, document: Document) -> FieldShape:
    match selected.name:
        case "nodes":
            return NodesShape(_node_shape(selected, document))
        case "edges":
            return EdgesShape(
                tuple(
                    (member.key, _node_shape(member, document) if member.name == "node" else member.name)
                    for member in select_fields(selected.nodes, document)
                )
            )
        case "pageInfo" | "access":
            members = select_fields(selected.nodes, document)
            return NamedShape(selected.name, tuple((member.key, member.name) for member in members))
        case _:
            return LeafShape(selected.name)


def _node_shape(selected: Selected, document: Document) -> NodeShape:
    return NodeShape(
        tuple(
            (member.key, None if member.name == TYPENAME else ItemIdentifier(member.name))
            for member in select_fields(selected.nodes, document)
        )
    )
