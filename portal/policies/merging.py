"""Values that differ in one respect alone, as one value that lists them all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    _Value = TypeVar("_Value", bound=DataclassInstance)
else:
    _Value = TypeVar("_Value")


def merge(values: Iterable[_Value], respects: Sequence[str]) -> tuple[_Value, ...]:
    """Return the values with those joined that are alike but for one respect, one respect after the other.

    A respect names a member that is a tuple; its parts are listed in the order in which they come, each once.
    """
    merged = list(values)
    for name in respects:
        groups: defaultdict[object, list[_Value]] = defaultdict(list)
        for value in merged:
            groups[_with(value, name, ())].append(value)
        merged = [_with(members[0], name, _together(members, name)) for members in groups.values()]
    return tuple(merged)


def _with(value: _Value, name: str, parts: tuple[object, ...]) -> _Value:
    return replace(value, **{name: parts})


def _together(values: Iterable[object], name: str) -> tuple[object, ...]:
    return tuple(dict.fromkeys(part for value in values for part in getattr(value, name)))
