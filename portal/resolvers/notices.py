"""What an answer says beside its data, in `extensions`: agreements on what was asked that end within a day."""

from collections.abc import Iterable
from datetime import timedelta

from portal.conditions.values import render_instant
from portal.policies.standing import ending_agreements, records_in_force
from portal.resolvers.context import RequestContext
from portal.vocabulary import EntryCode

_LAST_DAY = timedelta(days=1)


def render_notices(context: RequestContext, entries: Iterable[EntryCode]) -> dict[str, object]:
    """Return the members of `extensions`, none where there is nothing to tell; the public is told of no agreement."""
    records = records_in_force(context.point.snapshot, context.subject, entries, context.now)
    ending = [
        {"policy": record.id, "resource": record.resource, "validUntil": render_instant(end)}
        for end, record in ending_agreements(records, context.now, _LAST_DAY)
    ]
    return {"endingAgreements": ending} if ending else {}
