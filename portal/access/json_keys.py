"""Join values as one JSON text, taken apart again by the database."""

from typing import Any

from sqlalchemy import ColumnElement, TableValuedAlias, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Members(FunctionElement[Any]):
    """The members of a JSON list, as rows of one column `value`."""

    name = "members"
    inherit_cache = True


@compiles(_Members, "sqlite")
def _members_in_sqlite(element: _Members, compiler: SQLCompiler, **options: object) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Members, "postgresql")
def _members_in_postgresql(element: _Members, compiler: SQLCompiler, **options: object) -> str:
    return f"jsonb_array_elements(({compiler.process(element.clauses, **options)})::jsonb)"


class _Member(FunctionElement[Any]):
    """A value of the list, or a value of the list that a value of the list is, compared as a column's."""

    name = "member"
    inherit_cache = False

    def __init__(self, value: ColumnElement[Any], index: int | None, compared: ColumnElement[Any]) -> None:
        super().__init__(value)
        self.index = index
        self.type = compared.type


@compiles(_Member, "sqlite")
def _member_in_sqlite(element: _Member, compiler: SQLCompiler, **options: object) -> str:
    # What JSON holds as a number is one and what it holds as a text is one.
    value = compiler.process(element.clauses, **options)
    return value if element.index is None else f"json_extract({value}, '$[{element.index:d}]')"


@compiles(_Member, "postgresql")
def _member_in_postgresql(element: _Member, compiler: SQLCompiler, **options: object) -> str:
    value = compiler.process(element.clauses, **options)
    path = "'{}'" if element.index is None else f"'{{{element.index:d}}}'"
    kind = "bigint" if element.type.python_type is int else "text"
    return f"({value} #>> {path})::{kind}"


def json_members(text: ColumnElement[str]) -> TableValuedAlias:
    """Return the members of a JSON list as rows."""
    return _Members(text).table_valued(column("value"), name="keys")


def json_member(members: TableValuedAlias, index: int | None, compared: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a member, or the value at an index of a member that is a list, as it is compared with a column."""
    return _Member(members.c.value, index, compared)
