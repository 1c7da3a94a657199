"""A policy administrator does the job in the browser: looks at what holds, writes a change without code, tries it."""

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
    """What the policy administrator saw."""
    return walk("policies.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_administrator_without_second_factor_is_refused_in_words(seen: dict[str, Any]) -> None:
    assert "未获准许" in seen["unconfirmed"]


def test_records_are_found_and_what_was_asked_stands_in_the_address(seen: dict[str, Any]) -> None:
    head, *rows = seen["found"]
    assert head == ["编号", "类别", "主体", "目录条目", "信息项", "用途", "到期"]
    assert [row[0] for row in rows] == ["statute-prosecution", "statute-supervision", "statute-tax"]
    assert "search=statute" in seen["address"]


def test_agreement_is_verified_and_a_term_shows_its_sentence(seen: dict[str, Any]) -> None:
    assert "核验通过" in seen["agreement"]
    assert seen["agreement"].count("签名有效") == 3
    assert [sentence for sentence in seen["marked"] if "用途为数据校核" in sentence]
    assert "文本未写到" not in seen["agreement"]


def test_record_tells_its_terms_and_its_history(seen: dict[str, Any]) -> None:
    assert "税收征收管理法" in seen["policy"]
    assert "第 1 版" in seen["policy"]


def test_change_is_checked_as_it_is_written(seen: dict[str, Any]) -> None:
    assert "没有问题，可以提交" in seen["check"]
    assert "目前没有数据行在其范围内" in seen["check"]
    assert "put[0].document.obligations.max_rows" in seen["wrong"]


def test_form_keeps_what_was_typed(seen: dict[str, Any]) -> None:
    assert seen["keptTitle"] == "合成变更"


def test_change_is_tried_on_made_up_rows(seen: dict[str, Any]) -> None:
    assert "ITEM_DENIED" in seen["trial"]
    assert "合成-1" in seen["trial"]


def test_draft_holds_what_the_form_said(seen: dict[str, Any]) -> None:
    saved = seen["saved"]["data"]["changeSet"]
    (put,) = saved["document"]["put"]
    assert (saved["title"], saved["state"], put["document"]["id"]) == ("合成变更", "DRAFT", "statute-tax")
    assert put["document"]["obligations"]["max_rows"] == 7
    assert put["document"]["valid_until"] == "2031-12-31T16:00:00Z"
    assert put["document"]["scope"] == {
        "and": [{"division": {"startsWith": {"subject": "region"}}}, {"code": {"eq": "合成"}}]
    }
    assert seen["again"] == {"title": "合成变更", "rows": "7"}


def test_new_record_says_who_gains_what(seen: dict[str, Any]) -> None:
    _, (way, who, entry, items, purposes, period, rows) = seen["impact"]
    assert (way, entry, items, purposes) == ("新获准", "303001001/00001", "name", "VERIFICATION")
    assert "department:11999999MB00010974" in who
    assert period.endswith("2030-07-01 00:00:00")
    assert rows.startswith("0 → ")


def test_pages_fit_a_telephone_and_have_no_faults(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []
    assert seen["faults"] == []
    assert {name: found for name, found in seen["axe"].items() if found} == {}
