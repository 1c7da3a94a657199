"""Joining clauses by AND and OR so that a wide or deep condition stays within what databases take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Clause = ColumnElement[bool]

_FLAT = 8
"""So many clauses stand side by side; more are halved and nested.

SQLite's parser takes 100 brackets in one another, and expressions 1000 deep; clauses side by side are as deep as many.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A clause to be joined. `height` counts its joints in one another; 0 for a single test."""

    clause: Clause
    height: int = 0


class _Bracketed(ColumnElement[Any]):
    """A clause in brackets that SQLAlchemy leaves there: its own it takes off where clauses are joined alike."""

    inherit_cache = True

    def __init__(self, clause: Clause) -> None:
        self.clause = clause


@compiles(_Bracketed)
def _bracketed(element: _Bracketed, compiler: SQLCompiler, **options: object) -> str:
    return f"({compiler.process(element.clause, **options)})"


def join_all(parts: Sequence[Part]) -> Part:
    """Return the parts joined by AND; true without any."""
    return _join(and_, parts, true())


def join_any(parts: Sequence[Part]) -> Part:
    """Return the parts joined by OR; false without any."""
    return _join(or_, parts, false())


def _join(join: Callable[..., Clause], parts: Sequence[Part], neutral: Clause) -> Part:
    """Return the parts joined, the tallest first and outermost: there its brackets take least of SQLite's parser."""
    if len(parts) < 2:
        return parts[0] if parts else Part(neutral)
    first, *rest = sorted(parts, key=lambda part: -part.height)
    return _side_by_side(join, (first, *rest) if len(rest) < _FLAT else (first, _halved(join, rest)))


def _halved(join: Callable[..., Clause], parts: Sequence[Part]) -> Part:
    if len(parts) <= _FLAT:
        return _side_by_side(join, parts)
    half = len(parts) // 2
    return _side_by_side(join, (_halved(join, parts[:half]), _halved(join, parts[half:])))


def _side_by_side(join: Callable[..., Clause], parts: Sequence[Part]) -> Part:
    joined = join(*(_Bracketed(part.clause) if part.height else part.clause for part in parts))
    return Part(joined, 1 + max(part.height for part in parts))
