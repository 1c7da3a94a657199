"""How much an address and a department may ask: a rate for the public, fair shares for departments (R26)."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, KEEPER, OUTSIDER, ROAMER, sharing_bundle
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

DOCUMENT = "{ shared { villages(purpose: WORK_REFERENCE) { nodes { code name population } } } }"
SECONDS = 12.0
CLIENTS = 4
TIMES = 4


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(
        sharing_bundle(), tmp_path, public_requests_per_second="3", trusted_proxies="127.0.0.1/32"
    ) as opened:
        yield opened


def test_public_is_refused_beyond_its_rate_and_told_when_to_come_back(world: PortalWorld) -> None:
    answers = [world.ask("{ __typename }", headers={"Accept-Language": "zh"}) for _ in range(5)]
    assert {answer.status for answer in answers[:3]} == {200}
    refused = answers[-1]
    assert (refused.status, refused.codes, refused.headers["retry-after"]) == (429, ["RATE_LIMITED"], "1")
    assert "3 次" in refused.errors[0]["message"]
    assert "data" not in refused.payload


def test_rate_is_each_addresss_own_and_a_departments_none(world: PortalWorld) -> None:
    for _ in range(4):
        world.ask("{ __typename }", headers={"X-Forwarded-For": "192.0.2.1"})
    asked = [("192.0.2.1", None), ("192.0.2.2", None), ("192.0.2.1", CHECKER)]
    assert [
        world.ask("{ __typename }", by=by, headers={"X-Forwarded-For": address}).status for address, by in asked
    ] == [
        429,
        200,
        200,
    ]
    assert {world.ask("{ __typename }", by=CHECKER).status for _ in range(20)} == {200}


def test_tokens_that_do_not_verify_count_as_the_publics_requests(world: PortalWorld) -> None:
    answers = [world.ask("{ __typename }", headers={"Authorization": "Bearer x"}) for _ in range(5)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]


def test_supervisors_are_not_limited(world: PortalWorld) -> None:
    assert {world.send("GET", path).status for _ in range(20) for path in ("/healthz", "/readyz")} == {200}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalProcess]:
    """A server that works on few requests at once."""
    process = PortalProcess(tmp_path / "home", {"PORTAL_CONCURRENT_REQUESTS": "8"})
    process.load(sharing_bundle().write(tmp_path / "bundle"))
    process.start()
    yield process
    process.stop()


def caller(by: str) -> Caller:
    kind, _, name = by.partition(":")
    return Caller(name, None, None, None) if kind == "application" else Caller(None, name, None, None)


def ask_until(portal: PortalProcess, by: str, ends_at: float) -> int:
    """Ask without pause; return how much is answered once all have begun."""
    body = json.dumps({"query": DOCUMENT}).encode()
    headers = {"Authorization": f"Bearer {portal.token(caller(by))}", "Content-Type": "application/json"}
    answered = 0
    with closing(HTTPConnection("127.0.0.1", portal.port, timeout=30)) as connection:
        while (now := time.monotonic()) < ends_at:
            connection.request("POST", "/graphql", body, headers)
            with connection.getresponse() as response:
                content = response.read()
            assert response.status == 200, content
            assert b'"errors"' not in content
            answered += now > ends_at - 0.75 * SECONDS
    return answered


@pytest.mark.heavy
@pytest.mark.clause("R26")
def test_department_that_asks_four_times_as_much_leaves_the_others_their_shares(portal: PortalProcess) -> None:
    light = (OUTSIDER, ROAMER, KEEPER)
    clients = [CHECKER] * (TIMES * CLIENTS) + [by for by in light for _ in range(CLIENTS)]
    for by in set(clients):
        portal.token(caller(by))
    ends_at = time.monotonic() + SECONDS
    with ThreadPoolExecutor(len(clients)) as threads:
        counts = list(threads.map(lambda by: ask_until(portal, by, ends_at), clients))
    done = Counter[str]()
    for by, count in zip(clients, counts, strict=True):
        done[by] += count
    fair = done.total() / (1 + len(light))
    assert fair > 20, done
    assert sum(done[by] for by in light) >= 0.95 * fair * len(light), done
    assert all(done[by] >= 0.9 * fair for by in light), done
