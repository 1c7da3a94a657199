"""SQLite and PostgreSQL answer alike (G24): the same bundle in both, the same requests, the same bytes.

`ALIKE_REQUESTS` and `ALIKE_SEED` in the environment make the campaign longer or begin it elsewhere.
"""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from portal.errors import ErrorCode
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.oracle.answer import Reference
from tests.oracle.campaign import Campaign, Tally
from tests.oracle.document import Document, render_document
from tests.oracle.expectation import Reply
from tests.oracle.generate_links import draw_linked_request, draw_linked_world
from tests.oracle.generate_worlds import callers_of, draw_world
from tests.oracle.twins import scrub
from tests.oracle.world import Caller, World
from tests.parity.agreements import write_signed_bundle
from tests.parity.in_process import PortalInProcess, load_portal
from tests.parity.test_http_against_oracle import start_of_day, wait_out_midnight

REQUESTS = int(os.environ.get("ALIKE_REQUESTS", "20000"))
FIRST_SEED = int(os.environ.get("ALIKE_SEED", "24000"))
WORLDS = 20
LINKED = 6
"""So many of the worlds have links."""
MOST_GIVEN_UP = 3
"""Answers of a world that a busy machine may keep waiting for their record for too long."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Both:
    """A portal on each database, with the same keys and content, asked the same."""

    sqlite: PortalInProcess
    postgresql: PortalInProcess
    asked: int = 0
    answered: int = 0
    given_up: int = 0
    differing: list[str] = field(default_factory=list)

    def send(self, caller: Caller, document: Document) -> Reply:
        """The reply of the portal on SQLite; the other's must be the same."""
        one, other = self._ask(self.sqlite, caller, document), self._ask(self.postgresql, caller, document)
        self.asked += 1
        self.answered += b'"errors"' not in one.body
        if scrub(one) != scrub(other):
            asked = f"{caller}\n{render_document(document)}\nvariables {dict(document.values)}"
            got = "\n".join(f"{reply.status} {reply.body.decode(errors='replace')[:1200]}" for reply in (one, other))
            self.differing.append(f"{asked}\n{got}")
        return one

    def _ask(self, portal: PortalInProcess, caller: Caller, document: Document) -> Reply:
        """Ask once more where a busy machine took so long that the audit was given up: that tells its speed alone."""
        reply = portal.send(caller, document)
        while ErrorCode.AUDIT_UNAVAILABLE.encode() in reply.body and self.given_up < MOST_GIVEN_UP:
            self.given_up += 1
            time.sleep(1.0)
            reply = portal.send(caller, document)
        return reply


def ask_both(world: World, folder: Path, databases: Databases, ask: Callable[[Both], None]) -> Both:
    """Load the world into both, and ask."""
    write_signed_bundle(world, folder / "bundle")
    home = load_portal(folder / "bundle", folder / "sqlite", derive=world.derive)
    (folder / "postgresql").mkdir()
    shutil.copy(home.key_file, folder / "postgresql")
    with set_up_portal(databases) as urls:
        other = load_portal(folder / "bundle", folder / "postgresql", derive=world.derive, **urls)
        with PortalInProcess(home) as sqlite, PortalInProcess(other) as postgresql:
            both = Both(sqlite, postgresql)
            ask(both)
    return both


@pytest.mark.heavy
@pytest.mark.clause("threats.md G24")
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + WORLDS - LINKED))
def test_databases_answer_alike(seed: int, tmp_path: Path, postgres: Databases) -> None:
    wait_out_midnight(180)
    world, tally = draw_world(seed, start_of_day(), agreements=True), Tally()

    def ask(both: Both) -> None:
        Campaign(Reference(world, now), both.send, tally).run(REQUESTS // WORLDS)

    both = ask_both(world, tmp_path, postgres, ask)
    assert both.differing == [], "\n\n".join(both.differing[:3])
    assert not tally.disagreements, "\n\n".join(str(one) for one in tally.disagreements[:3])
    assert both.answered > both.asked // 10


@pytest.mark.heavy
@pytest.mark.clause("threats.md G24")
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + LINKED))
def test_databases_follow_links_alike(seed: int, tmp_path: Path, postgres: Databases) -> None:
    world = draw_linked_world(seed, start_of_day())

    def ask(both: Both) -> None:
        draw, reference = Random(seed), Reference(world, now)
        callers = callers_of(world, draw)
        while both.asked < REQUESTS // WORLDS:
            caller = draw.choice(callers)
            document = draw_linked_request(draw, reference, caller)
            if document is not None:
                both.send(caller, document)

    both = ask_both(world, tmp_path, postgres, ask)
    assert both.differing == [], "\n\n".join(both.differing[:3])
    assert both.answered > both.asked // 10
