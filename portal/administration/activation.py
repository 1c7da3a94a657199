"""Bringing approved change sets into force when their time has come, on whichever worker is first."""

import asyncio
import logging
from contextlib import suppress

from sqlalchemy import Connection

from portal.administration.change_sets import ChangeSet, ChangeState, Step, advance
from portal.administration.change_store import StepNote, due_changes, read_change, store_step
from portal.administration.desk import ChangeDesk
from portal.audit.records import Act, ActRecord, Outcome
from portal.errors import ErrorCode, PortalError
from portal.storage.pool import DATABASE_FAULTS

EVERY_SECONDS = 1.0
PORTAL = "portal"
"""Who acts where nobody does but the time."""

_log = logging.getLogger("portal")


async def keep_activating(desk: ChangeDesk) -> None:
    """Look for change sets whose time has come, again and again, until cancelled."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with suppress(PortalError, *DATABASE_FAULTS):
            await activate_due(desk)


async def activate_due(desk: ChangeDesk) -> tuple[ChangeSet, ...]:
    """Bring every change set into force whose time has come; one that can't be is rejected, and says why."""
    async with desk.keeper.engine.connect() as connection:
        due = await connection.run_sync(due_changes, desk.keeper.now())
    activated = []
    for number in due:
        try:
            activated.append(await desk.bring_into_force(number))
        except PortalError as refused:
            await _give_up(desk, number, refused)
            continue
        await _record(desk, Act.CHANGE_ACTIVATED, number, None)
    return tuple(activated)


async def _give_up(desk: ChangeDesk, number: int, refused: PortalError) -> None:
    """Reject a change set that can't come into force, unless another worker brought it."""

    def reject(connection: Connection) -> bool:
        change = read_change(connection, number)
        if change.state is not ChangeState.APPROVED:
            return False
        note = StepNote(PORTAL, desk.keeper.now(), refused.text.en)
        store_step(connection, advance(change, Step.REJECT), Step.REJECT, note)
        return True

    if refused.code is not ErrorCode.CONFLICT:
        # Nobody's fault, or nobody knows whose: it stays due.
        _log.error("change set %s can't be brought into force: %s", number, refused.text.en)
        return
    if await desk.database.write(reject):
        _log.error("change set %s was rejected: %s", number, refused.text.en)
        await _record(desk, Act.CHANGE_REJECTED, number, refused.code)


async def _record(desk: ChangeDesk, act: Act, number: int, refused: ErrorCode | None) -> None:
    await desk.recorder.record_act(
        ActRecord(
            time=desk.keeper.now(),
            subject=PORTAL,
            department=None,
            application=None,
            user=None,
            act=act,
            target=f"change:{number}",
            decision=Outcome.PERMIT if refused is None else Outcome.DENY,
            code=refused,
        )
    )
