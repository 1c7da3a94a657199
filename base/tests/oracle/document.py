"""A request as a structure, from which its GraphQL text is rendered and which the reference evaluates."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal; `escaped` to write it in escapes, which is another text of the same value."""

    value: str
    escaped: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal, by its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Word:
    """An enum literal."""

    name: str


@dataclass(frozen=True, slots=True)
class Null:
    """`null`."""


@dataclass(frozen=True, slots=True)
class Several:
    """A list literal."""

    members: tuple["Literal", ...]


@dataclass(frozen=True, slots=True)
class Members:
    """An input object literal; names may repeat only in what is meant to be wrong."""

    pairs: tuple[tuple[str, "Literal"], ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in the place of a value."""

    name: str


@dataclass(frozen=True, slots=True)
class FromVariable:
    """What a variable brought: its JSON as a literal, with the mark that it was no literal."""

    value: "Literal"


Literal = Text | Number | Flag | Word | Null | Several | Members | Variable | FromVariable


@dataclass(frozen=True, slots=True)
class Directive:
    """`@skip` or `@include` with its `if`."""

    name: str
    condition: Flag | Variable


@dataclass(frozen=True, slots=True)
class Field:
    """A selected field."""

    name: str
    selections: tuple["Selection", ...] = ()
    alias: str | None = None
    arguments: tuple[tuple[str, Literal], ...] = ()
    directives: tuple[Directive, ...] = ()

    @property
    def response_key(self) -> str:
        """The alias, or the name."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True)
class Inline:
    """An inline fragment, with or without a type."""

    on: str | None
    selections: tuple["Selection", ...]
    directives: tuple[Directive, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """`...name`."""

    name: str
    directives: tuple[Directive, ...] = ()


Selection = Field | Inline | Spread


@dataclass(frozen=True, slots=True)
class Fragment:
    """A named fragment."""

    name: str
    on: str
    selections: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A variable's definition; `default` None for none."""

    name: str
    type: str
    default: Literal | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One operation with its fragments and variables.

    `broken` says that the text is known not to parse or not to validate by GraphQL's own rules, whatever the view;
    `trailer` is text put after it to make it so.
    """

    selections: tuple[Selection, ...]
    name: str | None = None
    definitions: tuple[Definition, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    values: Mapping[str, Json] = field(default_factory=dict)
    broken: bool = False
    trailer: str = ""

    def fragment(self, name: str) -> Fragment:
        """The fragment of that name."""
        return next(one for one in self.fragments if one.name == name)


def render_literal(value: Literal) -> str:
    """The GraphQL text of a value."""
    match value:
        case Several():
            return "[" + ", ".join(render_literal(each) for each in value.members) + "]"
        case Members():
            return "{" + ", ".join(f"{name}: {render_literal(each)}" for name, each in value.pairs) + "}"
        case FromVariable():
            return render_literal(value.value)
        case _:
            return _render_leaf(value)


def _render_leaf(value: Text | Number | Flag | Word | Null | Variable) -> str:
    match value:
        case Text():
            return _quoted(value.value, escaped=value.escaped)
        case Number():
            return value.text
        case Flag():
            return "true" if value.value else "false"
        case Word():
            return value.name
        case Variable():
            return f"${value.name}"
        case Null():
            return "null"


def _quoted(text: str, *, escaped: bool) -> str:
    """A GraphQL string: controls in escapes, and all else where asked."""
    return '"' + "".join(_quoted_character(each, index, escaped=escaped) for index, each in enumerate(text)) + '"'


def _quoted_character(character: str, index: int, *, escaped: bool) -> str:
    if character in '"\\':
        return "\\" + character
    if not escaped and character >= " " and character != "\x7f" and not "\ud800" <= character <= "\udfff":
        return character
    if index % 2 and not "\ud800" <= character <= "\udfff":
        return f"\\u{{{ord(character):x}}}"
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _render_directives(directives: tuple[Directive, ...]) -> str:
    return "".join(f" @{each.name}(if: {render_literal(each.condition)})" for each in directives)


def _render_selections(selections: tuple[Selection, ...]) -> str:
    return "{ " + " ".join(_render_selection(each) for each in selections) + " }" if selections else ""


def _render_selection(selection: Selection) -> str:
    if isinstance(selection, Spread):
        return f"...{selection.name}" + _render_directives(selection.directives)
    inner = _render_selections(selection.selections)
    if isinstance(selection, Inline):
        on = f" on {selection.on}" if selection.on else ""
        return f"...{on}{_render_directives(selection.directives)} {inner}"
    alias = f"{selection.alias}: " if selection.alias else ""
    arguments = ", ".join(f"{name}: {render_literal(value)}" for name, value in selection.arguments)
    called = f"({arguments})" if arguments else ""
    return f"{alias}{selection.name}{called}{_render_directives(selection.directives)} {inner}".rstrip()


def _render_definition(definition: Definition) -> str:
    default = f" = {render_literal(definition.default)}" if definition.default is not None else ""
    return f"${definition.name}: {definition.type}{default}"


def render_document(document: Document) -> str:
    """The GraphQL text of a request."""
    defined = ", ".join(_render_definition(each) for each in document.definitions)
    opening = ""
    if document.name or defined:
        opening = f"query {document.name or ''}" + (f"({defined})" if defined else "") + " "
    text = opening + _render_selections(document.selections)
    for fragment in document.fragments:
        text += f"\nfragment {fragment.name} on {fragment.on} {_render_selections(fragment.selections)}"
    return text + document.trailer


def pruned(document: Document) -> Document:
    """The document without variables that nothing uses, as dropping what was drawn leaves them behind."""
    text = render_document(replace(document, definitions=()))
    used = set(re.findall(r"\$([A-Za-z0-9]+)\b", text))
    definitions = tuple(each for each in document.definitions if each.name in used)
    values = {name: value for name, value in document.values.items() if name in used}
    return replace(document, definitions=definitions, values=values)


def render_body(document: Document) -> bytes:
    """The JSON body of a request."""
    body: dict[str, Json] = {"query": render_document(document)}
    if document.values:
        body["variables"] = dict(document.values)
    if document.name:
        body["operationName"] = document.name
    return json.dumps(body, ensure_ascii=True).encode()


def literal_of(value: Json) -> Literal:
    """A variable's JSON as a literal; a string may stand for an enum's member too."""
    match value:
        case None:
            return Null()
        case bool():
            return Flag(value)
        case int() | float():
            return Number(repr(value))
        case str():
            return Text(value)
        case list():
            return Several(tuple(literal_of(each) for each in value))
        case dict():
            return Members(tuple((name, literal_of(each)) for name, each in value.items()))


def resolve(value: Literal, document: Document) -> Literal | None:
    """A value with its variables put in, each marked; None where a variable without default is left out."""
    if isinstance(value, Variable):
        if value.name in document.values:
            return FromVariable(literal_of(document.values[value.name]))
        default = next(each.default for each in document.definitions if each.name == value.name)
        return None if default is None else default
    if isinstance(value, Members):
        pairs = ((name, resolve(each, document)) for name, each in value.pairs)
        return Members(tuple((name, each) for name, each in pairs if each is not None))
    if isinstance(value, Several):
        members = (resolve(each, document) for each in value.members)
        return Several(tuple(Null() if each is None else each for each in members))
    return value
