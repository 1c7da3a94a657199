"""The root field `me`: the subject as the portal sees it."""

from functools import partial

from portal.resolvers.context import RequestContext
from portal.resolvers.own_applications import own_applications
from portal.resolvers.standing import standing_of
from portal.schema.catalog_values import department_value
from portal.schema.static import MeType


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
        stood=lambda: standing_of(context, subject, context.view),
        listed=partial(own_applications, context),
        network_zone=zone,
    )
