"""Portals under load, each answer counted against the records that the log then holds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time

from sqlalchemy import func, select

from benchmarks.audited.serving import ProcessorSeconds, ask_clock
from benchmarks.over_http.contenders import Contender, Kind
from benchmarks.over_http.load import Job, Measured
from benchmarks.over_http.machine import Cores
from benchmarks.over_http.portal_world import LoadedPortal
from benchmarks.over_http.processes import Program, Served, served
from benchmarks.over_http.questions import graphql_request, shared_document
from benchmarks.over_http.rounds import Client, check_answer
from benchmarks.over_http.rows import COLUMNS
from portal.audit.ledger import submit
from portal.audit.records import AuditRecord, Outcome
from portal.settings import load_settings
from portal.storage.audit_tables import audit_records
from portal.storage.database import open_sync_database
from portal.vocabulary import EntryCode, EntryIdentifier, ItemIdentifier, Mode, PolicyId
from tests.fixtures.postgres import free_port

_RENDERED, _ROUNDS = 2_000, 5
_RECORD = AuditRecord(
    time=datetime(2026, 1, 1, tzinfo=UTC),
    subject="application:checker",
    department="11999999MB0000019T",
    application="checker",
    user=None,
    entry=EntryCode("303001001/00001"),
    identifier=EntryIdentifier("people"),
    decision=Outcome.PERMIT,
    rows=1,
    mode=Mode.QUERY,
    purpose="verification",
    matter=None,
    items=tuple(map(ItemIdentifier, COLUMNS)),
    policies=((PolicyId("asker"), 1),),
    filter=None,
    epoch=1,
    client_address="192.0.2.1",
    duration_microseconds=812,
    request_id="4f3a",
)


class Unrecorded(Exception):
    """More answers than records: nothing is told then."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a portal is asked: for so many rows of the table, in rounds of seconds."""

    table_rows: int
    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class AuditedFigure:
    """One number of workers and connections: rounds, answers counted by the client, records that they left.

    `processor` is what the one worker's process had, None where there are several workers.
    """

    database: str
    workers: int
    connections: int
    rounds: tuple[Measured, ...]
    records: int
    processor: ProcessorSeconds | None = None

    @property
    def answers(self) -> int:
        """How many answers the client counted, in all rounds."""
        return sum(one.answers for one in self.rounds)

    @property
    def rate(self) -> float:
        """Answers a second, the median of the rounds."""
        return median(one.rate for one in self.rounds)

    def audit_share(self, rendering_seconds: float) -> float | None:
        """Return the audit's part of the process's time: the writing thread, and each record made text."""
        if self.processor is None:
            return None
        return (self.processor.writing + self.records * rendering_seconds) / self.processor.process


def rendering_seconds() -> float:
    """Return the processor time in which a record like those of the load is made text, on the event loop."""
    rounds = []
    for _ in range(_ROUNDS):
        records = [replace(_RECORD, request_id=str(number)) for number in range(_RENDERED)]
        began = process_time()
        for record in records:
            submit(record, ())
        rounds.append((process_time() - began) / _RENDERED)
    return median(rounds)


@contextmanager
def started(loaded: LoadedPortal, kind: Kind, workers: int, folder: Path) -> Iterator[tuple[Served, int | None]]:
    """Yield the portal that answers, and where there is one worker the port of its clock."""
    name = f"{kind.name.lower()}-{workers}"
    clock = free_port() if workers == 1 else None
    program = loaded.program(name, workers) if clock is None else _with_clock(loaded.program(name), clock)
    with served(program, Cores(), folder) as running:
        yield running, clock


def _with_clock(program: Program, clock: int) -> Program:
    return replace(program, command=[program.command[0], "-m", "benchmarks.audited.serving", str(clock)])


def measure(
    loaded: LoadedPortal, place: tuple[Kind, int, Path], connections: Sequence[int], client: Client, load: Load
) -> Iterator[AuditedFigure]:
    """Yield the figure of each number of connections; `place` is the database, the workers, and a folder for logs.

    Raises: Unequal where an answer isn't the right one, Unrecorded where there are more answers than records.
    """
    kind, workers, folder = place
    request = graphql_request(shared_document(1), loaded.headers)
    with started(loaded, kind, workers, folder) as (running, clock):
        answer = check_answer(Contender(kind, running, lambda _rows: request), 1, load.table_rows)
        for count in connections:
            job = Job(running.port, (request,), answer, load.seconds, connections=count)
            before, seconds = count_records(loaded), None if clock is None else ask_clock(clock)
            rounds = tuple(client.run(job) for _ in range(load.rounds))
            processor = None if clock is None or seconds is None else ask_clock(clock).since(seconds)
            yield recorded(AuditedFigure(kind.value, workers, count, rounds, count_records(loaded) - before, processor))


def recorded(figure: AuditedFigure) -> AuditedFigure:
    """Return the figure. Raises: Unrecorded where it has more answers than records."""
    if figure.records < figure.answers:
        raise Unrecorded(f"{figure.database}: {figure.answers} answers, and {figure.records} records of them")
    return figure


def count_records(loaded: LoadedPortal) -> int:
    """Return how many records the portal's log holds."""
    engine = open_sync_database(load_settings(loaded.environment, None).owner_database_url)
    try:
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(audit_records)) or 0
    finally:
        engine.dispose()
