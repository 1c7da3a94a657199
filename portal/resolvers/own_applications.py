"""`me { applications }`: the applications of one's own department, their certificates, and how each stands."""

from collections.abc import Iterator
from functools import partial

from portal.certificates.key_files import held_keys
from portal.conditions.values import render_instant
from portal.identity.registry import Application, is_admitted
from portal.policies.questions import registered_viewer
from portal.resolvers.context import RequestContext
from portal.resolvers.standing import standing_of
from portal.schema.scalars import DateTime
from portal.schema.static import OwnApplicationType, OwnCertificateType, StandingType


def own_applications(context: RequestContext) -> list[OwnApplicationType]:
    """Return the applications that who asks may know of as their own, by id.

    INVARIANT: nobody is told of another department's applications; contacts, which may name persons, are nobody's here.
    """
    return [_value(context, one) for one in sorted(_own(context), key=lambda one: one.id)]


def _own(context: RequestContext) -> Iterator[Application]:
    subject = context.subject
    if subject.is_public:
        return
    for application in context.point.snapshot.registry.applications.values():
        is_itself = subject.application is not None and application.id == subject.application
        is_colleagues = subject.user is not None and application.department == subject.department
        if is_itself or is_colleagues:
            yield application


def _value(context: RequestContext, application: Application) -> OwnApplicationType:
    return OwnApplicationType(
        id=application.id,
        name=application.name,
        status=application.status,
        admitted=is_admitted(application, context.point.snapshot.registry),
        matters=[*map(str, application.matters)],
        auth_level=application.auth_level,
        network_zone=application.network_zone,
        certificate=_certificate(context, application),
        stood=partial(_standing, context, application),
    )


def _certificate(context: RequestContext, application: Application) -> OwnCertificateType | None:
    content = context.point.snapshot.content.key_files.get(application.public_key or "")
    key = None if content is None else next(iter(held_keys(content)), None)
    if key is None:
        return None
    end = key.not_after
    return OwnCertificateType(
        key_id=key.key_id,
        subject=key.subject,
        issuer=key.issuer,
        not_after=None if end is None else DateTime(render_instant(end)),
        ends_in_days=None if end is None else (end - context.now).days,
    )


async def _standing(context: RequestContext, application: Application) -> StandingType:
    """Return how it stands; one that isn't admitted has nothing left and nothing that could end."""
    snapshot = context.point.snapshot
    viewer = registered_viewer(snapshot.registry, application.id, None)
    if viewer is None:
        return StandingType(ending_agreements=[], daily_quotas=[])
    return await standing_of(context, viewer.subject, snapshot.view(viewer.subject, context.now))
