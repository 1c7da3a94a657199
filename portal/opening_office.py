"""Making what those who administer a portal work with."""

from datetime import timedelta

from portal.administration.agreements import AgreementDesk
from portal.administration.assessor import Assessor
from portal.administration.counting import RowCounter
from portal.administration.database import ContentDatabase
from portal.administration.desk import ChangeDesk
from portal.administration.freezing import FreezeDesk
from portal.administration.questions import QuestionDesk
from portal.administration.records import RecordDesk
from portal.administration.release_desk import ReleaseDesk
from portal.administration.uniqueness import Examiner
from portal.audit.log_readings import LogReadings
from portal.audit.reading_desk import ReadingDesk
from portal.audit.signing import SigningKeys
from portal.policies.duties import Duties
from portal.resolvers.buckets import Buckets
from portal.resolvers.context import Office, TicketWindow
from portal.resolvers.staff import Staff
from portal.settings import Settings
from portal.tickets.counter import TicketCounter
from portal.tickets.desk import TicketDesk


def open_office(settings: Settings, staff: Staff, readings: LogReadings, counter: TicketCounter) -> Office:
    """Return the office of a process, whose desks share its road, its audit and one pool of connections."""
    duties, database, road = Duties(), ContentDatabase(settings.administration_database_url), staff.road
    life, an_hour = timedelta(days=settings.ticket_contact_days), settings.tickets_per_address_an_hour
    assessor = Assessor(database, road.keeper, RowCounter(road.source, road.table_of))
    changes = ChangeDesk(database, road.keeper, road.recorder, duties, assessor)
    return Office(
        duties,
        staff,
        changes,
        FreezeDesk(database, road.keeper, road.recorder, duties),
        ReadingDesk(readings, road.recorder, duties, lambda: SigningKeys(road.keys.audit_keys), road.now),
        QuestionDesk(database, road.keeper, road.recorder, duties),
        RecordDesk(database, road.keeper, road.recorder, duties),
        AgreementDesk(database, road.keeper, road.recorder, duties),
        TicketWindow(
            TicketDesk(database, road.keeper, road.recorder, duties, counter, life),
            Buckets(an_hour / 3600, size=an_hour),
        ),
        ReleaseDesk(changes, Examiner(road.source, road.table_of)),
    )
