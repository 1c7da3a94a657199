"""A newcomer gets her first answers in the explorer: as the public, as an application, and a refusal in words."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with demonstration_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What she saw."""
    token = portal.run("token", "--application", "pension-check").stdout.strip()
    return walk("explorer.mjs", portal, str(tmp_path_factory.mktemp("pictures")), token)


def test_public_gets_an_answer_to_the_query_that_is_proposed(seen: dict[str, Any]) -> None:
    assert seen["asPublic"]["data"]["shared"]["legal_persons"]["totalCount"] == 4000
    assert seen["publicEntries"] == 9


def test_application_is_asked_for_with_its_own_view_and_purpose(seen: dict[str, Any]) -> None:
    assert "residents(purpose: VERIFICATION" in seen["proposed"]
    answer = seen["asApplication"]["data"]["shared"]["residents"]
    assert answer["access"]["policies"] == ["nt-demo-0001"]
    assert all("*" in row["id_number"] for row in answer["nodes"])


def test_each_item_says_whether_it_may_be_read_and_what_would_change_that(seen: dict[str, Any]) -> None:
    standing = {text.split("\n")[0]: text for text in seen["standings"]}
    assert "可以读取" in standing["姓名"]
    assert any("不能读取" in text and len(text) > 20 for text in standing.values())


def test_refusal_is_explained_in_words(seen: dict[str, Any]) -> None:
    assert seen["refused"]["data"]["shared"]["residents"] is None
    assert "PURPOSE_REQUIRED" in seen["explained"]
    assert "purpose" in seen["explained"]


def test_portal_that_does_not_answer_is_said_not_to(seen: dict[str, Any]) -> None:
    assert "没有成功" in seen["unanswered"]


@pytest.mark.clause("threats.md T24")
def test_nothing_that_is_written_or_pasted_is_kept(seen: dict[str, Any], portal: PortalProcess) -> None:
    assert seen["kept"] == {}
    assert seen["at"] == f"http://127.0.0.1:{portal.port}/explorer"


@pytest.mark.clause("threats.md T44")
def test_no_page_breaks_its_policy_errs_or_asks_elsewhere(seen: dict[str, Any]) -> None:
    assert seen["faults"] == []


def test_no_page_has_a_serious_finding_of_axe(seen: dict[str, Any]) -> None:
    assert set(seen["axe"]) == {"public", "application", "refused"}
    assert {name: found for name, found in seen["axe"].items() if found} == {}


def test_explorer_fits_a_telephone(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] is False
