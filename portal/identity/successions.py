"""Departments that follow others: who came before one, and successions that lead in a circle."""

from collections.abc import Iterable, Iterator, Mapping

from portal.identity.registry import Registry
from portal.vocabulary import DepartmentCode

_Next = Mapping[DepartmentCode, tuple[DepartmentCode, ...]]


def predecessors_of(registry: Registry, code: DepartmentCode) -> tuple[DepartmentCode, ...]:
    """Return every department that the one follows, directly or by way of others, by code; not itself.

    So a search of the log for a department can take in what was asked and answered before it was merged or renamed.
    """
    followed: dict[DepartmentCode, list[DepartmentCode]] = {}
    for department in registry.departments.values():
        for successor in department.successors:
            followed.setdefault(successor.code, []).append(department.code)
    found = _reached(code, {after: tuple(before) for after, before in followed.items()})
    return tuple(sorted(found - {code}))


def circular_successions(registry: Registry) -> tuple[DepartmentCode, ...]:
    """Return the departments that follow themselves by way of others, by code: nobody could say who has their due."""
    following = {
        code: tuple(successor.code for successor in department.successors)
        for code, department in registry.departments.items()
    }
    return _in_circles(registry.departments, following)


def circular_parents(registry: Registry) -> tuple[DepartmentCode, ...]:
    """Return the departments that are above themselves by way of others, by code."""
    above = {
        code: (department.parent,) if department.parent else () for code, department in registry.departments.items()
    }
    return _in_circles(registry.departments, above)


def _in_circles(codes: Iterable[DepartmentCode], following: _Next) -> tuple[DepartmentCode, ...]:
    return tuple(sorted(code for code in codes if code in _reached(code, following)))


def _reached(start: DepartmentCode, following: _Next) -> set[DepartmentCode]:
    """Return what one comes to from there in a step or more."""
    return set(_walk(start, following))


def _walk(start: DepartmentCode, following: _Next) -> Iterator[DepartmentCode]:
    pending, seen = [*following.get(start, ())], set[DepartmentCode]()
    while pending:
        code = pending.pop()
        if code not in seen:
            seen.add(code)
            yield code
            pending.extend(following.get(code, ()))
