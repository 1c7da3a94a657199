"""A visitor does the whole job in the browser: finds open data, understands it, looks at it, takes it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.fixtures.node import NODE
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

LEGAL_PERSONS_OPEN = [
    "统一社会信用代码",
    "名称",
    "类型",
    "登记状态",
    "成立日期",
    "注销日期",
    "住所区划代码",
    "经营范围",
    "是否小微企业",
]
"""What the public may read; the capital and the representative are for others."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with demonstration_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the visitor saw."""
    return walk("public.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_visitor_finds_open_data_by_a_word(seen: dict[str, Any]) -> None:
    assert seen["title"] == "查找、查看和使用政府开放的数据"
    assert seen["found"] == ["法人单位登记信息"]


def test_rows_are_shown_with_the_open_items_alone(seen: dict[str, Any]) -> None:
    heads, *rows = seen["rows"]
    assert heads == LEGAL_PERSONS_OPEN
    assert len(rows) == 20


def test_rows_are_ordered_and_filtered_by_the_portal_and_the_address_keeps_it(seen: dict[str, Any]) -> None:
    assert seen["oldest"] == sorted(seen["oldest"])
    assert seen["oldest"][0] < "2000"
    assert seen["filtered"]
    assert all("南通" in name for name in seen["filtered"])
    assert "f=name.contains" in seen["address"]
    assert seen["reloaded"] == seen["filtered"]


def test_rows_are_counted_under_the_filter_of_the_page(seen: dict[str, Any]) -> None:
    heads, *counted = seen["counted"]
    assert heads == ["登记状态", "行数"]
    assert [state for state, _ in counted] == ["存续", "注销", "吊销"]
    assert sum(int(count.replace(",", "")) for _, count in counted) == 2394


def test_file_has_the_items_and_the_filter_of_the_page(seen: dict[str, Any]) -> None:
    heads, *lines = seen["file"].removeprefix("\ufeff").split("\r\n")
    assert heads == "code,name,type,status,established_on,cancelled_on,division,business_scope,is_small"
    assert len(lines) == 2395
    assert all("南通" in line for line in lines[:-1])


def test_example_of_curl_runs_as_copied(seen: dict[str, Any]) -> None:
    answer = subprocess.run(["sh", "-c", seen["examples"]["curl"]], capture_output=True, check=True, text=True).stdout
    assert len(json.loads(answer)["data"]["shared"]["legal_persons"]["nodes"]) == 10


def test_example_of_python_runs_as_copied(seen: dict[str, Any], tmp_path: Path) -> None:
    assert len(_ran(tmp_path / "rows.py", seen["examples"]["Python"], sys.executable).splitlines()) == 10


def test_example_of_javascript_runs_as_copied(seen: dict[str, Any], tmp_path: Path) -> None:
    assert _ran(tmp_path / "rows.mjs", seen["examples"]["JavaScript"], str(NODE)).count("established_on") == 10


def test_example_of_java_runs_as_copied(seen: dict[str, Any], tmp_path: Path) -> None:
    answer = json.loads(_ran(tmp_path / "Rows.java", seen["examples"]["Java"], "java"))
    assert len(answer["data"]["shared"]["legal_persons"]["nodes"]) == 10


def test_entry_that_is_not_open_is_not_there(seen: dict[str, Any]) -> None:
    assert "这里没有数据集" in seen["closed"]
    assert "No data set is here" in seen["inEnglish"]
    assert "居民" not in seen["closed"]


def test_interface_is_described_and_an_example_opens_in_the_explorer(seen: dict[str, Any]) -> None:
    described = seen["described"]
    assert described["items"][0][:2] == ["信息项", "名称"]
    assert [row[1] for row in described["items"][1:]] == LEGAL_PERSONS_OPEN
    assert "`" not in described["text"]
    assert described["editor"] == described["address"]
    assert "shared" in described["editor"]
    assert not described["ran"]


def test_no_page_has_a_serious_finding_of_axe(seen: dict[str, Any]) -> None:
    assert set(seen["axe"]) == {"start", "found", "rows", "chart", "items", "take", "about", "interface"}
    assert {name: found for name, found in seen["axe"].items() if found} == {}


def test_no_page_is_wider_than_a_telephone(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []


def test_no_page_breaks_its_policy_errs_or_asks_elsewhere(seen: dict[str, Any]) -> None:
    assert seen["faults"] == []


def _ran(place: Path, text: str, *command: str) -> str:
    place.write_text(text, encoding="utf-8")
    done = subprocess.run([*command, str(place)], capture_output=True, check=True, text=True, timeout=60)
    return done.stdout
