"""What a change would do, as the API tells it."""

from collections.abc import Iterator
from itertools import zip_longest

from portal.administration.assessing import Assessment
from portal.administration.documents import PLACE
from portal.administration.wording import render_broken, render_example, render_shift
from portal.conditions.values import render_instant
from portal.errors import Fault, Language
from portal.policies.checking.findings import Finding
from portal.policies.guarantees import Guarantee
from portal.policies.impact import Shift
from portal.schema.change_types import (
    ChangeAssessmentType,
    ChangeFaultType,
    ChangeFindingType,
    ChangeGuaranteeType,
    ChangeImpactType,
)
from portal.schema.scalars import DateTime


def assessment_value(assessment: Assessment, language: Language) -> ChangeAssessmentType:
    """Return an assessment in the language of who asks."""
    return ChangeAssessmentType(
        is_sound=assessment.is_sound,
        faults=[
            ChangeFaultType(place=_place(fault), what=fault.what.render(language), mend=fault.mend.render(language))
            for fault in assessment.faults
        ],
        findings=[_finding(finding, language) for finding in assessment.findings],
        broken_expectations=[render_broken(broken).render(language) for broken in assessment.broken],
        guarantees=[*_guarantees(assessment, language)],
        impact=[
            _shift(shift, rows, language) for shift, rows in zip_longest(assessment.impact.shifts, assessment.rows)
        ],
    )


def _place(fault: Fault) -> str:
    """Return where a fault lies: in the change, or in what the change leaves wrong elsewhere."""
    return fault.column if fault.file == PLACE else f"{fault.file} {fault.column}".rstrip()


def _finding(finding: Finding, language: Language) -> ChangeFindingType:
    return ChangeFindingType(
        kind=finding.kind.value,
        severity=finding.severity.value,
        entry=finding.entry,
        policies=[*finding.records],
        items=[*finding.items],
        what=finding.what.render(language),
        mend=finding.mend.render(language),
    )


def _guarantees(assessment: Assessment, language: Language) -> Iterator[ChangeGuaranteeType]:
    for one in assessment.guarantees:
        yield ChangeGuaranteeType(
            name=one.promise.value,
            holds=one.holds,
            accepted=one.promise.value in assessment.accepted,
            counter_example=_example(one, language),
        )


def _example(guarantee: Guarantee, language: Language) -> str | None:
    found = guarantee.counter_example
    return None if found is None else render_example(found).render(language)


def _shift(shift: Shift, rows: tuple[int | None, int | None] | None, language: Language) -> ChangeImpactType:
    before, after = rows or (None, None)
    return ChangeImpactType(
        who=[str(one) for one in shift.who],
        resource=shift.entry,
        way=shift.way,
        items=[*shift.items],
        purposes=[None if purpose is None else purpose.upper() for purpose in shift.purposes],
        modes=[*shift.modes],
        matters=[*shift.matters],
        since=DateTime(render_instant(shift.begins)),
        until=None if shift.ends is None else DateTime(render_instant(shift.ends)),
        policies=[*shift.records],
        rows_before=before,
        rows_after=after,
        text=render_shift(shift, rows).render(language),
    )
