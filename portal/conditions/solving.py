"""Whether one item or attribute can meet several tests at once: a value that does, or that there is none."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from itertools import combinations, permutations
from typing import assert_never

from portal.conditions.formulas import Literal, Test
from portal.conditions.meaning import Attribute, satisfies
from portal.conditions.tree import Comparison, InNetwork, ListContains, Membership, Operator, SubjectAttribute, Value
from portal.conditions.values import INTEGER_MAX, INTEGER_MIN


class Unsolved(Enum):
    """What is known where no value was found."""

    REFUTED = auto()
    """There is none."""
    OPEN = auto()
    """There may be one."""


Told = tuple[Test, bool]
"""A test on a value that is there, with its outcome."""
_Range = tuple[Value, Value]

_COUNTED = 64
"""A range of no more whole numbers or days is tried through."""
_NEGATED = {
    Operator.EQ: Operator.NE,
    Operator.NE: Operator.EQ,
    Operator.LT: Operator.GTE,
    Operator.LTE: Operator.GT,
    Operator.GT: Operator.LTE,
    Operator.GTE: Operator.LT,
}
_FROM = (Operator.GT, Operator.GTE, Operator.STARTS_WITH)
_UP_TO = (Operator.LT, Operator.LTE)
_INSTANT = timedelta(microseconds=1)
"""The finest step of a clock."""
_FILLERS = ("", "0", "~~")


def solve(
    literals: Sequence[Literal], domain: Sequence[Attribute] | None, samples: Sequence[Attribute] = ()
) -> Attribute | Unsolved:
    """Return a value of the one name that meets all literals; None is one that is missing.

    `domain` are all values that there are, None where they are too many; `samples` are tried before others.
    INVARIANT: `REFUTED` is said only where no value meets them.
    """
    if _contradict(literals):
        return Unsolved.REFUTED
    if domain is not None:
        return next((value for value in domain if _meets(literals, value)), Unsolved.REFUTED)
    if any(literal.test is None and literal.outcome is False for literal in literals):
        return None
    tests = [(one.test, one.outcome) for one in literals if one.test is not None]
    told = [_plainly(test, outcome) for test, outcome in tests if not compares_with_subject(test)]
    candidates = (*samples, *_candidates(told))
    found = next((value for value in candidates if value is not None and _meets(literals, value)), None)
    if found is not None:
        return found
    return Unsolved.REFUTED if _is_refuted(told) else Unsolved.OPEN


def compares_with_subject(test: Test) -> bool:
    """Return whether what the test compares with is the subject's, and so isn't known here."""
    return isinstance(test, Comparison) and isinstance(test.operand, SubjectAttribute)


def _contradict(literals: Sequence[Literal]) -> bool:
    outcome_of: dict[Test | None, bool | None] = {}
    for literal in literals:
        if outcome_of.setdefault(literal.test, literal.outcome) is not literal.outcome:
            return True
    told = any(test is not None and outcome is not None for test, outcome in outcome_of.items())
    return told and outcome_of.get(None) is False


def _meets(literals: Iterable[Literal], value: Attribute) -> bool:
    return all(_meets_one(literal, value) for literal in literals)


def _meets_one(literal: Literal, value: Attribute) -> bool:
    if literal.test is None:
        return (value not in (None, ())) is literal.outcome
    if compares_with_subject(literal.test):
        return literal.outcome is None or value is not None
    return satisfies(literal.test, {literal.name: value}) is literal.outcome


def _plainly(test: Test, outcome: bool | None) -> Told:
    """Return the test the other way round where that is a test too, so that it holds."""
    match test:
        case Comparison(name, operator, operand) if outcome is not True and operator in _NEGATED:
            return Comparison(name, _NEGATED[operator], operand), True
        case Membership(name, values, negated) if outcome is not True:
            return Membership(name, values, not negated), True
        case _:
            return test, outcome is True


def _operands(test: Test) -> tuple[Value, ...]:
    match test:
        case Comparison(_, _, operand) if not isinstance(operand, SubjectAttribute):
            return (operand,)
        case Membership(_, values, _):
            return values
        case _:
            return ()


def _compared(told: Iterable[Told], operators: Sequence[Operator], outcome: bool = True) -> list[Value]:
    """Return the operands of the comparisons that have that outcome."""
    return [
        operand
        for test, is_true in told
        if is_true is outcome and isinstance(test, Comparison) and test.operator in operators
        for operand in _operands(test)
    ]


def _candidates(told: Sequence[Told]) -> Iterator[Attribute]:
    operands = list(dict.fromkeys(operand for test, _ in told for operand in _operands(test)))
    yield from operands
    yield from _lists_and_addresses([test for test, _ in told])
    yield from _texts(told, [operand for operand in operands if isinstance(operand, str)])
    for operand in operands:
        yield from _near(operand)
    for lower, upper in _ranges(told):
        yield from _between(lower, upper)


def _lists_and_addresses(tests: Sequence[Test]) -> Iterator[Attribute]:
    for test in tests:
        if isinstance(test, InNetwork):
            yield from (test.network[0], test.network[-1])
    named = tuple(dict.fromkeys(test.value for test in tests if isinstance(test, ListContains)))
    for size in range(1, len(named) + 1):
        yield from combinations(named, size)
    if named:
        yield ("".join(named) + "~",)


def _texts(told: Sequence[Told], texts: Sequence[str]) -> Iterator[str]:
    """Yield texts that begin, hold and end as asked."""
    starts, middles, ends = (
        [str(operand) for operand in _compared(told, [operator])]
        for operator in (Operator.STARTS_WITH, Operator.CONTAINS, Operator.ENDS_WITH)
    )
    for start in ("", *starts, *texts) if texts else ():
        for middle in ("", *middles, "".join(middles)):
            for end in ("", *ends):
                yield from (f"{start}{filler}{middle}{filler}{end}" for filler in _FILLERS)


def _near(operand: Value) -> Iterator[Value]:
    """Yield the values beside one; that of another boolean."""
    match operand:
        case bool():
            yield not operand
        case datetime():
            yield from _shifted(operand, _INSTANT)
        case date():
            yield from _shifted(operand, timedelta(days=1))
        case int() | Decimal():
            yield from (operand - 1, operand + 1)
        case str():
            return
        case _:
            assert_never(operand)


def _shifted(moment: date, step: timedelta) -> Iterator[date]:
    for shift in (-step, step):
        try:
            yield moment + shift
        except OverflowError:
            continue


def _ranges(told: Sequence[Told]) -> Iterator[_Range]:
    """Yield each pair of a bound that values lie above and one that they lie below, those of the type too."""
    lowers, uppers = _compared(told, _FROM), _compared(told, _UP_TO)
    for bound in (lowers + uppers)[:1]:
        least, most = _limits(bound)
        lowers, uppers = lowers + least, uppers + most
    yield from ((lower, upper) for lower in lowers for upper in uppers)


def _limits(value: Value) -> tuple[list[Value], list[Value]]:
    match value:
        case str():
            return [""], []
        case datetime():
            return [], []
        case date():
            return [date.min], [date.max]
        case int():
            return [INTEGER_MIN], [INTEGER_MAX]
        case _:
            return [], []


def _between(lower: Value, upper: Value) -> Sequence[Value]:
    """Return all values from one to the other where they are few; the numbers between two fractions are not."""
    match lower, upper:
        case datetime(), datetime():
            return _steps(lower, upper, _INSTANT)
        case date(), date():
            return _steps(lower, upper, timedelta(days=1))
        case int(), int():
            return range(lower, upper + 1) if upper - lower < _COUNTED else ()
        case Decimal(), Decimal():
            return ((lower + upper) / 2,)
        case _:
            return ()


def _steps(lower: date, upper: date, step: timedelta) -> Sequence[date]:
    count = (upper - lower) // step
    return [lower + place * step for place in range(count + 1)] if count < _COUNTED else ()


def _is_refuted(told: Sequence[Told]) -> bool:
    """Return whether the tests can't all have their outcomes, given that no candidate gave them."""
    if any(_names_values(test) for test, is_true in told if is_true):
        return True
    return any(_is_tried_through(lower, upper) for lower, upper in _ranges(told)) or any(
        _clash(first, second) for first, second in permutations(told, 2)
    )


