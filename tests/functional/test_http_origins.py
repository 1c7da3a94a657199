"""Pages of other origins: those that the operator names may ask, with a token, and no others."""

import json
from collections.abc import Iterator

import pytest

from portal.errors import ConfigurationError
from portal.settings import load_settings
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

pytestmark = pytest.mark.clause("T43")

NAMED, OTHER = "https://app.example.gov.cn", "https://app.example.gov.cn.elsewhere.test"
QUERY = json.dumps({"query": "{ me { application } }"}).encode()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    origins = f"{NAMED}, https://10.0.0.5:8443"
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world"), allowed_origins=origins) as opened:
        yield opened


def granted(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def preflight(world: PortalWorld, origin: str, method: str = "POST", headers: str = "authorization,case") -> Answer:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return world.send("OPTIONS", headers={"Origin": origin, **asked})


def test_page_of_a_named_origin_may_ask_with_a_token_and_never_with_cookies(world: PortalWorld) -> None:
    allowed = preflight(world, NAMED)
    assert allowed.status == 200
    assert granted(allowed)["access-control-allow-origin"] == NAMED
    assert "access-control-allow-credentials" not in granted(allowed)
    answer = world.send(by=CHECKER, content=QUERY, headers={"Origin": NAMED})
    assert answer.data == {"me": {"application": "checker"}}
    assert granted(answer)["access-control-allow-origin"] == NAMED
    assert "X-Request-Id" in granted(answer)["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", [OTHER, "null", "https://10.0.0.5", "http://app.example.gov.cn", NAMED.upper()])
def test_page_of_another_origin_may_not(world: PortalWorld, origin: str) -> None:
    refused = preflight(world, origin)
    assert refused.status == 400
    assert "access-control-allow-origin" not in granted(refused)
    assert "access-control-allow-origin" not in granted(world.send(content=QUERY, headers={"Origin": origin}))


@pytest.mark.parametrize(("method", "headers"), [("PUT", "authorization"), ("POST", "x-forwarded-for")])
def test_page_of_a_named_origin_may_not_do_more_than_ask(world: PortalWorld, method: str, headers: str) -> None:
    assert preflight(world, NAMED, method, headers).status == 400


@pytest.mark.parametrize(
    "text", ["*", "null", "app.example.gov.cn", f"{NAMED}/", f"{NAMED}/path", "ftp://a.test", "https://", "https://a b"]
)
def test_setting_that_is_no_list_of_origins_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="PORTAL_ALLOWED_ORIGINS"):
        load_settings({"PORTAL_ALLOWED_ORIGINS": text}, None)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere"])
def test_page_of_a_named_origin_may_ask_for_nothing_but_graphql(world: PortalWorld, path: str) -> None:
    asked = {"Origin": NAMED, "Access-Control-Request-Method": "GET"}
    assert granted(world.send("GET", path, headers={"Origin": NAMED})) == {}
    assert granted(world.send("OPTIONS", path, headers=asked)) == {}
