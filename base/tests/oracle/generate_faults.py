"""Draws what is wrong with a request: arguments that are bad input, and documents that aren't valid."""

from dataclasses import replace

from tests.oracle.conditions import ItemType
from tests.oracle.document import (
    Definition,
    Document,
    Field,
    Flag,
    Json,
    Literal,
    Members,
    Null,
    Number,
    Several,
    Text,
    Variable,
    Word,
    pruned,
)
from tests.oracle.generate_cells import chance
from tests.oracle.generate_literals import WRONG_KINDS, WRONG_VALUES, Builder
from tests.oracle.paging import fields_in
from tests.oracle.validation import View
from tests.oracle.world import Item, World

Argument = tuple[str, Literal]


def spoil_arguments(builder: Builder, field: Field, items: dict[str, Item]) -> Field:
    """The root field with one argument that is bad input."""
    draw = builder.draw
    name, literal = draw.choice((_bad_first, _bad_after, _bad_where, _bad_where, _bad_where, _bad_order))(
        builder, items
    )
    kept = tuple(pair for pair in field.arguments if pair[0] != name)
    return replace(field, arguments=(*kept, (name, literal)))


def _bad_first(builder: Builder, _: dict[str, Item]) -> Argument:
    return "first", Number(builder.draw.choice(("0", "-1", "1001", "-2147483648", "2147483647")))


def _bad_after(builder: Builder, _: dict[str, Item]) -> Argument:
    cursors = ("", "abc", "MTIz", "eyJvZmZzZXQiOjB9", "A" * 200, "中文", "é", "====")
    return "after", builder.perhaps_variable("String", Text(builder.draw.choice(cursors)))


def _bad_where(builder: Builder, items: dict[str, Item]) -> Argument:
    draw = builder.draw
    item = draw.choice(list(items.values()))
    wrong = draw.choice(WRONG_VALUES[item.type])
    operator = "isNull" if item.type is ItemType.JSON else "eq"
    tests: Literal = Members(((operator, wrong),))
    if operator == "eq" and item.type is not ItemType.BOOLEAN and chance(draw, 0.3):
        tests = Members(((draw.choice(("in", "notIn")), Several((wrong,))),))
    if chance(draw, 0.15):
        tests = Members(())
    member = Members(((item.identifier, tests),))
    wrapped = draw.choice((member, Members((("not", member),)), Members((("or", Several((Members(()), member))),))))
    return "where", wrapped


def _bad_order(builder: Builder, items: dict[str, Item]) -> Argument:
    orderable = [name for name, item in items.items() if item.type is not ItemType.JSON]
    pairs = tuple((name, Word("ASC")) for name in orderable[:2]) if len(orderable) > 1 else ()
    return "orderBy", Several((Members(builder.draw.choice(((), pairs))),))


def draw_fault(builder: Builder, world: World, view: View, shared: Field) -> Document:
    """A document that isn't valid in the view; drawn on `shared`, which would be."""
    draw = builder.draw
    # With two fields of its own the document would have more than the two that are never too many.
    shared = replace(shared, selections=tuple(fields_in(shared.selections)[:1]))
    spoilers = (_unknown_field, _hidden_entry, _hidden_item, _hidden_item, _wrong_argument, _wrong_variable, _broken)
    for _ in range(20):
        document = draw.choice(spoilers)(builder, world, view, shared)
        if document is not None:
            return document
    return _finished(builder, Field("shared", (Field("nowhere", (Field("totalCount"),)),)))


def _finished(builder: Builder, shared: Field) -> Document:
    return Document((shared,), None, tuple(builder.definitions), tuple(builder.fragments), builder.values)


def _unknown_field(builder: Builder, _world: World, view: View, shared: Field) -> Document:
    """A field that is nowhere, at some level."""
    unknown = Field(builder.draw.choice(("nowhere", "code_", "x" * 60)))
    entry = builder.draw.choice(list(view)) if view else "nowhere"
    forms = (
        (Field(entry, (unknown,)),),
        (Field(entry, (Field("nodes", (unknown,)),)),),
        (Field(entry, (Field("edges", (unknown,)),)),),
        (Field(entry, (Field("pageInfo", (unknown,)),)),),
        (Field(unknown.name, (Field("totalCount"),)),),
        (Field(entry),),
        (Field(entry, (Field("nodes"),)),),
        (Field(entry, (Field("totalCount", (unknown,)),)),),
    )
    return _finished(builder, replace(shared, selections=(*shared.selections, *builder.draw.choice(forms))))


def _hidden_entry(builder: Builder, world: World, view: View, shared: Field) -> Document | None:
    """An entry of the catalog that the view doesn't hold."""
    hidden = [entry for entry in world.entries if entry.identifier not in view]
    if not hidden:
        return None
    entry = builder.draw.choice(hidden)
    used = builder.draw.choice((Field("totalCount"), Field("nodes", (Field(entry.key[0]),))))
    return _finished(
        builder, replace(shared, selections=(*shared.selections, Field(entry.identifier, (used,), builder.alias())))
    )


