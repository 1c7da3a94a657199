"""The public reports a fault and asks for data in the browser, an officer answers, the public sees the answer."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.oracle.runner import PortalProcess

pytestmark = pytest.mark.heavy

NUMBER = re.compile(r"T(-[0-9A-HJKMNP-TV-Z]{4}){3}-[0-9A-HJKMNP-TV-Z]")
CONTACT = "synthetic@example.invalid"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    with demonstration_portal(tmp_path_factory.mktemp("portal")) as process:
        yield process


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the visitor saw, and the officer."""
    return walk("tickets.mjs", portal, str(tmp_path_factory.mktemp("pictures")))


def test_form_keeps_what_was_typed_and_no_contact(seen: dict[str, Any]) -> None:
    assert seen["kept"]["words"].startswith("第一行有误。")
    assert seen["kept"]["contact"] == ""
    assert CONTACT not in seen["left"]
    # What was sent isn't kept any longer.
    assert "第一行有误" not in seen["left"]


def test_number_is_shown_and_can_be_copied(seen: dict[str, Any]) -> None:
    assert NUMBER.fullmatch(seen["fault"])
    assert NUMBER.fullmatch(seen["wish"])
    assert seen["copied"] == seen["fault"]


def test_status_shows_neither_words_nor_contact_of_who_asked(seen: dict[str, Any]) -> None:
    assert "已收到" in seen["received"]
    assert "答复期限" in seen["received"]
    for page in ("received", "answered"):
        assert CONTACT not in seen[page]
        assert "希望开放站点位置" not in seen[page]


def test_misread_number_is_said_to_be_misread_and_an_unknown_one_unknown(seen: dict[str, Any]) -> None:
    assert "编号有误" in seen["misread"]
    assert "没有此编号的工单" in seen["unknown"]


def test_officer_without_second_factor_is_refused_in_words(seen: dict[str, Any]) -> None:
    assert "未获准许" in seen["unconfirmed"]


def test_officer_finds_tickets_by_what_they_are_about(seen: dict[str, Any]) -> None:
    assert {row[0] for row in seen["all"][1:]} == {seen["fault"], seen["wish"]}
    assert [row[0] for row in seen["wishes"][1:]] == [seen["wish"]]
    assert "kind=WISH" in seen["address"]


def test_officer_reads_the_contact_and_answers_wishes_alone(seen: dict[str, Any]) -> None:
    assert CONTACT in seen["file"]
    assert "对公众的说明" in seen["file"]
    assert "对公众的说明" not in seen["notTheirs"]
    assert "authority-officer" in seen["answeredFile"]


def test_public_sees_the_answer_and_not_who_gave_it(seen: dict[str, Any]) -> None:
    assert "下月开放。" in seen["answered"]
    assert "authority-officer" not in seen["answered"]


def test_markup_is_shown_as_the_text_that_it_is(seen: dict[str, Any]) -> None:
    assert "<script>document.title=2</script>" in seen["file"]
    assert "<script>document.title=2</script>" in seen["answered"]
    assert seen["injected"] == [0, 0]


def test_no_page_has_a_serious_finding_of_axe(seen: dict[str, Any]) -> None:
    assert set(seen["axe"]) == {"report", "opened", "request", "find", "list", "file", "answered"}
    assert {name: found for name, found in seen["axe"].items() if found} == {}


def test_no_page_is_wider_than_a_telephone_breaks_its_policy_or_errs(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []
    assert seen["faults"] == []
