"""Draws requests of a caller: mostly ones that have rows to show, with the reference's own verdicts as the bias."""

from dataclasses import dataclass, replace
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.conditions import ConditionTree, Group, ItemType, Negation
from tests.oracle.decision import Asking, effective_matter
from tests.oracle.document import (
    Directive,
    Document,
    Field,
    Inline,
    Literal,
    Members,
    Null,
    Number,
    Selection,
    Several,
    Text,
    Word,
    pruned,
)
from tests.oracle.generate_cells import chance, subset, weighted
from tests.oracle.generate_conditions import draw_condition
from tests.oracle.generate_faults import draw_fault, spoil_arguments
from tests.oracle.generate_literals import Builder, where_literal
from tests.oracle.generate_records import MATTERS
from tests.oracle.validation import View
from tests.oracle.world import PURPOSES, Caller, Entry, Item, Subject, subject_of

PAGE_SIZES = {None: 6.0, 1: 1.0, 2: 1.5, 3: 1.5, 5: 1.5, 20: 1.0, 100: 0.5, 1000: 0.5}


@dataclass(frozen=True, slots=True)
class _Root:
    """A root field in the making: what is asked, and which items may be used how."""

    entry: Entry
    visible: dict[str, Item]
    permitted: tuple[str, ...]
    filterable: tuple[str, ...]
    tempting: tuple[str, ...]
    purpose: str | None
    matter: str | None
    limits: tuple[int, ...]

    @property
    def is_counted(self) -> bool:
        """Whether pages of the entry may count against a day."""
        return bool(self.limits) and self.limits[-1] < 0


def draw_request(draw: Random, reference: Reference, caller: Caller, purpose_type: str | None = None) -> Document:
    """A request of a caller; `purpose_type` names the enum, where it is known, for variables of it."""
    subject = subject_of(reference.world, caller)
    view = reference.view(subject)
    kind = weighted(draw, {"ordinary": 84.0, "bad input": 6.0, "not valid": 10.0})
    builder = Builder(draw)
    if not view:
        return draw_fault(builder, reference.world, view, Field("shared", (Field("__typename"),)))
    roots = _draw_roots(draw, reference, subject, view)
    fields = [_field_of(builder, root, purpose_type) for root in roots]
    if len({each.response_key for each in fields}) < len(fields):
        fields[1] = replace(fields[1], alias=builder.alias())
    if kind == "bad input":
        fields[0] = spoil_arguments(builder, fields[0], roots[0].visible)
    if len(fields) == 1 and chance(draw, 0.04) and not roots[0].is_counted:
        fields.append(fields[0])
    selections: tuple[Selection, ...] = tuple(fields)
    if chance(draw, 0.04):
        selections = (*selections, Field("__typename"))
    if chance(draw, 0.06):
        selections = (Inline(None, selections, _kept(builder)),)
    shared = Field("shared", selections, alias=builder.alias() if chance(draw, 0.05) else None)
    return draw_fault(builder, reference.world, view, shared) if kind == "not valid" else finish(builder, shared)


def finish(builder: Builder, shared: Field) -> Document:
    """The document of what is built; now and then beside another operation, or in two parts."""
    draw = builder.draw
    name = "Asked" if chance(draw, 0.15) else None
    trailer = "\nquery Other { shared { __typename } }" if name and chance(draw, 0.3) else ""
    parts: tuple[Selection, ...] = (shared,)
    if len(shared.selections) == 2 and chance(draw, 0.3):
        first, second = shared.selections
        alias = builder.alias() if chance(draw, 0.5) else shared.alias
        parts = (replace(shared, selections=(first,)), replace(shared, selections=(second,), alias=alias))
    fragments = tuple(builder.fragments)
    return pruned(Document(parts, name, tuple(builder.definitions), fragments, builder.values, trailer=trailer))


def _draw_roots(draw: Random, reference: Reference, subject: Subject, view: View) -> list[_Root]:
    roots = [_draw_root(draw, reference, subject, view)]
    if chance(draw, 0.15):
        other = _draw_root(draw, reference, subject, view)
        # Two counted fields of one entry would race for what is left of the day.
        if other.entry is not roots[0].entry or not other.is_counted:
            roots.append(other)
    return roots


