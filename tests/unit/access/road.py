"""A portal whose road can be led elsewhere, and whose content can change at any step of it."""

import inspect
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from portal.access.asker import Asker
from portal.access.executing import Executed
from portal.access.pipeline import Answer, RefusedField, Road, answer_field
from portal.access.planning import SharedField
from portal.access.shaping import Shaped
from portal.access.sqlite_source import SqliteSource
from portal.access.statement import Read
from portal.errors import ErrorCode
from portal.identity.claims import SubjectKind, TokenClaims
from portal.vocabulary import EntryCode
from tests.fixtures.planned import shared_field
from tests.fixtures.portal_world import PortalWorld
from tests.fixtures.sharing_bundle import RESIDENTS, sharing_bundle
from tests.fixtures.small_bundle import BundleDraft

NAMES = "{residents(purpose: verification) {nodes {code name} access {policies receipt}}}"


def asker(application: str = "checker") -> Asker:
    expires = datetime.now(UTC) + timedelta(hours=1)
    claims = TokenClaims(SubjectKind.APPLICATION, application, None, None, expires, "token-1")
    return Asker(claims, ip_address("192.0.2.1"), "request-1")


@dataclass
class PortalUnderTest:
    """A portal whose road can be led elsewhere, and whose content can change at any step."""

    world: PortalWorld
    folder: Path
    loads: int = 0

    @property
    def road(self) -> Road:
        return self.world.portal.road

    def load(self, change: Callable[[BundleDraft], object]) -> None:
        """Load the bundle with a change."""
        draft = sharing_bundle()
        change(draft)
        self.loads += 1
        self.world.load(draft, self.folder / f"load-{self.loads}")

    def answer(
        self, text: str = NAMES, by: Asker | None = None, road: Road | None = None, entry: str = RESIDENTS
    ) -> Answer:
        """Return the answer of a field; whoever asks is the checker unless told otherwise."""
        return self.world.run(self.ask(shared_field(text), by or asker(), road or self.road, entry))

    async def ask(self, asked: SharedField, by: Asker, road: Road, entry: str) -> Answer:
        point = await self.road.keeper.current()
        return await answer_field(road, by, point, point.snapshot.state_by_code[EntryCode(entry)], asked)

    def records(self) -> list[dict[str, Any]]:
        """Return the audit's records, oldest first."""
        path = self.folder / "home" / "portal.db"
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("SELECT record FROM audit_records ORDER BY writer, sequence").fetchall()
        return [json.loads(record) for (record,) in found]


class HookedSource(SqliteSource):
    """A source at which something happens after each read."""

    def __init__(self, portal: PortalUnderTest, hook: Callable[[int], object]) -> None:
        super().__init__(portal.world.settings.data_url, 1, 5)
        self.reads = 0
        self._hook = hook

    async def execute(self, read: Read) -> Executed:
        executed = await super().execute(read)
        self.reads += 1
        outcome = self._hook(self.reads)
        if inspect.isawaitable(outcome):
            await outcome
        return executed


Hooked = Callable[[Callable[[int], object]], tuple[Road, HookedSource]]


def set_obligations(name: str, **obligations: object) -> Callable[[BundleDraft], None]:
    def change(draft: BundleDraft) -> None:
        draft.policies[name]["obligations"] = obligations

    return change


def retitle(title: str) -> Callable[[BundleDraft], None]:
    """Return a change that raises the epoch and nothing else."""

    def change(draft: BundleDraft) -> None:
        draft.title = title

    return change


def names_of(answer: Answer) -> list[str]:
    assert isinstance(answer, Shaped)
    nodes = answer["nodes"]
    assert isinstance(nodes, list)
    return [node["code"] for node in nodes]


def refusal_of(answer: Answer) -> tuple[ErrorCode, dict[str, ErrorCode]]:
    assert isinstance(answer, RefusedField)
    return answer.refusal.code, dict(answer.refusal.reasons)
