"""What is asked of the portal's database at each request: the epoch, and which tokens were revoked last.

Both in one statement, so that a revoked token costs no further way there and back.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.storage.administration_tables import revoked_tokens
from portal.storage.content import database_fault
from portal.storage.tables import epoch


@dataclass(frozen=True, slots=True)
class Present:
    """The epoch that holds, 0 before the first, and the number of the last token that was revoked, 0 where none is."""

    epoch: int
    revocation: int


@dataclass(frozen=True, slots=True)
class RevokedRow:
    """A token that was revoked; numbers grow in the order in which revocations can be seen."""

    number: int
    token_id: str


PRESENT_COLUMNS = (
    func.coalesce(select(epoch.c.value).where(epoch.c.id == 1).scalar_subquery(), 0),
    func.coalesce(select(func.max(revoked_tokens.c.number)).scalar_subquery(), 0),
)
"""Epoch and revocation, for a statement that may ask for more."""


async def read_present(engine: AsyncEngine) -> Present:
    """Return what holds now. Raises: PolicyUnavailable."""
    try:
        async with engine.connect() as connection:
            row = (await connection.execute(select(*PRESENT_COLUMNS))).one()
    except SQLAlchemyError as fault:
        raise database_fault(fault) from fault
    return Present(int(row[0]), int(row[1]))


async def load_revoked(engine: AsyncEngine, after: int) -> list[RevokedRow]:
    """Return the tokens that were revoked after that number, in their order. Raises: PolicyUnavailable."""
    columns = revoked_tokens.c
    later = select(columns.number, columns.token_id).where(columns.number > after).order_by(columns.number)
    try:
        async with engine.connect() as connection:
            rows = await connection.execute(later)
    except SQLAlchemyError as fault:
        raise database_fault(fault) from fault
    return [RevokedRow(number, token_id) for number, token_id in rows]
