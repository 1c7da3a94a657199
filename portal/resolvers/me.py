"""The root field `me`: the subject as the portal sees it, what ends soon for it, and what is left of today."""

from datetime import datetime, timedelta
from functools import partial

from portal.audit.records import quota_day
from portal.conditions.values import render_instant
from portal.errors import PortalError
from portal.policies.records import PolicyRecord
from portal.policies.standing import daily_limits, ending_agreements, records_in_force
from portal.resolvers.context import RequestContext, portal_field_error
from portal.schema.catalog_values import department_value
from portal.schema.scalars import DateTime
from portal.schema.static import DailyQuotaType, EndingAgreementType, MeType, StandingType

_WITHIN_DAYS = (7, 30)


def describe_subject(context: RequestContext) -> MeType:
    """Return who asks, from the register."""
    subject, zone = context.subject, context.network_zone
    departments = context.point.snapshot.registry.departments
    return MeType(
        department=None if subject.department is None else department_value(subject.department, departments),
        application=subject.application,
        user=subject.user,
        groups=[str(group) for group in subject.groups],
        roles=[role.value for role in subject.roles],
        region=subject.region,
        matters=[str(matter) for matter in subject.matters],
        auth_level=subject.auth_level,
        stood=partial(_standing, context),
        network_zone=zone,
    )


async def _standing(context: RequestContext) -> StandingType:
    entries = [view.entry.code for view in context.view.values()]
    records = list(records_in_force(context.point.snapshot, context.subject, entries, context.now))
    try:
        quotas = [await _quota(context, rows, record) for rows, record in daily_limits(records)]
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


async def _quota(context: RequestContext, rows: int, record: PolicyRecord) -> DailyQuotaType:
    taken = await context.road.recorder.rows_today(context.subject.name, record.resource, quota_day(context.now))
    return DailyQuotaType(
        policy=record.id,
        resource=record.resource,
        name=_entry_name(context, record),
        daily_rows=rows,
        left=max(0, rows - taken),
    )


def _entry_name(context: RequestContext, record: PolicyRecord) -> str:
    return context.point.snapshot.state_by_code[record.resource].entry.name
