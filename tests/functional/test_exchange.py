"""Bulk transfers over HTTP: the same rows and refusals as by query, whole or not at all."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from tests.fixtures.exchanging import exchanging_bundle, frames_of, lines_of, many_villages, table_of, transfer
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, PLANNER, ROAMER


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(exchanging_bundle(), tmp_path_factory.mktemp("exchange")) as world:
        yield world


def code_of(answer: Answer) -> tuple[int, str]:
    (error,) = answer.errors
    return answer.status, error["extensions"]["code"]


def test_rows(world: PortalWorld) -> None:
    answer = transfer(world, "villages", CHECKER, format="jsonl", items=["code", "area"])
    print(answer.status, dict(answer.headers), answer.content.decode())
    answer = transfer(world, "villages", CHECKER)
    print(answer.content.decode())
    answer = transfer(world, "residents", CHECKER, items=["code", "name"])
    print(answer.content.decode())
    answer = transfer(world, "residents", CHECKER, items=["code", "name", "income"], purpose="VERIFICATION", where={"income": {"gte": "1"}}, orderBy=[{"income": "DESC"}], frames=True)
    print(answer.content.decode())
    number = answer.headers["portal-transfer"]
    print(world.send("GET", f"/exchange/residents/manifest/{number}", by=CHECKER).payload)
    print(world.send("GET", f"/exchange/residents/manifest/{number}", by=PLANNER).payload)
    assert 0
