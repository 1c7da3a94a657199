"""Draws worlds whose entries are linked, and requests that follow the links or ask for rows by key."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.conditions import ItemType
from tests.oracle.decision import Asking, effective_matter
from tests.oracle.document import Document, Field, Literal, Members, Number, Selection, Several, Text, Word
from tests.oracle.generate_cells import chance, draw_row, subset, weighted
from tests.oracle.generate_conditions import draw_condition
from tests.oracle.generate_literals import Builder, operand_literal, where_literal
from tests.oracle.generate_records import draw_mask, draw_records
from tests.oracle.generate_requests import finish
from tests.oracle.generate_worlds import consumers_of, draw_world
from tests.oracle.validation import KeyField, Reach, View, reach_of
from tests.oracle.world import PURPOSES, Caller, Cell, Entry, Item, Kind, Link, Record, Row, Subject, World, subject_of

SIZES = {0: 0.3, 1: 0.5, 5: 2.0, 12: 4.0, 25: 2.0}
DEPTHS = {1: 2.0, 2: 4.0, 3: 3.0}
PAGES = {None: 4.0, 1: 1.5, 2: 2.0, 3: 1.0, 20: 0.7, 100: 0.5}
WRONG_PAGES = ("0", "101", "1000")
KEY_COUNTS = (0, 1, 2, 3, 4, 8, 30)


def draw_linked_world(seed: int, now: datetime) -> World:
    """The world of a seed with links to one and to many, in circles too, and rows that join, dangle or are null."""
    draw, world = Random(seed), draw_world(seed, now)
    sized = tuple(_sized(draw, entry) for entry in world.entries)
    entries = {entry.identifier: entry for entry in sized}
    for entry in sized:
        for serial in range(1, draw.choice((1, 1, 2)) + 1):
            _link(draw, entries, entry.identifier, (draw.choice(list(entries)), serial))
        _link_by_division(draw, entries, entry.identifier)
    linked = replace(world, entries=tuple(entries.values()))
    consumers = consumers_of(linked, now, agreements=False)
    drawn = [record for entry in linked.entries for record in draw_records(draw, entry, consumers)]
    return replace(linked, records=(*drawn, *_broad_records(draw, linked)))


def _sized(draw: Random, entry: Entry) -> Entry:
    serials = range(1, weighted(draw, SIZES) + 1)
    rows = (draw_row(draw, (entry.items, entry.key), serial * 10, serial) for serial in serials)
    return replace(entry, rows=tuple(rows), status="published" if chance(draw, 0.9) else entry.status)


def _link(draw: Random, entries: dict[str, Entry], name: str, to: tuple[str, int]) -> None:
    """Give an entry items that name a row of the target by its key, with a link each way."""
    target, serial = entries[to[0]], to[1]
    pairs = {f"to{serial}_{key}": target.item(key) for key in target.key}
    items = tuple(
        replace(draw.choice(entries[name].items), identifier=identifier, type=item.type, scale=0)
        for identifier, item in pairs.items()
        if item is not None
    )
    keys = [tuple(row.cells[key] for key in target.key) for row in target.rows]
    rows = tuple(_with_reference(draw, row, tuple(pairs), keys) for row in entries[name].rows)
    forth = Link(f"one{serial}", tuple(pairs), target.identifier, target.key, many=False)
    entry = entries[name]
    entries[name] = replace(entry, items=(*entry.items, *items), rows=rows, links=(*entry.links, forth))
    back = Link(f"from_{name}_{serial}", target.key, name, tuple(pairs), many=True)
    entries[to[0]] = replace(entries[to[0]], links=(*entries[to[0]].links, back))


def _with_reference(draw: Random, row: Row, names: tuple[str, ...], keys: list[tuple[Cell, ...]]) -> Row:
    values: tuple[Cell, ...] = draw.choice(keys) if keys and chance(draw, 0.8) else (None,) * len(names)
    if chance(draw, 0.1):
        values = (*values[:-1], None)
    return replace(row, cells={**row.cells, **dict(zip(names, values, strict=True))})


def _link_by_division(draw: Random, entries: dict[str, Entry], name: str) -> None:
    """Link the rows of one division, of which there are few, and rows without many."""
    if chance(draw, 0.5):
        link = Link("near", ("division",), draw.choice(list(entries)), ("division",), many=True)
        entries[name] = replace(entries[name], links=(*entries[name].links, link))


def _broad_records(draw: Random, world: World) -> Iterator[Record]:
    """Records that open most entries whole to one department, so that links lead somewhere."""
    consumer = f"department:{draw.choice(world.applications).department}"
    for entry in world.entries:
        if chance(draw, 0.75):
            masked = subset(draw, entry.items, 1, 2) if chance(draw, 0.4) else ()
            yield Record(
                id=f"broad-{entry.identifier.replace('_', '-')}",
                kind=Kind.STATUTORY,
                consumer=consumer,
                resource=entry.code,
                masks={item.identifier: draw_mask(draw, item) for item in masked},
                max_rows=draw.choice((3, 5, 10, 50)) if chance(draw, 0.4) else None,
                daily_rows=draw.choice((6, 20, 60)) if chance(draw, 0.35) else None,
            )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What a request is drawn from: `liked` are the items by entry that aren't refused, and those free to compare."""

    builder: Builder
    reference: Reference
    view: View
    reach: Reach
    liked: dict[str, tuple[set[str], set[str]]]

    @property
    def draw(self) -> Random:
        """The source of chance."""
        return self.builder.draw

    def entry(self, identifier: str) -> Entry:
        """An entry of the world."""
        entry = self.reference.world.entry(identifier)
        assert entry is not None
        return entry


