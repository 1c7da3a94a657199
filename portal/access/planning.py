"""Planning: from a document's field to a plan that lists every item it uses, without any I/O."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from graphql.language.ast import FieldNode

from portal.access.plan import ConnectionShape, GroupsPlan, LinkPlan, OrderTerm, Part, QueryPlan
from portal.access.plan_groups import read_grouping
from portal.access.plan_keys import keys_condition, read_keys
from portal.access.plan_shapes import FollowedLink, read_shape
from portal.access.selections import Document
from portal.catalog.entries import CatalogEntry
from portal.conditions.meaning import condition_names
from portal.conditions.reading import Form, read_condition
from portal.conditions.tree import TRUE, And, Condition
from portal.conditions.values import check_text
from portal.errors import BadInput, Text
from portal.policies.decision import Use
from portal.policies.information_point import EntryState
from portal.vocabulary import Action, EntryIdentifier, ItemIdentifier, Matter, Mode, Purpose

ROWS_LIMIT = 1000
DEFAULT_ROWS = 100
LINKED_ROWS_LIMIT = 100
"""So many rows of a link to many a parent may have, and 20 where `first` is left out."""
DEFAULT_LINKED_ROWS = 20
ASCENDING, DESCENDING = "ASC", "DESC"


class FieldKind(StrEnum):
    """What a root field of `shared` gives: pages of an entry, the row of one key, or those of several."""

    PAGE = "page"
    ROW = "row"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class SharedField:
    """A root field of `shared` as the document has it: its nodes, and its arguments after coercion.

    `part` is that of a transfer, which is of mode `exchange`; None for a page. `as_text`: the answer is wanted as text,
    so that rows may be written by the database.
    """

    nodes: tuple[FieldNode, ...]
    arguments: Mapping[str, object]
    document: Document
    kind: FieldKind = FieldKind.PAGE
    part: Part | None = None
    as_text: bool = False


Targets = Callable[[EntryIdentifier], EntryState]
"""Returns the entry that a link leads to."""


_NO_TARGETS: Mapping[EntryIdentifier, EntryState] = {}


def plan_query(state: EntryState, field: SharedField, targets: Targets = _NO_TARGETS.__getitem__) -> QueryPlan:
    """Return the plan of a root field, with those of the links below it.

    Raises: BadInput for arguments that can't be used; the message names the argument and how to mend it.
    """
    asked = _Asked(field.nodes, field.arguments, field.kind)
    mode = Mode.QUERY if field.part is None else Mode.EXCHANGE
    plan = _Planner(field.document, _action(field.arguments, mode), targets).plan(state, asked)
    return replace(plan, part=field.part, as_text=field.as_text)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of one entry: at the root, or below a link, which joins it on the items `joined`."""

    nodes: tuple[FieldNode, ...]
    arguments: Mapping[str, object]
    kind: FieldKind
    path: tuple[str, ...] = ()
    joined: tuple[ItemIdentifier, ...] = ()
    rows_limit: int = ROWS_LIMIT


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans entries of one root field, each for the same action."""

    document: Document
    action: Action
    targets: Targets

    def plan(self, state: EntryState, asked: _Asked) -> QueryPlan:
        """Return the plan of an entry and of the links below it."""
        entry, arguments = state.entry, asked.arguments
        read = read_shape(entry, asked.nodes, self.document, page=asked.kind is FieldKind.PAGE)
        keys = read_keys(entry, arguments, several=asked.kind is FieldKind.ROWS) if _has_keys(asked) else None
        condition = _filter(entry, arguments.get("where")) if keys is None else keys_condition(entry.key, keys)
        order = _order(entry, arguments.get("orderBy"))
        joined = (*asked.joined, *(name for link in read.followed for name in link.link.items))
        selected = _distinct(
            (*_shown_items(read.shape), *joined, *(() if keys is None else entry.key)),
        )
        groups = tuple(self._plan_groups(entry, node, condition, asked) for node in read.groups)
        compared = {*condition_names(condition), *joined, *(term.item for term in order)}
        compared.update(() if keys is None else entry.key)
        compared.update(name for each in groups for name in (*each.by, *condition_names(each.filter)))
        return QueryPlan(
            state=state,
            action=self.action,
            use=_use(entry, selected, compared),
            shape=read.shape,
            selected=selected,
            filter=condition,
            order=order,
            first=_first(arguments.get("first"), asked.rows_limit) if keys is None else len(keys),
            # Among the arguments of a key, `after` is an item of that name.
            after=_text_argument(arguments, "after") if keys is None else None,
            links=tuple(self._plan_link(entry, link, asked.path) for link in read.followed),
            keys=keys,
            groups=groups,
        )

    def _plan_groups(self, entry: CatalogEntry, node: FieldNode, condition: Condition, asked: _Asked) -> GroupsPlan:
        if asked.joined:
            raise _refuse(
                "`groups` is there for fields of `shared` alone, not below a link; ask the linked entry itself",
                "`groups` 仅用于 `shared` 下的字段，不能用于关联之下；请直接查询所关联的条目",
            )
        arguments = self.document.arguments(f"{entry.identifier}_connection", node)
        by = read_grouping(entry, arguments.get("by"))
        own = _filter(entry, arguments.get("where"), "groups.where")
        return GroupsPlan(by, _both(condition, own), _first(arguments.get("first"), ROWS_LIMIT, "groups.first"))

    def _plan_link(self, entry: CatalogEntry, followed: FollowedLink, path: tuple[str, ...]) -> LinkPlan:
        link, below = followed.link, (*path, *followed.path)
        arguments = self.document.arguments(entry.identifier, followed.nodes[0])
        kind = FieldKind.PAGE if link.many else FieldKind.ROW
        asked = _Asked(followed.nodes, arguments, kind, below, link.target_items, LINKED_ROWS_LIMIT)
        return LinkPlan(link, below, self.plan(self.targets(link.target), asked))


def _has_keys(asked: _Asked) -> bool:
    return asked.kind is not FieldKind.PAGE and not asked.joined


def _shown_items(shape: ConnectionShape) -> Iterator[ItemIdentifier]:
    for node in shape.nodes:
        for _, shown in node.members:
            if isinstance(shown, str):
                yield shown


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


def _action(arguments: Mapping[str, object], mode: Mode) -> Action:
    purpose, matter = arguments.get("purpose"), _text_argument(arguments, "matter")
    return Action(
        mode,
        None if purpose is None else Purpose(str(purpose)),
        None if matter is None else Matter(matter),
    )


def _first(value: object, limit: int, name: str = "first") -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise _refuse(f"`{name}` is {value}; write 1 to {limit}", f"`{name}` 为 {value}，应为 1 至 {limit}")
    return value


def _both(condition: Condition, own: Condition) -> Condition:
    """Return the rows that both leave."""
    tests = tuple(each for each in (condition, own) if each != TRUE)
    return tests[0] if len(tests) == 1 else And(tests)


def _filter(entry: CatalogEntry, where: object, name: str = "where") -> Condition:
    if where is None:
        return TRUE
    condition, faults = read_condition(where, {item.identifier: item.type for item in entry.items}, Form.FILTER)
    if faults:
        place = f"{name}.{faults[0].path}" if faults[0].path else name
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
