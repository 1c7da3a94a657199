"""What supervisors, load balancers and Prometheus read: health, readiness with its reasons, figures without names."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from portal.errors import ErrorCode
from portal.resolvers.figures import may_read_figures
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

CANARY = "canary-8c1f"
READ_VILLAGES = "{ shared { villages(purpose: WORK_REFERENCE) { nodes { code } } } }"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path) as opened:
        yield opened


def change(world: PortalWorld, statement: str) -> None:
    """Change the portal's own database behind its back."""
    with closing(sqlite3.connect(world.settings.home / "portal.db")) as database:
        database.execute(statement)
        database.commit()


def figures(world: PortalWorld) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    answer = world.send("GET", "/metrics")
    assert answer.status == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_portal_is_alive_and_ready_when_nothing_is_wrong(world: PortalWorld) -> None:
    alive, ready = world.send("GET", "/healthz"), world.send("GET", "/readyz")
    assert (alive.status, alive.payload) == (200, {"status": "ok"})
    assert (ready.status, ready.payload) == (200, {"ready": True, "reasons": []})


def test_portal_is_alive_and_not_ready_when_its_policies_were_tampered_with(world: PortalWorld) -> None:
    world.ask("{ __typename }")
    change(world, "UPDATE epoch SET value = value + 1")
    answer = world.send("GET", "/readyz")
    assert answer.status == 503
    assert [reason["code"] for reason in answer.payload["reasons"]] == ["POLICY_UNAVAILABLE"]
    assert not answer.payload["ready"]
    assert world.send("GET", "/healthz").status == 200
    assert figures(world)["portal_policy_epoch", ()] == 0


def test_portal_is_not_ready_when_its_log_is_closed(world: PortalWorld) -> None:
    assert figures(world)["portal_audit_writing", ()] == 1
    world.portal.road.recorder.close()
    answer = world.send("GET", "/readyz", headers={"Accept-Language": "zh"})
    assert answer.status == 503
    assert [reason["code"] for reason in answer.payload["reasons"]] == ["AUDIT_UNAVAILABLE"]
    assert "审计" in answer.payload["reasons"][0]["message"]
    assert figures(world)["portal_audit_writing", ()] == 0


def test_figures_count_requests_by_address_status_and_code(world: PortalWorld) -> None:
    before = figures(world)
    world.ask(READ_VILLAGES, by=CHECKER)
    world.ask(READ_VILLAGES, by=CHECKER)
    world.ask("{ nothing }", headers={"Accept": "application/graphql-response+json"})
    world.ask("{ __typename }", headers={"Authorization": "Bearer x"})
    world.send("GET", "/elsewhere")
    after = figures(world)
    counted = {
        tuple(value for _, value in key[1]): after[key] - before.get(key, 0)
        for key in after
        if key[0] == "portal_requests_total"
    }
    assert counted == {
        ("OK", "/graphql", "200"): 2,
        ("NOT_VALID", "/graphql", "400"): 1,
        ("UNAUTHENTICATED", "/graphql", "401"): 1,
        ("BAD_INPUT", "none", "404"): 1,
        ("OK", "/metrics", "200"): 1,
    }
    assert after["portal_refused_tokens_total", ()] == 1
    assert after["portal_request_duration_seconds_count", (("route", "/graphql"),)] == 4
    assert after["portal_policy_epoch", ()] == 1
    assert after["portal_audit_waiting_records", ()] == 0


@pytest.mark.clause("T52")
def test_figures_name_nothing_that_a_request_or_the_data_hold(world: PortalWorld) -> None:
    name = re.sub("[^a-z0-9]", "_", CANARY)
    world.ask(READ_VILLAGES, by=CHECKER, headers={"X-Request-Id": CANARY})
    world.ask(
        f'{{ shared {{ villages(where: {{name: {{eq: "{CANARY}"}}}}) {{ nodes {{ code }} }} {name} }} }}', by=CHECKER
    )
    world.send("GET", f"/{CANARY}?{CANARY}={CANARY}", headers={"Authorization": f"Bearer {CANARY}", "Host": CANARY})
    world.send(CANARY.upper(), "/graphql")
    shown = world.send("GET", "/metrics").content.decode()
    for word in (CANARY, CANARY.upper(), name, "checker", "villages", "303001001"):
        assert word not in shown
    labels = {label for _, pairs in figures(world) for label, _ in pairs}
    assert labels == {"route", "status", "code", "le"}
    codes = {value for _, pairs in figures(world) for label, value in pairs if label == "code"}
    assert codes <= {*ErrorCode, "OK"}


def asking_from(peer: str | None, **headers: str) -> Request:
    """A request for the figures, as it arrives from a peer."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": raw, "client": peer and (peer, 1)})


@pytest.mark.parametrize(
    ("request_", "proxies", "allowed"),
    [
        (asking_from("127.0.0.1"), "", True),
        (asking_from("::1"), "", True),
        (asking_from("::ffff:127.0.0.1"), "", True),
        (asking_from("192.0.2.1"), "", False),
        (asking_from(None), "", False),
        (asking_from("127.0.0.1", x_forwarded_for="192.0.2.1"), "", False),
        (asking_from("127.0.0.1", x_forwarded_for="127.0.0.1"), "", False),
        (asking_from("127.0.0.1", forwarded="for=127.0.0.1"), "", False),
        (asking_from("192.0.2.1", x_forwarded_for="127.0.0.1"), "", False),
        (asking_from("127.0.0.1", x_forwarded_for="192.0.2.1"), "127.0.0.1/32", False),
        (asking_from("192.0.2.9", x_forwarded_for="127.0.0.1"), "192.0.2.9/32", True),
        (asking_from("192.0.2.9", x_forwarded_for="nonsense"), "192.0.2.9/32", False),
    ],
)
def test_figures_are_read_from_allowed_networks_alone(request_: Request, proxies: str, allowed: bool) -> None:
    trusted = tuple(ip_network(proxy) for proxy in proxies.split() if proxy)
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert may_read_figures(request_, loopback, trusted) is allowed


def test_figures_are_not_found_when_the_address_is_not_allowed(tmp_path: Path) -> None:
    with open_world(sharing_bundle(), tmp_path, metrics_from="192.0.2.0/24") as world:
        refused, nowhere = world.send("GET", "/metrics"), world.send("GET", "/nowhere")
    assert refused.status == nowhere.status == 404
    assert json.loads(refused.content) == json.loads(nowhere.content)