def _names_values(test: Test) -> bool:
    """Return whether all values for which the test holds, or all of its type, were tried."""
    match test:
        case Membership(_, _, negated):
            return not negated
        case Comparison(_, operator, operand):
            return operator is Operator.EQ or isinstance(operand, bool)
        case _:
            return False


def _is_tried_through(lower: Value, upper: Value) -> bool:
    """Return whether nothing lies between the two but what was tried."""
    if satisfies(Comparison("", Operator.LT, upper), {"": lower}) is not True:
        return True
    return not isinstance(lower, Decimal) and bool(_between(lower, upper))


def _clash(first: Told, second: Told) -> bool:
    """Return whether no value has both outcomes; asked both ways round."""
    match first, second:
        case (InNetwork(_, one), True), (InNetwork(_, other), is_within):
            is_part = one.overlaps(other) and one.prefixlen >= other.prefixlen
            return is_part if not is_within else not one.overlaps(other)
        case (Comparison(_, operator, str(text)), True), (Comparison(_, other, str(part)), outcome):
            return _texts_clash((operator, text), (other, part), outcome=outcome)
        case _:
            return False


def _texts_clash(first: tuple[Operator, str], second: tuple[Operator, str], *, outcome: bool) -> bool:
    (operator, text), (other, part) = first, second
    if not outcome:
        return _must_be_there(operator, text, other, part)
    match operator, other:
        case Operator.STARTS_WITH, Operator.STARTS_WITH:
            return not (text.startswith(part) or part.startswith(text))
        case Operator.ENDS_WITH, Operator.ENDS_WITH:
            return not (text.endswith(part) or part.endswith(text))
        case Operator.STARTS_WITH, (Operator.GT | Operator.GTE):
            return part > text and not part.startswith(text)
        case _:
            return False


def _must_be_there(operator: Operator, text: str, other: Operator, part: str) -> bool:
    """Return whether a text that meets the first also meets the second, which it must not."""
    match operator, other:
        case Operator.STARTS_WITH, Operator.STARTS_WITH:
            return text.startswith(part)
        case Operator.ENDS_WITH, Operator.ENDS_WITH:
            return text.endswith(part)
        case ((Operator.STARTS_WITH | Operator.ENDS_WITH | Operator.CONTAINS), Operator.CONTAINS):
            return part in text
        case _:
            return False
