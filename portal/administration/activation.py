"""Bringing approved change sets into force when their time has come, on whichever worker is first."""

import asyncio
import logging

from sqlalchemy import Connection

from portal.administration.change_sets import ChangeSet, ChangeState, Step, advance
from portal.administration.change_store import StepNote, due_changes, read_change, store_step
from portal.administration.desk import ChangeDesk
from portal.administration.in_force import NoLongerFits
from portal.audit.records import Act, ActRecord, Outcome
from portal.errors import ErrorCode, PortalError

EVERY_SECONDS = 1.0
PORTAL = "portal"
"""Who acts where nobody does but the time."""

_log = logging.getLogger("portal")


async def keep_activating(desk: ChangeDesk) -> None:
    """Look for change sets whose time has come, again and again, until cancelled.

    INVARIANT: nothing ends it but that: what fails is told once, and looked at again.
    """
    told: set[str] = set()
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await activate_due(desk, told)
        except Exception as fault:  # noqa: BLE001 - whatever it was, the next change set's time comes too
            # The kind alone: a driver's message may hold values.
            _tell(told, f"change sets can't be looked for: {type(fault).__name__}")


async def activate_due(desk: ChangeDesk, told: set[str] | None = None) -> tuple[ChangeSet, ...]:
    """Bring every change set into force whose time has come; one that no longer fits is rejected, and says why.

    `told` are the failures that the log has already; one change set's failure keeps no other back.
    """
    known = set() if told is None else told
    async with desk.keeper.engine.connect() as connection:
        due = await connection.run_sync(due_changes, desk.keeper.now())
    activated = []
    for number in due:
        try:
            activated.append(await desk.bring_into_force(number))
            await _record(desk, Act.CHANGE_ACTIVATED, number, None)
        except NoLongerFits as refused:
            await _give_up(desk, number, refused)
        except PortalError as refused:
            # Nobody's fault, or nobody knows whose: it stays due.
            _tell(known, f"change set {number} can't be brought into force: {refused.text.en}")
        except Exception as fault:  # noqa: BLE001 - as above
            _tell(known, f"change set {number} can't be brought into force: {type(fault).__name__}")
    return tuple(activated)


def _tell(told: set[str], failure: str) -> None:
    """Say it in the log, once and not each second."""
    if failure not in told:
        told.add(failure)
        _log.error("%s", failure)


async def _give_up(desk: ChangeDesk, number: int, refused: NoLongerFits) -> None:
    """Reject a change set that no longer fits, unless another worker dealt with it."""

    def reject(connection: Connection) -> bool:
        change = read_change(connection, number)
        if change.state is not ChangeState.APPROVED:
            return False
        note = StepNote(PORTAL, desk.keeper.now(), refused.text.en)
        store_step(connection, advance(change, Step.REJECT), Step.REJECT, note)
        return True

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