def _draw_root(draw: Random, reference: Reference, subject: Subject, view: View) -> _Root:
    names = list(view)
    entries = [entry for entry in reference.world.entries if entry.identifier in names]
    entry = draw.choices(entries, weights=[min(len(one.rows), 10) + 0.5 for one in entries])[0]
    actions = _actions(draw, subject)
    tried = [(action, _verdict_sets(reference, entry, subject, action, view)) for action in actions]
    best = max(len(permitted) for _, (permitted, _) in tried)
    if chance(draw, 0.72):
        tried = [one for one in tried if len(one[1][0]) == best]
    (purpose, matter), (permitted, filterable) = draw.choice(tried)
    tempting = _tempting(reference, entry, subject, (purpose, matter))
    if chance(draw, 0.02):
        matter = draw.choice((*MATTERS, "", "370000-9999"))
    records = [record for record in reference.records if record.resource == entry.code]
    limits = tuple(sorted({record.max_rows for record in records if record.max_rows is not None}, reverse=True))
    counted = any(record.daily_rows is not None for record in records)
    visible = dict(view[entry.identifier])
    tempting = tuple(name for name in tempting if name in visible)
    return _Root(entry, visible, permitted, filterable, tempting, purpose, matter, (*limits, -1) if counted else limits)


def _actions(draw: Random, subject: Subject) -> list[tuple[str | None, str | None]]:
    purposes = (None, None, *PURPOSES)
    matters: tuple[str | None, ...] = (None, None, *subject.registered_matters)
    return [(purpose, draw.choice(matters)) for purpose in purposes]


