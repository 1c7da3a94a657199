"""Text tests by code point that databases write differently."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, String, literal
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


def text_position(column: ColumnElement[Any], part: str) -> ColumnElement[int]:
    """Return the place of a text that isn't empty in the column's, from 1; 0 if it isn't there."""
    return _Position(column, literal(part, String))


def text_ends_with(column: ColumnElement[Any], tail: str) -> ColumnElement[bool]:
    """Return whether the column's text ends with one that isn't empty."""
    return _Tail(column, literal(len(tail), Integer)) == literal(tail, String)
