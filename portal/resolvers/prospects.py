"""What the subject may read of an entry's items, decided once for all of them when the first is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from portal.access.auditing import Refusal
from portal.conditions.values import render_instant
from portal.policies.matching import Request
from portal.policies.prospects import ItemProspect, PurposeProspect, foresee_items
from portal.resolvers.context import RequestContext
from portal.resolvers.refusals import refusal_to
from portal.schema.scalars import DateTime
from portal.schema.static import ItemAccessType, PermittedPurposeType
from portal.vocabulary import Action, EntryCode, ItemIdentifier


@dataclass(frozen=True)
class ItemDecisions:
    """The decisions on an entry's items for who asks, by query and at the request's moment."""

    context: RequestContext
    code: EntryCode

    def __call__(self, item: str) -> ItemAccessType | None:
        """Return what the subject may read the item for, or why it may not."""
        prospect = self._prospects.get(ItemIdentifier(item))
        return None if prospect is None else self._value(prospect)

    @cached_property
    def _prospects(self) -> Mapping[ItemIdentifier, ItemProspect]:
        context = self.context
        environment = context.asker.environment(context.now, context.network_zone)
        request = Request(context.subject, Action(), environment)
        return foresee_items(context.point, request, self.code, context.purposes)

    def _value(self, prospect: ItemProspect) -> ItemAccessType:
        code = prospect.code
        context, advice = self.context, None
        if code is not None:
            refusal = Refusal(code, ((prospect.item, code),))
            advice = refusal_to(context.subject, refusal, context.point.snapshot, self.code)
        return ItemAccessType(
            permitted=code is None,
            purposes=[self._purpose_value(purpose) for purpose in prospect.purposes],
            code=None if code is None else code.value,
            advice=None if advice is None else advice.render(self.context.language),
        )

    def _purpose_value(self, prospect: PurposeProspect) -> PermittedPurposeType:
        # The public is told of no policy, so not how far one reaches either.
        told, end = not self.context.subject.is_public, prospect.valid_until
        return PermittedPurposeType(
            purpose=None if prospect.purpose is None else prospect.purpose.upper(),
            valid_until=DateTime(render_instant(end)) if told and end is not None else None,
            scoped=told and prospect.is_scoped,
        )
