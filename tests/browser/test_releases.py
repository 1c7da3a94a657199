"""Withdrawn data is gone from a browser that caches; who opens it again sees by what rows could be told apart (T27)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T27")]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with demonstration_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the officer saw."""
    return walk("releases.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_everything_is_there_before(seen: dict[str, Any]) -> None:
    for when in ("before", "again"):
        assert seen[when]["lists"]
        assert {(one["status"], one["tells"]) for one in seen[when]["lists"].values()} == {(200, True)}
        assert seen[when]["query"] == {"rows": 1, "code": None}
        assert seen[when]["file"] == 200
    head, *rows = seen["before"]["rows"]
    assert head[0].startswith("统一社会信用代码")
    assert len(rows) > 5


def test_withdrawal_closes_page_api_files_and_feed_for_who_caches(seen: dict[str, Any]) -> None:
    withdrawn, codes = seen["withdrawn"], [row[0] for row in seen["before"]["rows"][1:]]
    assert withdrawn["query"] == {"rows": 0, "code": "ITEM_DENIED"}
    assert withdrawn["file"] == 403
    assert not any(one["tells"] for address, one in withdrawn["lists"].items() if "102001001" not in address)
    own = {one["status"] for address, one in withdrawn["lists"].items() if address.endswith((".ttl", ".jsonld"))}
    assert own == {200, 404}
    for shown in (withdrawn["shown"], withdrawn["reloaded"]):
        assert "不能读取 未获准" in shown
        assert not any(code in shown for code in codes)


def test_closing_needs_no_report_and_opening_does(seen: dict[str, Any]) -> None:
    assert seen["closed"]["data"]["approveChange"]["state"] == "ACTIVE"
    assert [error["extensions"]["code"] for error in seen["unseen"]["errors"]] == ["CONFLICT"]


def test_nothing_is_approved_while_the_report_is_under_way(seen: dict[str, Any]) -> None:
    assert seen["early"]["isDisabled"]
    assert seen["early"]["says"].startswith("请先查看可识别性报告")


def test_report_tells_the_worst_first(seen: dict[str, Any]) -> None:
    head, *rows = seen["combinations"]
    assert head == ["信息项", "组数", "独自成组的行", "所在组少于 5 行的行"]
    alone = [int(row[2].replace(",", "")) for row in rows]
    # A code tells every row apart, whether an address or not stands beside it.
    assert rows[0][0] == "code"
    assert alone[0] == max(alone) > 0
    assert seen["first"] == seen["combinations"][:13]
    assert any(len(row[0].split("、")) == 3 for row in rows)
    assert "行独一无二" in seen["text"]
    # Items that aren't open stay out of it.
    assert not {name for row in rows for name in row[0].split("、")} & {"legal_representative", "address", "phone"}


def test_report_names_the_open_data_that_rows_can_be_joined_with(seen: dict[str, Any]) -> None:
    head, *rows = seen["meetings"]
    assert head == ["条目", "关联方式", "恰好对应其中一行的行", "其中一一对应的行"]
    assert "division = code" in {row[1] for row in rows}


def test_pages_are_sound(seen: dict[str, Any]) -> None:
    assert seen["axe"] == {"report": []}
    assert not seen["tooWide"]
    assert seen["faults"] == []
