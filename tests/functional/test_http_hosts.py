"""The `Host` that a request names, through HTTP; nothing is decided by it (T8)."""

from collections.abc import Iterator

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

DOCUMENT = "{ shared { residents(purpose: VERIFICATION) { nodes { name } } } me { application department { code } } }"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world"), allowed_hosts="portal.test,10.0.0.5") as opened:
        yield opened


@pytest.mark.clause("T8")
def test_answer_is_the_same_by_each_allowed_name(world: PortalWorld) -> None:
    answers = [
        world.ask(DOCUMENT, by=CHECKER, headers={"Host": host, **more}).data
        for host in ("portal.test", "10.0.0.5:8000", "PORTAL.TEST.")
        for more in (
            {},
            {"X-Forwarded-Host": "elsewhere.test", "X-Original-URL": "/metrics", "X-Forwarded-Prefix": "/x"},
        )
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["me"]["application"] == "checker"


@pytest.mark.clause("T8")
@pytest.mark.parametrize(("host", "status"), [("elsewhere.test", 421), ("a b", 400), ("", 400)])
def test_request_by_another_name_is_refused_before_it_is_read(world: PortalWorld, host: str, status: int) -> None:
    answer = world.ask(DOCUMENT, by=CHECKER, headers={"Host": host})
    assert (answer.status, answer.codes) == (status, ["BAD_INPUT"])
    assert "data" not in answer.payload


def test_supervisors_ask_by_any_name(world: PortalWorld) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert world.send("GET", path, headers={"Host": "elsewhere.test"}).status == 200
