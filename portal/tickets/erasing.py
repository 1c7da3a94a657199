"""Erasing contacts when their time has come, on every worker: whichever is first finds them."""

import asyncio

from portal.errors import PortalError
from portal.logs import logger_of
from portal.tickets.desk import TicketDesk

EVERY_SECONDS = 3600.0


async def keep_erasing(desk: TicketDesk) -> None:
    """Erase what is due, now and each hour, until cancelled; what fails is told, and tried again."""
    while True:
        try:
            await desk.erase()
        except PortalError as refused:
            logger_of("tickets").error("contacts can't be erased", why=refused.text.en)
        except Exception as fault:  # noqa: BLE001 - whatever it was, the next hour comes too
            # The kind alone: a driver's message may hold values.
            logger_of("tickets").error("contacts can't be erased", why=type(fault).__name__)
        await asyncio.sleep(EVERY_SECONDS)
