"""Letting change sets be superseded of which nothing holds any more."""

from sqlalchemy import Connection

from portal.administration.change_sets import ChangeSet, Step, advance
from portal.administration.change_store import StepNote, active_since, store_step
from portal.storage.history import epochs_of


def supersede(connection: Connection, active: ChangeSet, by: StepNote) -> None:
    """Let each active change set be superseded all of whose places `active` has changed, in its transaction.

    It looks at those alone that ever touched one of these places, not at all that there are.
    """
    places = [(table, key) for table, _, key in (place.partition("/") for place in active.base)]
    for former in active_since(connection, epochs_of(connection, places)):
        if former.id != active.id and former.base and former.base.keys() <= active.base.keys():
            step = StepNote(by.by, by.at, f"{active.id}")
            store_step(connection, advance(former, Step.SUPERSEDE), Step.SUPERSEDE, step)