def draw_linked_request(draw: Random, reference: Reference, caller: Caller) -> Document | None:
    """A request of a caller with one root field; None for a caller who sees nothing."""
    subject = subject_of(reference.world, caller)
    view = reference.view(subject)
    if not view:
        return None
    actions = [(purpose, draw.choice((None, *subject.registered_matters))) for purpose in (None, *PURPOSES)]
    tried = [(action, _liked(reference, subject, action, view)) for action in actions]
    best = max(_worth(liked) for _, liked in tried)
    if chance(draw, 0.85):
        tried = [one for one in tried if _worth(one[1]) == best]
    action, liked = draw.choice(tried)
    drawing = _Drawing(Builder(draw), reference, view, reach_of(reference.world, view), liked)
    return finish(drawing.builder, Field("shared", (_draw_root(drawing, action),)))


def _worth(liked: dict[str, tuple[set[str], set[str]]]) -> int:
    return sum(len(free) for _, free in liked.values())


def _liked(
    reference: Reference, subject: Subject, action: tuple[str | None, str | None], view: View
) -> dict[str, tuple[set[str], set[str]]]:
    asking = Asking(subject, reference.clock(), action[0], effective_matter(action[1], subject))
    liked = {}
    for entry in reference.world.entries:
        verdicts = reference.verdicts(entry, asking, list(view.get(entry.identifier, ())))
        permitted = {name for name, verdict in verdicts.items() if not verdict.codes}
        liked[entry.identifier] = permitted, {name for name in permitted if not verdicts[name].masked}
    return liked


def _draw_root(drawing: _Drawing, action: tuple[str | None, str | None]) -> Field:
    draw, (purpose, matter) = drawing.draw, action
    names = list(drawing.view)
    entry = drawing.entry(draw.choices(names, [len(drawing.liked[name][1]) + 0.2 for name in names])[0])
    arguments: list[tuple[str, Literal]] = []
    if purpose is not None:
        arguments.append(("purpose", Word(purpose.upper())))
    if matter is not None:
        arguments.append(("matter", Text(matter)))
    depth = weighted(draw, DEPTHS)
    by_key = draw.choice([f"{entry.identifier}_by_key", f"{entry.identifier}_by_keys"])
    alias = drawing.builder.alias() if chance(draw, 0.2) else None
    if by_key in drawing.reach.keys and chance(draw, 0.35):
        arguments += _draw_keys(drawing, drawing.reach.keys[by_key])
        return Field(by_key, _draw_node(drawing, entry, depth), alias, tuple(arguments))
    arguments += _draw_arguments(drawing, entry)
    return Field(entry.identifier, _draw_connection(drawing, entry, depth), alias, tuple(arguments))


def _draw_keys(drawing: _Drawing, field: KeyField) -> list[tuple[str, Literal]]:
    """Arguments that name rows that are there, and some that aren't, in any order and again."""
    draw, entry = drawing.draw, field.entry
    items = [item for name in entry.key if (item := entry.item(name)) is not None]
    keys = [_draw_key(draw, entry, items) for _ in range(draw.choice(KEY_COUNTS) if field.several else 1)]
    if not field.several:
        return list(keys[0].pairs)
    if keys and chance(draw, 0.04):
        keys[-1] = Members(keys[-1].pairs[1:])
    literal = drawing.builder.perhaps_variable(f"[{entry.identifier}_key!]!", Several(tuple(keys)), 0.3)
    return [("keys", literal)]


def _draw_key(draw: Random, entry: Entry, items: list[Item]) -> Members:
    known = [tuple(row.cells[item.identifier] for item in items) for row in entry.rows]
    values: tuple[Cell, ...] = tuple(4 if item.type is ItemType.INTEGER else "nobody" for item in items)
    if known and chance(draw, 0.8):
        values = draw.choice(known)
    pairs = []
    for item, value in zip(items, values, strict=True):
        assert isinstance(value, str | int)
        pairs.append((item.identifier, operand_literal(draw, item, value)))
    return Members(tuple(pairs))


