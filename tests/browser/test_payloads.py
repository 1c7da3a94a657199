"""Two hundred texts that are markup in each field that departments and the public write: none runs, all are shown."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from tests.browser.payloads import payloads
from tests.fixtures.demonstration_portal import walk
from tests.fixtures.open_data import open_record
from tests.fixtures.small_bundle import entry, item
from tests.fixtures.tickets import ticket_bundle, wish
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T44")]

PAYLOADS = payloads()
ALL = " ".join(PAYLOADS)
ROWS, ITEMS = "303001001/00010", "303001001/00011"
HALF = len(PAYLOADS) // 2
PER_TICKET = 20


@dataclass(frozen=True)
class World:
    """A portal full of them, and the numbers of the tickets that hold them."""

    portal: PortalProcess
    tickets: tuple[str, ...]

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.portal.port}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("payloads")
    environment = {
        "PORTAL_DEMONSTRATION": "true",
        "PORTAL_TICKETS_PER_ADDRESS_AN_HOUR": "10000",
        "PORTAL_PUBLIC_REQUESTS_PER_SECOND": "100000",
    }
    process = PortalProcess(folder / "home", environment)
    process.load(poisoned().write(folder / "bundle"))
    process.start()
    try:
        yield World(process, tuple(ticket(process, some) for some in in_parts()))
    finally:
        process.stop()


def in_parts() -> Iterator[str]:
    for first in range(0, len(PAYLOADS), PER_TICKET):
        yield "\n".join(PAYLOADS[first : first + PER_TICKET])


def poisoned() -> Any:  # noqa: ANN401
    """Return a bundle with all of them in every text of an entry, its rows, items, department and record."""
    draft = ticket_bundle()
    opened = {"open": True, "abstract": ALL, "keywords": list(PAYLOADS), "share_modes": ["query"]}
    texts = {"provider_unit": ALL, "use_requirements": ALL, "open_condition": ALL, "name": ALL}
    cells = [item("code", open=True), *(item(name, open=True, length=400) for name in ("first", "second"))]
    draft.entries["poisoned"] = entry("poisoned", ROWS, cells, **opened, **texts)
    named = [item(f"i{at}", open=True, name=text, description=text) for at, text in enumerate(PAYLOADS)]
    draft.entries["named"] = entry("named", ITEMS, [item("code", open=True), *named], open=True)
    draft.rows["poisoned"] = csv_lines(
        ["code", "first", "second"], zip(map(str, range(HALF)), PAYLOADS[:HALF], PAYLOADS[HALF:], strict=True)
    )
    draft.rows["named"] = csv_lines(["code", *(f"i{at}" for at in range(len(PAYLOADS)))], [])
    for name, code in (("poisoned", ROWS), ("named", ITEMS)):
        draft.policies[f"open-{name}"] = {
            **open_record(f"open-{name}"),
            "resource": code,
            "items": ["*"],
            "modes": ["query"],
            "basis": ALL,
        }
    return draft


def csv_lines(head: list[str], rows: Any) -> list[str]:  # noqa: ANN401
    lines = []
    for row in [head, *rows]:
        written = io.StringIO()
        csv.writer(written, lineterminator="").writerow(row)
        lines.append(written.getvalue())
    return lines


def ticket(portal: PortalProcess, words: str) -> str:
    """Open a ticket with these words, as a page of the portal does, and return its number."""
    headers = {"X-Portal-Request": "1", "Sec-Fetch-Site": "same-origin"}
    document = wish(title=words[:60].replace("\n", " "), intendedUse="测试", words=words)
    answer = httpx2.post(f"http://127.0.0.1:{portal.port}/graphql", json={"query": document}, headers=headers)
    number: str = answer.json()["data"]["requestOpening"]["number"]
    return number


@pytest.fixture(scope="module")
def seen(world: World) -> dict[str, Any]:
    """What Chromium saw: payloads that a page doesn't show, and what ran."""
    data = f"/catalog/{ROWS}"
    opened = [f"{data}?tab={tab}" for tab in ("data&size=100", "about", "interface")]
    named = [f"/catalog/{ITEMS}?tab={tab}" for tab in ("items", "interface")]
    records = ["/console/policies", "/console/policies/open-poisoned", "/console/tickets"]
    given = {
        "payloads": PAYLOADS,
        "pages": ["/", "/catalog", *opened, *named, f"/report/{ROWS}", f"/ticket/{world.tickets[0]}"],
        "scriptless": ["/catalog", data, f"/catalog/{ITEMS}"],
        "office": [*records, *(f"/console/tickets/{number}" for number in world.tickets)],
    }
    return walk("payloads.mjs", world.portal, json.dumps(given), timeout_seconds=400)


def test_nothing_runs_on_any_page(seen: dict[str, Any]) -> None:
    assert len(seen["ran"]) > 20
    assert {path: count for path, count in seen["ran"].items() if count} == {}
    assert (seen["dialogs"], seen["faults"]) == ([], [])


def test_each_is_shown_as_it_was_written(seen: dict[str, Any], world: World) -> None:
    """A ticket's status page says nothing of its words, and its file has those of no other."""
    missing = seen["missing"]
    status = missing.pop(f"/ticket/{world.tickets[0]}")
    files = [missing.pop(f"/console/tickets/{number}") for number in world.tickets]
    titles = missing.pop("/console/tickets")
    assert {path: count for path, count in missing.items() if count} == {}
    assert status == len(PAYLOADS)
    assert files == [len(PAYLOADS) - PER_TICKET] * len(world.tickets)
    assert titles < len(PAYLOADS)


def test_feed_and_linked_data_hold_them_as_text(world: World) -> None:
    feed = httpx2.get(f"{world.site}/feed.atom")
    read = "".join(ElementTree.fromstring(feed.content).itertext())  # noqa: S314  the portal's own
    assert [one for one in PAYLOADS if one not in read] == []
    linked = json.dumps(httpx2.get(f"{world.site}/catalog/{ROWS}.jsonld").json(), ensure_ascii=False)
    assert [one for one in PAYLOADS if json.dumps(one, ensure_ascii=False)[1:-1] not in linked] == []
