"""A developer's own department in the browser: applications, certificates, quotas, what ends soon, and its use."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

ASKED = "{ shared { legal_persons(first: 2) { nodes { name } } } }"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    folder = tmp_path_factory.mktemp("portal")
    with demonstration_portal(folder) as process:
        place = folder / "asked.graphql"
        place.write_text(ASKED, encoding="utf-8")
        process.run("query", "--application", "population-survey", str(place))
        process.run("query", "--application", "pension-check", str(place))
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an analyst saw of her department, and a registrar of his."""
    return walk("department.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_applications_are_those_of_ones_own_department(seen: dict[str, Any]) -> None:
    head, *rows = seen["analyst"]["applications"]
    assert head == ["应用", "登记状态", "业务事项", "认证级别", "证书", "日志"]
    assert [row[1:4] for row in rows] == [["已批准", "320600-0501", "2"]]
    assert rows[0][0].endswith("population-survey")
    assert [row[0].split()[-1] for row in seen["registrar"]["applications"][1:]] == ["residence-register"]


def test_use_is_that_of_the_department(seen: dict[str, Any]) -> None:
    assert seen["analyst"]["entries"][1:] == [["102001001/00001", "1", "0", "2"]]
    assert [row[1:] for row in seen["analyst"]["purposes"][1:]] == [["1", "0", "2"]]


def test_who_may_not_read_statistics_is_told_so_and_sees_the_rest(seen: dict[str, Any]) -> None:
    assert "使用统计供信息资源管理员、机构负责人和统计分析员查阅" in seen["registrar"]["text"]
    assert seen["registrar"]["entries"] == []


def test_no_page_has_a_serious_finding_of_axe(seen: dict[str, Any]) -> None:
    assert seen["axe"] == {"analyst": [], "registrar": []}


def test_no_page_is_wider_than_a_telephone_breaks_its_policy_or_errs(seen: dict[str, Any]) -> None:
    assert (seen["tooWide"], seen["faults"]) == ([], [])