def _draw_arguments(drawing: _Drawing, entry: Entry, *, linked: bool = False) -> list[tuple[str, Literal]]:
    draw, builder = drawing.draw, drawing.builder
    visible = dict(drawing.view[entry.identifier])
    pool = _pool(drawing, entry, drawing.liked[entry.identifier][1])
    arguments: list[tuple[str, Literal]] = []
    if chance(draw, 0.35):
        arguments.append(("where", where_literal(builder, draw_condition(draw, pool, entry.rows), visible)))
    orderable = [item for item in pool if item.type is not ItemType.JSON]
    if orderable and chance(draw, 0.45):
        members = (
            Members(((item.identifier, Word(draw.choice(("ASC", "DESC")))),))
            for item in draw.sample(orderable, min(len(orderable), draw.choice((1, 1, 2))))
        )
        arguments.append(("orderBy", Several(tuple(members))))
    size = weighted(draw, PAGES)
    if size is not None:
        arguments.append(("first", builder.perhaps_variable("Int", Number(str(size)))))
    if linked and chance(draw, 0.02):
        arguments = [*(each for each in arguments if each[0] != "first"), ("first", Number(draw.choice(WRONG_PAGES)))]
    return arguments


def _pool(drawing: _Drawing, entry: Entry, liked: set[str]) -> list[Item]:
    visible = drawing.view[entry.identifier]
    names = [name for name in visible if name in liked] if chance(drawing.draw, 0.95) else []
    return [visible[name] for name in names or visible]


def _draw_connection(drawing: _Drawing, entry: Entry, depth: int) -> tuple[Selection, ...]:
    """The parts of a connection; rows always, so that what counts against a day is what is shown."""
    draw, name = drawing.draw, entry.identifier
    parts = []
    if chance(draw, 0.2):
        edge = (Field("cursor"), Field("node", _draw_node(drawing, entry, depth - 1)))
        parts.append(Field("edges", drawing.builder.fragmented(f"{name}_edge", edge)))
    if not parts or chance(draw, 0.3):
        parts.append(Field("nodes", _draw_node(drawing, entry, depth)))
    if chance(draw, 0.4):
        parts.append(Field("totalCount"))
    if chance(draw, 0.3):
        parts.append(Field("pageInfo", (Field("hasNextPage"), Field("endCursor"))))
    if chance(draw, 0.2):
        parts.append(Field("access", (Field("policies"), Field("validUntil"), Field("receipt"))))
    draw.shuffle(parts)
    return drawing.builder.fragmented(f"{name}_connection", tuple(parts))


def _draw_node(drawing: _Drawing, entry: Entry, depth: int) -> tuple[Selection, ...]:
    draw, builder = drawing.draw, drawing.builder
    pool = _pool(drawing, entry, drawing.liked[entry.identifier][0])
    chosen = draw.sample(pool, min(len(pool), draw.randint(1, 3)))
    fields = [Field(item.identifier, (), builder.alias() if chance(draw, 0.1) else None) for item in chosen]
    if chance(draw, 0.05):
        fields = [Field("__typename")]
    if depth > 0:
        fields += [_draw_link(drawing, link, depth - 1) for link in _draw_links(drawing, entry)]
    if chance(draw, 0.01) and entry.links:
        hidden = draw.choice(entry.links)
        fields.append(Field(hidden.identifier, (Field("__typename"),), builder.alias()))
    draw.shuffle(fields)
    return builder.fragmented(entry.identifier, tuple(fields))


def _draw_links(drawing: _Drawing, entry: Entry) -> tuple[Link, ...]:
    """One or two links, mostly such as aren't refused."""
    draw = drawing.draw
    links = list(drawing.reach.links.get(entry.identifier, {}).values())
    open_links = [link for link in links if _is_open(drawing, entry, link)]
    if open_links and chance(draw, 0.93):
        links = open_links
    return subset(draw, links, 1, 2)


def _is_open(drawing: _Drawing, entry: Entry, link: Link) -> bool:
    own, target = drawing.liked[entry.identifier][1], drawing.liked[link.target][1]
    return set(link.items) <= own and set(link.target_items) <= target


def _draw_link(drawing: _Drawing, link: Link, depth: int) -> Field:
    target = drawing.entry(link.target)
    alias = drawing.builder.alias() if chance(drawing.draw, 0.2) else None
    if not link.many:
        return Field(link.identifier, _draw_node(drawing, target, depth), alias)
    arguments = tuple(_draw_arguments(drawing, target, linked=True))
    return Field(link.identifier, _draw_connection(drawing, target, depth), alias, arguments)
