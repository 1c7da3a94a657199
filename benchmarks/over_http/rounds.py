"""Measuring contenders against each other: every answer checked first, then rounds in which each has its turn."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPResponse
from socket import create_connection
from time import perf_counter
from typing import Protocol

from benchmarks.over_http.contenders import ASKED_ONCE, Contender, Kind
from benchmarks.over_http.load import CONNECTIONS, Job, Measured
from benchmarks.over_http.questions import nodes_of
from benchmarks.over_http.rows import expected_nodes

_ANSWER_SECONDS = 300.0
_MESSAGE_LENGTH = 300


class Unequal(Exception):
    """A contender that doesn't give the rows that it must: nothing is measured then."""


class Client(Protocol):
    """Runs jobs, and is called by a name."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def run(self, job: Job) -> Measured:
        """Return what came of the job. Raises: LoadFault."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is measured: rounds of so many seconds for each contender and number of rows."""

    sizes: tuple[int, ...] = (1, 100, 1000)
    rounds: int = 5
    seconds: float = 3.0
    warm_seconds: float = 0.3
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Round:
    """What the client measured, and how busy the contender's process was: its processor time by the clock's.

    Databases and files that others write for it aren't in it.
    """

    measured: Measured
    share: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.measured.rate

    @property
    def processor_milliseconds(self) -> float:
        """Processor time of the contender's process for one answer; it says more than the rate on a busy machine."""
        return self.share / self.rate * 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """One contender with answers of so many rows: what came of each round, and the octets of an answer."""

    kind: Kind
    rows: int
    octets: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class _Turn:
    contender: Contender
    rows: int
    job: Job


def measure(contenders: Sequence[Contender], client: Client, plan: Plan, table_rows: int) -> list[Figure]:
    """Return the figures in the order of sizes and contenders.

    Raises: Unequal before anything is measured; LoadFault where an answer isn't the one that was checked.
    """
    turns = [
        _Turn(contender, rows, _make_job(contender, check_answer(contender, rows, table_rows), rows, plan))
        for rows in plan.sizes
        for contender in contenders
    ]
    found: list[list[Round]] = [[] for _ in turns]
    for _ in range(plan.rounds):
        # Interleaved: a drift of the machine meets all alike.
        for turn, rounds in zip(turns, found, strict=True):
            if not rounds or turn.contender.kind not in ASKED_ONCE:
                rounds.append(_run(turn, client))
    return [
        Figure(turn.contender.kind, turn.rows, len(turn.job.answer), tuple(rounds))
        for turn, rounds in zip(turns, found, strict=True)
    ]


def _run(turn: _Turn, client: Client) -> Round:
    served, began = turn.contender.served, perf_counter()
    before = served.processor_seconds()
    measured = client.run(turn.job)
    # The seconds in which nothing counts are in both.
    return Round(measured, (served.processor_seconds() - before) / (perf_counter() - began))


def _make_job(contender: Contender, answer: bytes, rows: int, plan: Plan) -> Job:
    requests = (contender.request(rows),)
    if contender.kind in ASKED_ONCE:
        return Job(contender.served.port, requests, answer, _ANSWER_SECONDS, warm_seconds=0, connections=1, most=1)
    return Job(contender.served.port, requests, answer, plan.seconds, plan.warm_seconds, plan.connections)


def check_answer(contender: Contender, rows: int, table_rows: int) -> bytes:
    """Return the contender's answer of so many rows. Raises: Unequal where they aren't the right ones."""
    body = ask(contender, rows)
    try:
        nodes = nodes_of(body, contender.place)
    except ValueError as fault:
        raise Unequal(f"{contender.kind}: {fault}") from None
    expected = expected_nodes(rows, table_rows)
    if nodes != expected or [list(node) for node in nodes] != [list(node) for node in expected]:
        raise Unequal(f"{contender.kind} answers {rows} rows otherwise: {str(nodes)[:_MESSAGE_LENGTH]}")
    return body


def ask(contender: Contender, rows: int) -> bytes:
    """Return the body of one answer, asked with the very octets that are sent when it is measured. Raises: Unequal."""
    with create_connection(("127.0.0.1", contender.served.port), _ANSWER_SECONDS) as opened:
        opened.sendall(contender.request(rows))
        with closing(HTTPResponse(opened)) as response:
            response.begin()
            body = response.read()
    if response.status != HTTPStatus.OK:
        raise Unequal(f"{contender.kind} answers with {response.status}: {body[:_MESSAGE_LENGTH]!r}")
    return body
