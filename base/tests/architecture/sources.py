"""The project's own Python files, as text and as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file; `path` is relative to the project."""

    path: Path
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def imported_names(self) -> Iterator[str]:
        """Full dotted names of what is imported: `from a.b import c` gives `a.b.c`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files below `folders` of the project, in the order of their paths."""
    paths = sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    return tuple(parse_source(path.relative_to(PROJECT), path.read_text(encoding="utf-8")) for path in paths)


def parse_source(path: Path, text: str) -> Source:
    """Return `text` as the source of `path`."""
    return Source(path, text, ast.parse(text))
