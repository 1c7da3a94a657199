"""What a change set opens to everybody, as the API tells it."""

from portal.administration.acts import Person
from portal.administration.change_sets import ChangeSet
from portal.administration.desk import Assessed
from portal.administration.release_desk import ReleaseReport
from portal.administration.releasing import Release
from portal.administration.uniqueness import Combination, Encounter
from portal.conditions.values import render_instant
from portal.resolvers.root import Info, failing_here
from portal.schema.change_types import (
    ReleaseCombinationType,
    ReleaseEncounterType,
    ReleaseReportType,
    ReleaseType,
)
from portal.schema.scalars import DateTime


def release_values(info: Info, assessed: Assessed, entry: str | None) -> list[ReleaseType]:
    """Return what a change set opens to everybody, of all entries or one."""
    found = (one for one in assessed.releases if entry in (None, one.state.entry.code))
    return [_release(info, assessed.change, one) for one in found]


def _release(info: Info, change: ChangeSet, release: Release) -> ReleaseType:
    async def report() -> ReleaseReportType:
        with failing_here(info):
            return report_value(
                await info.context.office.releases.report(
                    Person(info.context.actor, info.context.asker), change, release
                )
            )

    return ReleaseType(
        entry=release.state.entry.code,
        title=release.state.entry.name,
        items=[*release.given],
        since=DateTime(render_instant(release.request.environment.now)),
        reported=report,
    )


def report_value(report: ReleaseReport) -> ReleaseReportType:
    """Return a report; what wasn't counted in time is null, not 0."""
    found = report.uniqueness
    rows = [one.crowd.rows for one in found.combinations if one.crowd is not None]
    return ReleaseReportType(
        smallest_group=found.smallest,
        rows=max(rows, default=None),
        items=[*found.shown],
        left_out=[*found.left_out],
        combinations=[_combination(one) for one in found.combinations],
        encounters=[_encounter(one) for one in found.encounters],
        unweighed=found.unweighed,
        looked_at=report.looked_at,
    )


def _combination(combination: Combination) -> ReleaseCombinationType:
    items: list[str] = [*combination.items]
    crowd = combination.crowd
    if crowd is None:
        return ReleaseCombinationType(items=items, groups=None, alone=None, in_small=None)
    return ReleaseCombinationType(items=items, groups=crowd.groups, alone=crowd.alone, in_small=crowd.in_small)


def _encounter(encounter: Encounter) -> ReleaseEncounterType:
    meeting = encounter.meeting
    return ReleaseEncounterType(
        entry=encounter.entry,
        items=[own for own, _ in encounter.pairs],
        its_items=[its for _, its in encounter.pairs],
        rows=None if meeting is None else meeting.rows,
        alone=None if meeting is None else meeting.alone,
    )
