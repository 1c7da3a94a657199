"""What databases write differently: tests of texts by code point, texts shown partly, rows as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, LargeBinary, String, case, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Position(FunctionElement[int]):
    """The place of a text in another, from 1; 0 if it isn't there."""

    type = Integer()
    inherit_cache = True


class _Tail(FunctionElement[str]):
    """The last characters of a text; the whole text if it is shorter."""

    type = String()
    inherit_cache = True


class _Stars(FunctionElement[str]):
    """So many `*`: the first of a text of as many as there may be."""

    type = String()
    inherit_cache = True


class _Truth(FunctionElement[bool]):
    """A stored 0 or 1 as JSON's `false` or `true`; null stays null."""

    type = Boolean()
    inherit_cache = True


class _RowText(FunctionElement[bytes]):
    """The JSON text of an object in UTF-8: of each member what stands before its value, its name, its value."""

    type = LargeBinary()
    inherit_cache = True


@compiles(_Position, "sqlite")
def _position_in_sqlite(element: _Position, compiler: SQLCompiler, **options: object) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_Position, "postgresql")
def _position_in_postgresql(element: _Position, compiler: SQLCompiler, **options: object) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(_Tail, "sqlite")
def _tail_in_sqlite(element: _Tail, compiler: SQLCompiler, **options: object) -> str:
    text, length = (compiler.process(clause, **options) for clause in element.clauses)
    return f"substr({text}, -{length})"


@compiles(_Tail, "postgresql")
def _tail_in_postgresql(element: _Tail, compiler: SQLCompiler, **options: object) -> str:
    return f"right({compiler.process(element.clauses, **options)})"


@compiles(_Stars, "sqlite")
def _stars_in_sqlite(element: _Stars, compiler: SQLCompiler, **options: object) -> str:
    stars, count = (compiler.process(clause, **options) for clause in element.clauses)
    return f"substr({stars}, 1, {count})"


@compiles(_Stars, "postgresql")
def _stars_in_postgresql(element: _Stars, compiler: SQLCompiler, **options: object) -> str:
    _, count = element.clauses
    return f"repeat('*', {compiler.process(count, **options)})"


@compiles(_Truth, "sqlite")
def _truth_in_sqlite(element: _Truth, compiler: SQLCompiler, **options: object) -> str:
    return f"json(CASE {compiler.process(element.clauses, **options)} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"


@compiles(_Truth, "postgresql")
def _truth_in_postgresql(element: _Truth, compiler: SQLCompiler, **options: object) -> str:
    return f"CASE {compiler.process(element.clauses, **options)} WHEN 1 THEN true WHEN 0 THEN false END"


@compiles(_RowText, "sqlite")
def _row_text_in_sqlite(element: _RowText, compiler: SQLCompiler, **options: object) -> str:
    members = (compiler.process(part, **options) for _, *member in _members(element) for part in member)
    return f"CAST(json_object({', '.join(members)}) AS BLOB)"


@compiles(_RowText, "postgresql")
def _row_text_in_postgresql(element: _RowText, compiler: SQLCompiler, **options: object) -> str:
    # Its own functions for objects put spaces between the members; the answer is the same octets from either database.
    parts = []
    for before, _, value in _members(element):
        shown = f"coalesce(CAST(to_json({compiler.process(value, **options)}) AS TEXT), 'null')"
        parts += [compiler.process(before, **options), shown]
    return f"convert_to(concat({', '.join(parts)}, '}}'), 'UTF8')"


def _members(element: _RowText) -> Iterator[Sequence[ColumnElement[Any]]]:
    clauses = list(element.clauses)
    yield from (clauses[at : at + 3] for at in range(0, len(clauses), 3))


def row_text(members: Iterable[tuple[str, ColumnElement[Any]]]) -> ColumnElement[bytes]:
    """Return the JSON text of an object with these members, in their order. Names are those of GraphQL."""
    texts = [
        (literal(f'{"," if place else "{"}"{name}":', String), literal(name, String), value)
        for place, (name, value) in enumerate(members)
    ]
    return _RowText(*(part for text in texts for part in text))


def as_truth(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return a stored 0 or 1 as a member of a JSON object shows it."""
    return _Truth(column)


def shown_partly(column: ColumnElement[Any], head: int, tail: int, longest: int) -> ColumnElement[str]:
    """Return the column's text, all but its first `head` and last `tail` code points as `*`; a short one all `*`.

    No text of the column has more than `longest` code points.
    """
    length, stars = func.length(column), literal("*" * longest, String)
    shown: ColumnElement[str] = _Stars(stars, length - (head + tail))
    if head:
        shown = func.substr(column, 1, head).concat(shown)
    if tail:
        shown = shown.concat(_Tail(column, literal(tail, Integer)))
    return case((length <= head + tail, _Stars(stars, length)), else_=shown)


def text_position(column: ColumnElement[Any], part: str) -> ColumnElement[int]:
    """Return the place of a text that isn't empty in the column's, from 1; 0 if it isn't there."""
    return _Position(column, literal(part, String))


def text_ends_with(column: ColumnElement[Any], tail: str) -> ColumnElement[bool]:
    """Return whether the column's text ends with one that isn't empty."""
    return _Tail(column, literal(len(tail), Integer)) == literal(tail, String)
