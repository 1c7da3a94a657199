"""Whether claims on conditions can hold together, and under which circumstances (a search for a model).

What is said to be impossible is; what is said to be possible may not be, where texts are compared in a way that isn't
followed. So doubt counts as possible, and whoever asks is told whether it is doubt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from portal.conditions.formulas import Claim, Every, Formula, Literal, Side, Some, take_apart
from portal.conditions.meaning import Attribute
from portal.conditions.solving import Unsolved, compares_with_subject, solve

STEPS = 20_000
"""A search that takes more ends in doubt."""


@dataclass(frozen=True)
class Setting:
    """What is known of requests: all values that an attribute may have (None: missing), or some to try first."""

    domains: Mapping[str, tuple[Attribute, ...]] = field(default_factory=dict)
    samples: Mapping[str, tuple[Attribute, ...]] = field(default_factory=dict)

    def domain(self, side: Side, name: str) -> tuple[Attribute, ...] | None:
        """Return all values that the name may have, None where they aren't known."""
        return self.domains.get(name) if side is Side.REQUEST else None


NOTHING_KNOWN = Setting()


@dataclass(frozen=True, slots=True)
class Model:
    """Circumstances under which a formula holds: the attributes that it tests, None for one that is missing.

    Not certain: the formula may hold, and the attributes are those for which it came nearest.
    """

    attributes: Mapping[str, Attribute]
    certain: bool


DOUBT = Model({}, certain=False)


@dataclass(frozen=True, slots=True)
class _Branch:
    """A way to meet a formula: what is still to be met, what of it has several ways, and what it takes so far."""

    pending: tuple[Formula, ...]
    choices: tuple[Some, ...] = ()
    literals: tuple[Literal, ...] = ()


def find_model(formula: Formula, setting: Setting = NOTHING_KNOWN) -> Model | None:
    """Return circumstances under which the formula holds; None only where there are none."""
    branches, doubt = [_Branch((formula,))], None
    for _ in range(STEPS):
        if not branches:
            return doubt
        branch = branches.pop()
        if branch.pending or branch.choices:
            branches.extend(_advance(branch, setting))
            continue
        model = _model(branch.literals, setting)
        if model.certain:
            return model
        doubt = doubt or model
    return doubt or DOUBT


def can_hold(formula: Formula, setting: Setting = NOTHING_KNOWN) -> bool:
    """Return whether the formula may hold; false only where it can't."""
    return find_model(formula, setting) is not None


def _advance(branch: _Branch, setting: Setting) -> tuple[_Branch, ...]:
    """Return the branches that a branch parts into, the first to be followed last; none where it can't hold."""
    if not branch.pending:
        choice, *choices = branch.choices
        return tuple(replace(branch, pending=(member,), choices=tuple(choices)) for member in reversed(choice.members))
    head, rest = branch.pending[0], branch.pending[1:]
    match head:
        case Every(members):
            return (replace(branch, pending=(*members, *rest)),)
        case Some():
            return (replace(branch, pending=rest, choices=(*branch.choices, head)),)
        case Claim():
            return (replace(branch, pending=(take_apart(head), *rest)),)
        case Literal():
            return _with_literal(replace(branch, pending=rest), head, setting)
    assert_never(head)


def _with_literal(branch: _Branch, literal: Literal, setting: Setting) -> tuple[_Branch, ...]:
    literals = (*branch.literals, literal)
    same = [one for one in literals if (one.side, one.name) == (literal.side, literal.name)]
    solved = solve(same, setting.domain(literal.side, literal.name), setting.samples.get(literal.name, ()))
    return () if solved is Unsolved.REFUTED else (replace(branch, literals=literals),)


def _model(literals: tuple[Literal, ...], setting: Setting) -> Model:
    attributes: dict[str, Attribute] = {}
    # A test that the subject's attributes decide may have another outcome than was taken for it.
    certain = not any(one.test is not None and compares_with_subject(one.test) for one in literals)
    for side, name in dict.fromkeys((one.side, one.name) for one in literals):
        same = [one for one in literals if (one.side, one.name) == (side, name)]
        value = solve(same, setting.domain(side, name), setting.samples.get(name, ()))
        if isinstance(value, Unsolved):
            # An item that need only be there may hold anything.
            certain = certain and side is Side.ROW and all(one.test is None for one in same)
        elif side is Side.REQUEST:
            attributes[name] = value
    return Model(attributes, certain)
