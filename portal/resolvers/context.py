"""What resolvers find in their context: who asks, under which snapshot, and the road."""

from dataclasses import dataclass, field
from datetime import datetime

from graphql import GraphQLError

from portal.access.asker import Asker
from portal.access.pipeline import Road
from portal.administration.agreements import AgreementDesk
from portal.administration.desk import ChangeDesk
from portal.administration.freezing import FreezeDesk
from portal.administration.questions import QuestionDesk
from portal.administration.records import RecordDesk
from portal.administration.release_desk import ReleaseDesk
from portal.administration.trials import TrialDesk
from portal.audit.reading_desk import ReadingDesk
from portal.errors import ErrorCode, Language, PortalError, Text
from portal.identity.claims import MAX_AUTH_LEVEL
from portal.policies.decision_point import DecisionPoint
from portal.policies.duties import Actor, Duties
from portal.policies.snapshot import View
from portal.resolvers.buckets import Buckets
from portal.resolvers.second_factors import SecondFactors
from portal.resolvers.shelves import CatalogShelves
from portal.resolvers.staff import Staff
from portal.schema.catalog_values import OnDemand
from portal.tickets.desk import TicketDesk
from portal.vocabulary import EntryCode, EntryIdentifier, NetworkZone, Purpose, Subject


@dataclass(frozen=True, slots=True)
class RequestMade:
    """What resolvers of one request leave for each other: answers on an entry, and entries whose data was asked for.

    `secrets` holds what the session's cookie is to hold from now on, one at most.
    """

    answers: dict[EntryCode, OnDemand] = field(default_factory=dict)
    asked: set[EntryIdentifier] = field(default_factory=set)
    secrets: list[str] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class TicketWindow:
    """Where tickets of the public are opened and answered. `buckets` hold how many each address may open an hour."""

    desk: TicketDesk
    buckets: Buckets


@dataclass(frozen=True, slots=True)
class Office:
    """What those who administer a portal work with; made once a process."""

    duties: Duties
    staff: Staff
    changes: ChangeDesk
    freezes: FreezeDesk
    audit: ReadingDesk
    questions: QuestionDesk
    records: RecordDesk
    agreements: AgreementDesk
    tickets: TicketWindow
    releases: ReleaseDesk

    @property
    def trials(self) -> TrialDesk:
        """What tries changes on rows that somebody made up."""
        return TrialDesk(self.changes, self.questions)

    @property
    def second_factors(self) -> SecondFactors:
        """What checks second factors."""
        return self.staff.second_factors


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request. # INVARIANT: made anew for each, and never kept."""

    road: Road
    asker: Asker
    subject: Subject
    network_zone: NetworkZone | None
    point: DecisionPoint
    view: View
    now: datetime
    language: Language
    purposes: tuple[Purpose, ...]
    shelves: CatalogShelves
    office: Office
    made: RequestMade = field(default_factory=RequestMade)

    @property
    def actor(self) -> Actor:
        """Who acts on the portal itself, where that is what is asked."""
        return actor_of(self.asker, self.subject)


def actor_of(asker: Asker, subject: Subject) -> Actor:
    """Return who acts: a second factor was shown to the portal, or to who issued the token (level 3)."""
    return Actor(subject, asker.has_second_factor or (subject.auth_level or 0) >= MAX_AUTH_LEVEL)


def field_error(code: ErrorCode, text: Text, language: Language, items: tuple[str, ...] | None = None) -> GraphQLError:
    """Return the error of one field; `items` are None where it isn't items that are refused."""
    extensions: dict[str, object] = {"code": code.value}
    if items is not None:
        extensions["items"] = list(items)
    return GraphQLError(text.render(language), extensions=extensions)


def portal_field_error(failure: PortalError, language: Language) -> GraphQLError:
    """Return the error of a field that failed with a sentence."""
    return field_error(failure.code, failure.text, language)
