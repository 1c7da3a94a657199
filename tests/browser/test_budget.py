"""What each page may cost who opens it for the first time: requests, bytes, layout shifts, blocked time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk

pytestmark = pytest.mark.heavy


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a page may cost: requests, and kilobytes over the wire."""

    requests: int
    kilobytes: int


BUDGETS = {
    "/": Budget(25, 300),
    "/catalog": Budget(25, 300),
    "/catalog/102001001/00001": Budget(32, 380),
    "/explorer": Budget(60, 800),
    "/verify": Budget(25, 300),
    "/console": Budget(30, 320),
    "/console/audit": Budget(32, 340),
    "/console/policies": Budget(32, 340),
}
MOST_SHIFT = 0.1
"""The sum of layout shifts up to which a page is good (web.dev/articles/cls)."""
MOST_BLOCKED = 3000
"""Milliseconds. The pages take 30 to 500 on two cores; beyond this something is wrong on any machine."""


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    with demonstration_portal(tmp_path_factory.mktemp("portal")) as portal:
        yield walk("budget.mjs", portal, *BUDGETS)


@pytest.mark.parametrize("path", BUDGETS)
def test_page_costs_no_more_than_its_budget(costs: dict[str, dict[str, Any]], path: str) -> None:
    cost, budget = costs[path], BUDGETS[path]
    assert 0 < cost["requests"] <= budget.requests, cost
    assert 50 < cost["kilobytes"] <= budget.kilobytes, cost
    assert cost["shift"] <= MOST_SHIFT, cost
    assert cost["blocked"] <= MOST_BLOCKED, cost
