"""How a subject stands, as GraphQL shows it: what ends soon for it, and what is left of today."""

from datetime import datetime, timedelta

from portal.audit.records import quota_day
from portal.conditions.values import render_instant
from portal.errors import PortalError
from portal.policies.records import PolicyRecord
from portal.policies.snapshot import View
from portal.policies.standing import daily_limits, ending_agreements, records_in_force
from portal.resolvers.context import RequestContext, portal_field_error
from portal.schema.scalars import DateTime
from portal.schema.static import DailyQuotaType, EndingAgreementType, StandingType
from portal.vocabulary import Subject

_WITHIN_DAYS = (7, 30)


async def standing_of(context: RequestContext, subject: Subject, view: View) -> StandingType:
    """Return how a subject stands that may know of these entries. Raises: GraphQLError where that can't be read."""
    entries = [entry.entry.code for entry in view.values()]
    records = list(records_in_force(context.point.snapshot, subject, entries, context.now))
    try:
        quotas = [await _quota(context, subject, rows, record) for rows, record in daily_limits(records)]
    except PortalError as failure:
        raise portal_field_error(failure, context.language) from None
    ending = [_ending(context, end, record) for end, record in ending_agreements(records, context.now)]
    return StandingType(ending_agreements=ending, daily_quotas=quotas)


def _ending(context: RequestContext, end: datetime, record: PolicyRecord) -> EndingAgreementType:
    within = next(days for days in _WITHIN_DAYS if end - context.now <= timedelta(days=days))
    return EndingAgreementType(
        policy=record.id,
        resource=record.resource,
        name=_entry_name(context, record),
        valid_until=DateTime(render_instant(end)),
        within_days=within,
    )


async def _quota(context: RequestContext, subject: Subject, rows: int, record: PolicyRecord) -> DailyQuotaType:
    taken = await context.road.recorder.rows_today(subject.name, record.resource, quota_day(context.now))
    return DailyQuotaType(
        policy=record.id,
        resource=record.resource,
        name=_entry_name(context, record),
        daily_rows=rows,
        left=max(0, rows - taken),
    )


def _entry_name(context: RequestContext, record: PolicyRecord) -> str:
    return context.point.snapshot.state_by_code[record.resource].entry.name
