"""Nothing is too large to be read at once, and what is public says what it is."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import Function, Source, parse_source, sources

CODE = ("portal", "portal_verify", "scripts", "benchmarks", "tests")
FUNCTION_LINES = 50
FILE_LINES = 400
PARAMETERS = 5


def oversized(source: Source) -> list[str]:
    lines = source.text.count("\n")
    found = [f"{source.path}: {lines} lines"] if lines > FILE_LINES else []
    for function in source.functions():
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            found.append(f"{source.path}:{function.lineno} `{function.name}`: {length} lines")
    return found


def overloaded(source: Source) -> list[str]:
    return [
        f"{source.path}:{function.lineno} `{function.name}`: {count} parameters"
        for function in source.functions()
        if (count := parameter_count(function)) > PARAMETERS
    ]


def parameter_count(function: Function) -> int:
    """Parameters that a caller gives: `self` and `cls` aren't, nor GraphQL's `info`."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len([argument for argument in named if argument.arg not in {"self", "cls", "info"}])


def undocumented(source: Source) -> list[str]:
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    module = [] if ast.get_docstring(source.tree) else [f"{source.path}: the module"]
    return module + [
        f"{source.path}:{node.lineno} `{node.name}`"
        for node in source.tree.body
        if isinstance(node, documented) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]


def test_code_is_small_enough_to_read() -> None:
    assert [fault for source in sources(*CODE) for fault in oversized(source)] == []


def test_functions_take_few_parameters() -> None:
    assert [
        fault for source in sources("portal", "portal_verify", "scripts", "benchmarks") for fault in overloaded(source)
    ] == []


def test_public_names_have_docstrings() -> None:
    assert [
        fault
        for source in sources("portal", "portal_verify", "scripts", "benchmarks")
        for fault in undocumented(source)
    ] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("x = 1\n" * 401, 1, id="a long file"),
        pytest.param("def f() -> None:\n" + "    x = 1\n" * 50, 1, id="a long function"),
        pytest.param("def f() -> None:\n" + "    x = 1\n" * 49, 0, id="the longest function allowed"),
    ],
)
def test_oversized_finds_what_is_planted(text: str, found: int) -> None:
    assert len(oversized(parse_source(Path("planted.py"), text))) == found


def test_overloaded_counts_keywords_but_not_self() -> None:
    text = "class C:\n def f(self, a, b, *, c, d, e): ...\n def g(self, a, b, *, c, d, e, f): ...\n"
    assert overloaded(parse_source(Path("planted.py"), text)) == ["planted.py:3 `g`: 6 parameters"]


def test_undocumented_finds_module_class_and_function() -> None:
    assert len(undocumented(parse_source(Path("planted.py"), "def f(): ...\nclass C: ...\ndef _g(): ...\n"))) == 3