def _hidden_item(builder: Builder, world: World, view: View, shared: Field) -> Document | None:
    """An item that the view doesn't hold, selected, filtered on, ordered by, also where it would be left out."""
    hidden = [
        (entry, item)
        for entry in world.entries
        for item in entry.items
        if entry.identifier in view and item.identifier not in view[entry.identifier]
    ]
    if not hidden:
        return None
    entry, item = builder.draw.choice(hidden)
    used = builder.draw.choice(("select", "where", "order", "left out"))
    arguments: tuple[Argument, ...] = ()
    name = item.identifier
    if used == "where":
        arguments = (("where", Members(((name, Members((("isNull", Flag(value=False)),))),))),)
    if used == "order":
        arguments = (("orderBy", Several((Members(((name, Word("ASC")),)),))),)
    selected = (Field("nodes", (Field(name),)),) if used in ("select", "left out") else (Field("totalCount"),)
    field = Field(entry.identifier, selected, builder.alias(), arguments)
    return _finished(builder, replace(shared, selections=(*shared.selections, field)))


def _wrong_argument(builder: Builder, _world: World, view: View, shared: Field) -> Document | None:
    """An argument of another GraphQL kind, or none that there is."""
    if not view:
        return None
    draw = builder.draw
    entry = draw.choice(list(view))
    items = view[entry]
    name = draw.choice(list(items))
    wrong: list[Argument] = [
        ("first", Text("10")), ("first", Number("1.5")), ("first", Number("4294967296")), ("last", Number("1")),
        ("after", Number("5")), ("purpose", Text("VERIFICATION")), ("purpose", Word("verification")),
        ("purpose", Word("NOWHERE")), ("matter", Number("1")), ("where", Text("x")), ("where", Several((Members(()),))),
        ("where", Members(((name, Members((("like", Text("x")),))),))), ("where", Members((("nowhere", Members(())),))),
        ("orderBy", Word("ASC")), ("orderBy", Several((Members(((name, Word("UP")),)),))),
        ("orderBy", Several((Members((("nowhere", Word("ASC")),)),))), ("offset", Null()),
        ("where", Members(((name, Members((("isNull", Text("true")),))),))),
    ]  # fmt: skip
    kinds = WRONG_KINDS.get(items[name].type, ())
    wrong += [("where", Members(((name, Members((("eq", literal),))),))) for literal in kinds]
    field = Field(entry, (Field("totalCount"),), builder.alias(), (draw.choice(wrong),))
    return _finished(builder, replace(shared, selections=(*shared.selections, field)))


def _wrong_variable(builder: Builder, world: World, view: View, shared: Field) -> Document | None:
    """A variable whose value doesn't fit its type, or names what is nowhere or hidden."""
    if not view:
        return None
    draw = builder.draw
    entry = draw.choice(list(view))
    name = draw.choice(list(view[entry]))
    hidden = [one.identifier for each in world.entries if each.identifier == entry for one in each.items]
    where, order = f"{entry}_where", f"[{entry}_order!]"
    tests: Json = {"isNull": False}
    wrong: list[tuple[str, str, Json]] = [
        ("first", "Int", "x"), ("first", "Int", 1.5), ("first", "Int", 2**31), ("first", "Int", [1]),
        ("matter", "String", 5), ("after", "String", {"a": 1}), ("where", where, "x"), ("where", where, [[]]),
        ("where", where, {"nowhere": tests}), ("where", where, {name: {"like": "x"}}), ("where", where, {name: []}),
        ("where", where, {"or": "x"}), ("where", where, {name: {"isNull": "no"}}),
    ]  # fmt: skip
    wrong += [("where", where, {each: tests}) for each in hidden if each not in view[entry]]
    if any(item.type is not ItemType.JSON for item in view[entry].values()):
        wrong += [("orderBy", order, [{"nowhere": "ASC"}]), ("orderBy", order, [{name: "UP"}]), ("orderBy", order, "x")]
    argument, kind, value = draw.choice(wrong)
    field = Field(entry, (Field("totalCount"),), builder.alias(), ((argument, Variable("wrong")),))
    document = _finished(builder, replace(shared, selections=(*shared.selections, field)))
    definitions = (*document.definitions, Definition("wrong", kind))
    return pruned(replace(document, definitions=definitions, values={**document.values, "wrong": value}))


def _broken(builder: Builder, _world: World, view: View, shared: Field) -> Document | None:
    """A document that GraphQL itself refuses."""
    document = _finished(builder, shared)
    if chance(builder.draw, 0.15):
        empty = builder.draw.choice((Document((), trailer="{}"), Document((Field("shared {}"),)), Document(())))
        return replace(empty, broken=True)
    if builder.draw.choice((False, True)) or not view:
        trailers = ("}", " {", "\nfragment Unused on Query { __typename }", " query Other { __typename }", "\x01", " )")
        return replace(document, trailer=builder.draw.choice(trailers), broken=True)
    entry = builder.draw.choice(list(view))
    page, seven = Field("pageInfo", (Field("hasNextPage"),)), ("first", Number("7"))
    total = Field("totalCount")
    fields = (
        (Field(entry, (total,), "same"), Field(entry, (page,), "same", (seven,))),
        (Field(entry, (total,), None, (seven, seven)),),
    )
    if chance(builder.draw, 0.4):
        definitions = (*document.definitions, Definition("unused", "Int"))
        return replace(document, definitions=definitions, broken=True)
    selections = (*shared.selections, *builder.draw.choice(fields))
    return replace(document, selections=(replace(shared, selections=selections),), broken=True)
