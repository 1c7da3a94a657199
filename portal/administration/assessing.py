"""What a change would do if it came into force now: everything that its author and who judges it should know."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from portal.administration.documents import Declaration
from portal.administration.revising import Revised
from portal.errors import Fault
from portal.policies.casbin_models import Matcher, ModelName
from portal.policies.checking.change import check_change
from portal.policies.checking.findings import Finding, Severity
from portal.policies.checking.unreachable import CountRows
from portal.policies.decision_point import DecisionPoint
from portal.policies.expectations import Broken, broken_expectations
from portal.policies.freezes import Freeze
from portal.policies.guarantees import Declaration as Declared
from portal.policies.guarantees import Guarantee, Promise, prove_guarantees
from portal.policies.impact import Impact, Shift, compare_access
from portal.policies.records import ANY
from portal.policies.snapshot import Snapshot
from portal.vocabulary import Purpose

NO_IMPACT = Impact((), 0)
OF_A_LOAD = Declaration((Purpose(ANY.value),), (), tuple(promise.value for promise in Promise))
"""A bundle declares nothing: who judges a load sees what it breaks, and lets it."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is wrong with a change, and what it does. With `faults` there is nothing to say of the rest.

    `base` are the versions that it would be made upon, as in `Revised`.
    """

    faults: tuple[Fault, ...]
    findings: tuple[Finding, ...] = ()
    broken: tuple[Broken, ...] = ()
    guarantees: tuple[Guarantee, ...] = ()
    impact: Impact = NO_IMPACT
    base: Mapping[str, int] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    given: tuple[Shift, ...] = ()
    """What somebody is given by more than the lifting of a freeze, which only brings back what they had."""
    rows: tuple[tuple[int | None, int | None], ...] = ()
    """How many rows the first shifts' first party is given before and after; None where they weren't counted."""

    @property
    def is_sound(self) -> bool:
        """True if it may be submitted: no fault, every expectation met, every promise kept or given up on purpose."""
        return (
            not self.faults
            and not self.broken
            and all(finding.severity is not Severity.FAULT for finding in self.findings)
            and all(one.holds or one.promise.value in self.accepted for one in self.guarantees)
        )


def assess(
    before: DecisionPoint,
    revised: Revised,
    declaration: Declaration,
    now: datetime,
    count_rows: CountRows | None = None,
) -> Assessment:
    """Return what the change would do, held against what holds now."""
    # A freeze is an emergency and no state to be held to: lifting one promises nothing anew.
    was = _with_freezes(before.snapshot, revised.snapshot.content.freezes)
    impact = compare_access(before.snapshot, revised.snapshot, now)
    is_as_frozen = before.snapshot.content.freezes == revised.snapshot.content.freezes
    given = impact if is_as_frozen else compare_access(was, revised.snapshot, now)
    return Assessment(
        faults=(),
        findings=check_change(before.snapshot, revised.snapshot, now, count_rows),
        broken=broken_after(revised, before.matchers, now),
        guarantees=prove_guarantees(was, revised.snapshot, now, _declared(declaration)),
        impact=impact,
        given=given.gains,
        base=revised.base,
        accepted=frozenset(declaration.accepted),
    )


def broken_after(revised: Revised, matchers: Mapping[ModelName, Matcher], now: datetime) -> tuple[Broken, ...]:
    """Return the expectations that the change would leave broken, once no freeze holds any more."""
    thawed = DecisionPoint(_with_freezes(revised.snapshot, ()), matchers)
    return broken_expectations(revised.expectations, thawed, now)


def _with_freezes(snapshot: Snapshot, freezes: tuple[Freeze, ...]) -> Snapshot:
    return Snapshot(replace(snapshot.content, freezes=freezes))


def _declared(declaration: Declaration) -> Declared:
    purposes = ANY if declaration.purposes == (ANY.value,) else frozenset(declaration.purposes)
    return Declared(purposes, frozenset(declaration.lasting))
