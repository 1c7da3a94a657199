"""What the addresses of pages answer to who reads them without scripts."""

from collections.abc import Iterator

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import RESIDENTS, VILLAGES, sharing_bundle

HTML = {"Accept": "text/html", "Accept-Language": "zh"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def page(world: PortalWorld, path: str, **headers: str) -> tuple[int, str]:
    answer = world.send("GET", path, headers={**HTML, **headers})
    return answer.status, answer.content.decode()


def content_of(text: str) -> str:
    """What of a page is there without scripts."""
    return text.partition("<noscript>")[2].partition("</noscript>")[0]


def test_data_set_is_readable_without_scripts(world: PortalWorld) -> None:
    status, text = page(world, f"/catalog/{VILLAGES}")
    assert status == 200
    assert "<table" in content_of(text)
    assert f"/catalog/{VILLAGES}.jsonld" in text.partition("</head>")[0]


@pytest.mark.clause("threats.md T27")
@pytest.mark.parametrize("code", [RESIDENTS, "999999999/99999"])
def test_data_set_that_is_not_open_is_as_one_that_is_not_there(world: PortalWorld, code: str) -> None:
    status, text = page(world, f"/catalog/{code}")
    _, other = page(world, "/catalog/888888888/88888")
    assert status == 404
    assert content_of(text) == content_of(other) != ""


def test_page_of_who_may_be_signed_in_is_found(world: PortalWorld) -> None:
    assert page(world, f"/catalog/{RESIDENTS}", Cookie="portal-session=abc")[0] == 200


@pytest.mark.parametrize("path", ["/catalog/1/2", f"/catalog/{VILLAGES}%0a", "/catalog%0a", "/console%0a"])
def test_address_that_names_no_code_is_no_page(world: PortalWorld, path: str) -> None:
    assert page(world, path)[0] == 404


def test_start_page_and_catalog_list_open_data_alone(world: PortalWorld) -> None:
    for path in ("/", "/catalog"):
        status, text = page(world, path)
        assert status == 200
        assert f'href="/catalog/{VILLAGES}"' in text
        assert RESIDENTS not in text
    assert "<noscript>" not in page(world, "/explorer")[1]
