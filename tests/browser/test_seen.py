"""Who can see an item, and what somebody can see, as pages with addresses of their own."""

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
    """What the policy administrator was answered, and who may not ask."""
    return walk("seen.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_who_has_no_duty_or_showed_no_second_factor_is_refused_in_words(seen: dict[str, Any]) -> None:
    assert "未获准许" in seen["unconfirmed"]
    assert "未获准许" in seen["ofAnalyst"]


def test_item_is_seen_by_those_of_its_agreement(seen: dict[str, Any]) -> None:
    head, *rows = seen["who"]
    assert head == ["主体", "用途", "方式", "至", "范围", "依据的策略"]
    assert any("application:pension-check" in row[0] and "nt-demo-0001" in row[5] for row in rows)


def test_viewer_leads_back_to_the_item(seen: dict[str, Any]) -> None:
    head, *rows = seen["what"]
    assert head == ["目录条目", "信息项", "用途", "方式", "业务事项", "至", "范围"]
    assert any(row[0].endswith("303001001/00001") and "name" in row[1] for row in rows)
    assert all(len(row[0]) > len("303001001/00001") for row in rows)
    assert "/console/seen/entry/" in seen["back"]


def test_moment_of_the_address_is_asked_of(seen: dict[str, Any]) -> None:
    entries = {row[0][-len("303001001/00001") :] for row in seen["before"][1:]}
    assert "103001001/00001" in entries
    assert "303001001/00001" not in entries


def test_public_sees_open_data_alone(seen: dict[str, Any]) -> None:
    rows = seen["open"][1:]
    assert rows
    assert "303001001/00001" not in {row[0] for row in rows}


def test_supposition_stands_in_the_address(seen: dict[str, Any]) -> None:
    assert "level=2" in seen["supposedAddress"]
    assert "matter=320600-0101" in seen["supposedAddress"]
    assert len(seen["supposed"]) > 1


def test_item_that_is_not_there_is_told_in_words(seen: dict[str, Any]) -> None:
    assert "nothing" in seen["wrong"]


def test_no_page_has_a_serious_finding_of_axe(seen: dict[str, Any]) -> None:
    assert set(seen["axe"]) == {"chooser", "who", "what"}
    assert {name: found for name, found in seen["axe"].items() if found} == {}


def test_no_page_is_wider_than_a_telephone_breaks_its_policy_or_errs(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []
    assert seen["faults"] == []
