"""Rounds of contenders: what is checked before, in which order they have their turns, what of them is asked once."""

import json
import os
from collections.abc import Callable

import pytest

from benchmarks.over_http.contenders import Contender, Kind
from benchmarks.over_http.load import Job, Measured
from benchmarks.over_http.processes import Served
from benchmarks.over_http.questions import get_request
from benchmarks.over_http.rounds import Plan, Unequal, measure
from benchmarks.over_http.rows import expected_nodes
from tests.fixtures.tiny_server import tiny_server, whole

ROWS = 20


class NotedJobs:
    """A client that notes its jobs, and says of each that it got ten answers in a second."""

    name = "noted"

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def run(self, job: Job) -> Measured:
        self.jobs.append(job)
        return Measured(10, 1.0, 1.0, 2.0, 0.1)


def contender(port: int, kind: Kind = Kind.HAND_SQLITE) -> Contender:
    return Contender(kind, Served(port, os.getpid()), lambda rows: get_request(f"/people?first={rows}"))


def body_of(rows: int, change: Callable[[list[dict[str, str | int]]], object] = lambda _nodes: None) -> bytes:
    nodes = expected_nodes(rows, ROWS)
    change(nodes)
    return json.dumps({"data": {"shared": {"people": {"nodes": nodes}}}}).encode()


def test_contenders_have_their_turns_in_each_round() -> None:
    client = NotedJobs()
    with tiny_server(lambda _number: whole(body_of(2))) as one, tiny_server(lambda _number: whole(body_of(2))) as two:
        both = [contender(one.port), contender(two.port, Kind.PORTAL_SQLITE)]
        figures = measure(both, client, Plan(sizes=(2,), rounds=3), ROWS)
    assert [job.port for job in client.jobs] == [one.port, two.port] * 3
    assert [(figure.kind, len(figure.rounds)) for figure in figures] == [(Kind.HAND_SQLITE, 3), (Kind.PORTAL_SQLITE, 3)]
    assert {job.answer for job in client.jobs} == {body_of(2)}


def test_one_of_which_a_request_is_enough_gets_one() -> None:
    client = NotedJobs()
    with tiny_server(lambda _number: whole(body_of(2))) as server:
        (figure,) = measure([contender(server.port, Kind.CASBIN)], client, Plan(sizes=(2,), rounds=3), ROWS)
    assert [(job.most, job.connections, job.warm_seconds) for job in client.jobs] == [(1, 1, 0)]
    assert len(figure.rounds) == 1


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(whole(body_of(1)), id="a row less"),
        pytest.param(whole(body_of(3)), id="a row more"),
        pytest.param(whole(body_of(2, lambda nodes: nodes.reverse())), id="another order"),
        pytest.param(whole(body_of(2, lambda nodes: nodes[0].update(identity="1" * 18))), id="a number unmasked"),
        pytest.param(whole(body_of(2, lambda nodes: nodes[0].pop("note"))), id="a member less"),
        pytest.param(
            whole(body_of(2, lambda nodes: nodes[0].update(code=nodes[0].pop("code")))), id="members in another order"
        ),
        pytest.param(whole(body_of(2)).replace(b"200 OK", b"401 No"), id="a refusal"),
        pytest.param(whole(b'{"errors":[]}'), id="an error"),
    ],
)
def test_nothing_is_measured_when_an_answer_is_another(octets: bytes) -> None:
    client = NotedJobs()
    with tiny_server(lambda _number: octets) as server, pytest.raises(Unequal, match="by hand, SQLite"):
        measure([contender(server.port)], client, Plan(sizes=(2,)), ROWS)
    assert client.jobs == []
