"""Tickets with PostgreSQL accounts: who serves the public adds what it says, and neither rewrites nor answers it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from portal.storage.postgresql import connect_sync
from tests.fixtures.portal_world import PortalWorld
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.tickets import CONTACT, OFFICER, answer, opened, ticket_world, wish

pytestmark = pytest.mark.clause("threats.md T29")

SERVER_MAY_NOT = (
    "UPDATE tickets SET words = ''",
    "DELETE FROM tickets",
    "TRUNCATE tickets CASCADE",
    "INSERT INTO ticket_steps VALUES ('T', 2, 'answered', 'x', 'x', 'x')",
    "UPDATE ticket_steps SET words = ''",
    "DELETE FROM ticket_steps",
    "UPDATE ticket_contacts SET ticket = ''",
)
ADMINISTRATOR_MAY_NOT = ("UPDATE tickets SET words = ''", "DELETE FROM tickets", "UPDATE ticket_steps SET words = ''")


@pytest.fixture
def addresses(postgres: Databases) -> Iterator[dict[str, str]]:
    with set_up_portal(postgres) as settings:
        yield settings


@pytest.fixture
def world(addresses: dict[str, str], tmp_path: Path) -> Iterator[PortalWorld]:
    settings = {name.removeprefix("PORTAL_").lower(): value for name, value in addresses.items()}
    with ticket_world(tmp_path, **settings) as served:
        yield served


def refused(url: str, statement: str) -> None:
    with closing(connect_sync(url)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(sql.SQL(statement))


def test_server_adds_tickets_and_rewrites_nothing(addresses: dict[str, str], world: PortalWorld) -> None:
    ticket = opened(world, wish(contact=CONTACT))
    assert answer(world, ticket, OFFICER).codes == []
    for statement in SERVER_MAY_NOT:
        refused(addresses["PORTAL_DATABASE_URL"], statement)
    for statement in ADMINISTRATOR_MAY_NOT:
        refused(addresses["PORTAL_ADMINISTRATION_DATABASE_URL"], statement)
