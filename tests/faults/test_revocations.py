"""No answer under a revoked policy, on any worker, whatever is lost, stopped or late (G9, R10, R11, R27).

`PORTAL_TEST_REVOCATIONS` in the environment makes it longer.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from portal.identity.keys import load_keys
from portal.storage.postgresql import connect_sync
from tests.faults.history import decisive, find_anomalies
from tests.faults.revoking import (
    Disturbance,
    Revocations,
    Switch,
    first_state,
    revoke_under_traffic,
    switching_bundle,
    worker_pids,
)
from tests.faults.tcp_proxy import NOTIFICATION, tcp_proxy
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

REVOCATIONS = int(os.environ.get("PORTAL_TEST_REVOCATIONS", "3000"))
PARTS = 5
"""So many portals share the revocations: a test that takes a quarter of an hour counts as one that hangs."""
ON_SQLITE = max(100, REVOCATIONS // 20)


@contextmanager
def listeners_killed(url: str, every_seconds: float) -> Iterator[None]:
    """End the sessions that listen, again and again."""
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(every_seconds):
            with closing(connect_sync(url)) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        ended.set()
        killer.join()


def check(found: Revocations, workers: int) -> None:
    anomalies = find_anomalies(found.changes, found.answers)
    assert [one for one in anomalies if one.is_stale] == []
    assert anomalies == []
    assert {answer.worker for answer in found.answers} - {""} >= {str(n) for n in range(1, workers + 1)}
    assert decisive(found.changes, found.answers) > len(found.changes)
    assert found.pauses > 0


@pytest.mark.clause("threats.md G9 R10 R11 R27")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_worker_answers_under_a_revoked_policy(part: int, tmp_path: Path, postgres: Databases) -> None:
    with set_up_portal(postgres) as urls:
        address = urls["PORTAL_DATABASE_URL"]
        host, port = address.rpartition("@")[2].partition("/")[0].split(":")
        with tcp_proxy(host, int(port)) as proxy, listeners_killed(postgres.url, 1.0):
            proxy.swallow(NOTIFICATION)
            through = address.replace(f"{host}:{port}", f"127.0.0.1:{proxy.port}")
            portal = PortalProcess(tmp_path / "home", {**urls, "PORTAL_DATABASE_URL": through})
            portal.load(switching_bundle().write(tmp_path / "bundle"), "--no-derive")
            secret = load_keys(portal.home / "keys.json").digest_secret
            try:
                portal.start("--workers", "4")
                pids = worker_pids(portal)
                assert len(pids) == 4
                with closing(first_state(Switch(urls["PORTAL_OWNER_DATABASE_URL"], secret))) as switch:
                    found = revoke_under_traffic(
                        portal, switch, REVOCATIONS // PARTS, Disturbance(pids, Random(part), pause_every=40)
                    )
            finally:
                portal.stop()
            assert proxy.swallowed > 0
            check(found, workers=4)
            verified = portal.run("audit", "verify")
            assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.clause("threats.md G9 R11 R17")
def test_no_worker_on_sqlite_answers_under_a_revoked_policy(tmp_path: Path) -> None:
    portal = PortalProcess(tmp_path / "home")
    portal.load(switching_bundle().write(tmp_path / "bundle"), "--no-derive")
    secret = load_keys(portal.home / "keys.json").digest_secret
    try:
        portal.start("--workers", "2")
        with closing(first_state(Switch(f"sqlite:///{portal.home}/portal.db", secret))) as switch:
            found = revoke_under_traffic(portal, switch, ON_SQLITE, Disturbance(worker_pids(portal), Random(9)))
    finally:
        portal.stop()
    check(found, workers=2)
    verified = portal.run("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
