"""A change goes the whole way in the browser, by two people; another undoes it, and something is frozen."""

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
    """What the author, the officer and the analyst saw."""
    return walk("changes.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_list_says_who_awaits_whom(seen: dict[str, Any]) -> None:
    head, row = seen["listed"]
    assert head == ["编号", "标题", "来源", "状态", "作者", "最近一步", "等待"]
    assert row[1:4] == ["合成变更", "人员起草", "草稿"]
    assert row[6] == "等待 policy-administrator 检查并提交"


def test_author_sees_what_it_would_do_and_cannot_approve(seen: dict[str, Any]) -> None:
    assert "检查通过" in seen["draft"]
    assert "批准" not in seen["draft"].partition("可以执行的操作")[2]


def test_other_person_sees_who_gains_and_what_differs_before_approving(seen: dict[str, Any]) -> None:
    _, *gains = seen["impact"]
    assert {row[0] for row in gains} == {"新获准"}
    assert {row[1] for row in gains} == {"department:11999999MB00010974", "application:tax-registration"}
    assert ["items", "", '["employees"]'] in seen["differences"]
    assert seen["sure"] == "批准“合成变更”：2 个主体获得，0 个主体失去。"


def test_approved_change_is_in_force_with_every_step_told(seen: dict[str, Any]) -> None:
    for step in ("起草", "检查", "提交", "批准", "生效"):
        assert step in seen["approved"]
    assert "请审核" in seen["approved"]
    held = seen["inForce"]["data"]["policy"]
    assert held == {"policy": {"state": "IN_FORCE"}, "versions": [{"changeSet": 1}]}


def test_undoing_is_a_draft_that_takes_the_record_away(seen: dict[str, Any]) -> None:
    assert "恢复原状" in seen["undone"]
    assert "策略 synthetic-1 · 撤销" in seen["undone"]


def test_freeze_says_what_stops_and_is_lifted_by_a_change(seen: dict[str, Any]) -> None:
    assert "没有冻结" in seen["none"]
    assert "102001001/00001 的信息项 name" in seen["warned"]
    _, row = seen["frozen"]
    assert row[1:4] == ["item:102001001/00001#name", "合成演练", "authority-officer"]
    assert "冻结 freeze:1 · 撤销" in seen["lifting"]


def test_person_without_the_duty_is_refused_in_words(seen: dict[str, Any]) -> None:
    assert "未获准许" in seen["ofAnalyst"]


def test_pages_fit_a_telephone_and_have_no_faults(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []
    assert seen["faults"] == []
    assert {name: found for name, found in seen["axe"].items() if found} == {}