def _verdict_sets(
    reference: Reference, entry: Entry, subject: Subject, action: tuple[str | None, str | None], view: View
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The visible items that aren't refused, and of these the ones that may be filtered on."""
    purpose, matter = action
    asking = Asking(subject, reference.clock(), purpose, effective_matter(matter, subject))
    verdicts = reference.verdicts(entry, asking, list(view[entry.identifier]))
    permitted = tuple(name for name, verdict in verdicts.items() if not verdict.codes)
    return permitted, tuple(name for name in permitted if not verdicts[name].masked)


def _tempting(
    reference: Reference, entry: Entry, subject: Subject, action: tuple[str | None, str | None]
) -> tuple[str, ...]:
    """The items that a deny refuses, or a mask keeps from being filtered on."""
    purpose, matter = action
    asking = Asking(subject, reference.clock(), purpose, effective_matter(matter, subject))
    verdicts = reference.verdicts(entry, asking, [item.identifier for item in entry.items])
    return tuple(name for name, verdict in verdicts.items() if verdict.allows and (verdict.codes or verdict.masked))


def _field_of(builder: Builder, root: _Root, purpose_type: str | None) -> Field:
    draw = builder.draw
    arguments: list[tuple[str, Literal]] = []
    if chance(draw, 0.55):
        arguments.append(("where", _draw_where(builder, root)))
    if chance(draw, 0.5) and any(item.type is not ItemType.JSON for item in root.visible.values()):
        arguments.append(("orderBy", _draw_order(builder, root)))
    if root.purpose is not None:
        word = Word(root.purpose.upper())
        purpose: Literal = word if purpose_type is None else builder.perhaps_variable(purpose_type, word)
        arguments.append(("purpose", purpose))
    if root.matter is not None:
        arguments.append(("matter", builder.perhaps_variable("String", Text(root.matter))))
    first = _draw_first(draw, root)
    if first is not None:
        arguments.append(("first", builder.perhaps_variable("Int", first)))
    if chance(draw, 0.03):
        absent = [
            name for name in ("where", "orderBy", "first", "after", "purpose", "matter") if name not in dict(arguments)
        ]
        arguments += [(name, Null()) for name in subset(draw, absent, 1, 1)]
    draw.shuffle(arguments)
    alias = builder.alias() if chance(draw, 0.25) else None
    return Field(root.entry.identifier, _draw_connection(builder, root), alias, tuple(arguments), _kept(builder))


def _pool(draw: Random, root: _Root, liked: tuple[str, ...], tempted: float) -> list[Item]:
    names = liked if liked and chance(draw, 0.92) else tuple(root.visible)
    if root.tempting and chance(draw, tempted):
        names = root.tempting
    return [root.visible[name] for name in names]


def _draw_where(builder: Builder, root: _Root) -> Literal:
    draw = builder.draw
    if chance(draw, 0.03):
        return draw.choice((Members(()), Members((("and", Several(())),)), Members((("or", Several(())),))))
    pool = _pool(draw, root, root.filterable, 0.15)
    tree = draw_condition(draw, pool, root.entry.rows)
    if chance(draw, 0.01):
        tree = _large(draw, pool, root)
    literal = where_literal(builder, tree, root.visible)
    return builder.perhaps_variable(f"{root.entry.identifier}_where", literal, 0.12)


def _large(draw: Random, pool: list[Item], root: _Root) -> ConditionTree:
    """A condition that is long or deep, within what is never too much."""
    rows = root.entry.rows
    if chance(draw, 0.5):
        return ConditionTree((Group("or", tuple(draw_condition(draw, pool, rows, 0) for _ in range(40))),))
    tree = draw_condition(draw, pool, rows, 0)
    for _ in range(draw.randint(2, 5)):
        tree = ConditionTree((Negation(tree),) if chance(draw, 0.6) else (Group(draw.choice(("and", "or")), (tree,)),))
    return tree


def _draw_order(builder: Builder, root: _Root) -> Literal:
    draw = builder.draw
    pool = [item for item in _pool(draw, root, root.filterable, 0.15) if item.type is not ItemType.JSON]
    if not pool or chance(draw, 0.03):
        return Several(())
    chosen = draw.sample(pool, min(len(pool), draw.choice((1, 1, 2, 3))))
    members = tuple(Members(((item.identifier, Word(draw.choice(("ASC", "DESC")))),)) for item in chosen)
    if len(members) == 1 and chance(draw, 0.15):
        return members[0]
    return builder.perhaps_variable(f"[{root.entry.identifier}_order!]!", Several(members))


def _draw_first(draw: Random, root: _Root) -> Literal | None:
    if chance(draw, 0.02):
        return Null()
    near = [limit + step for limit in root.limits if 0 < limit < 1000 for step in (0, 1)]
    if near and chance(draw, 0.2):
        return Number(str(draw.choice(near)))
    size = weighted(draw, PAGE_SIZES)
    return None if size is None else Number(str(size))


def _kept(builder: Builder) -> tuple[Directive, ...]:
    """Directives that leave the field in."""
    if not chance(builder.draw, 0.06):
        return ()
    name = builder.draw.choice(("skip", "include"))
    return (Directive(name, builder.flag(value=name == "include")),)


def _left_out(builder: Builder) -> tuple[Directive, ...]:
    name = builder.draw.choice(("skip", "include"))
    return (Directive(name, builder.flag(value=name == "skip")),)


def _draw_connection(builder: Builder, root: _Root) -> tuple[Selection, ...]:
    draw = builder.draw
    entry = root.entry.identifier
    parts = [name for name, often in PARTS.items() if chance(draw, often)]
    if root.is_counted and not {"nodes", "edges"} & set(parts):
        parts.append("nodes")
    draw.shuffle(parts)
    selections = [_draw_part(builder, root, name) for name in parts or ["totalCount"]]
    if chance(draw, 0.05):
        selections.append(Field("nodes", (Field(draw.choice(list(root.visible))),), directives=_left_out(builder)))
        selections[-1] = _aliased(builder, selections[-1])
    return builder.fragmented(f"{entry}_connection", tuple(selections))


PARTS = {"nodes": 0.8, "edges": 0.25, "pageInfo": 0.45, "totalCount": 0.45, "access": 0.35, "__typename": 0.06}


def _aliased(builder: Builder, field: Field) -> Field:
    return Field(field.name, field.selections, builder.alias(), field.arguments, field.directives)


def _draw_part(builder: Builder, root: _Root, name: str) -> Field:
    draw = builder.draw
    alias = builder.alias() if chance(draw, 0.08) else None
    match name:
        case "nodes":
            return Field(name, _draw_node(builder, root), alias)
        case "edges":
            inner: list[Selection] = [Field("cursor")] if chance(draw, 0.7) else []
            if not inner or chance(draw, 0.7):
                inner.append(Field("node", _draw_node(builder, root)))
            return Field(name, builder.fragmented(f"{root.entry.identifier}_edge", tuple(inner)), alias)
        case "pageInfo":
            return Field(name, _leaves(draw, ("hasNextPage", "endCursor")), alias)
        case "access":
            return Field(name, _leaves(draw, ("policies", "validUntil", "receipt")), alias)
        case _:
            return Field(name, (), alias)


def _leaves(draw: Random, names: tuple[str, ...]) -> tuple[Selection, ...]:
    return tuple(Field(name) for name in (names if chance(draw, 0.7) else subset(draw, names, 1)))


def _draw_node(builder: Builder, root: _Root) -> tuple[Selection, ...]:
    draw = builder.draw
    pool = _pool(draw, root, root.permitted, 0.06)
    chosen = draw.sample(pool, draw.randint(1, min(len(pool), 6)))
    fields = [
        Field(item.identifier, (), builder.alias() if chance(draw, 0.1) else None, (), _kept(builder))
        for item in chosen
    ]
    if chance(draw, 0.06):
        fields.append(Field("__typename"))
    if chance(draw, 0.04):
        fields = [Field("__typename")]
    if chance(draw, 0.12):
        left_out = draw.choice(list(root.visible))
        fields.append(Field(left_out, (), builder.alias(), (), _left_out(builder)))
    return builder.fragmented(root.entry.identifier, tuple(fields))
