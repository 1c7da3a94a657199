"""Root fields with many arguments: they come to their resolver as one value."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    _Question = TypeVar("_Question", bound=DataclassInstance)
else:
    _Question = TypeVar("_Question")

_Info = TypeVar("_Info")
_Answer = TypeVar("_Answer")


def with_arguments_of(
    question: type[_Question],
) -> Callable[[Callable[[_Info, _Question], _Answer]], Callable[..., _Answer]]:
    """Return what gives a resolver the arguments that a dataclass has as fields, with their types and defaults."""

    def give(resolve: Callable[[_Info, _Question], _Answer]) -> Callable[..., _Answer]:
        def answer(info: _Info, **given: object) -> _Answer:
            return resolve(info, question(**given))

        taken, types = get_type_hints(resolve), get_type_hints(question)
        parameters = [
            Parameter(one.name, Parameter.KEYWORD_ONLY, default=_default_of(one.default), annotation=types[one.name])
            for one in fields(question)
        ]
        info = Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=taken["info"])
        answer.__signature__ = Signature([info, *parameters], return_annotation=taken["return"])  # type: ignore[attr-defined]
        answer.__doc__ = resolve.__doc__
        return answer

    return give


def _default_of(default: object) -> object:
    return Parameter.empty if default is MISSING else default
