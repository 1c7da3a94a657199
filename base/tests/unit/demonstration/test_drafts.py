import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.agreements.agreement import SigningRole
from portal.demonstration.drafts import date_draft, read_draft, read_drafts, signing_time

# 07:59 of the 22nd in Shanghai.
NOW = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


def draft_of(days: list[int], tmp_path: Path) -> Path:
    path = tmp_path / "one.json"
    parties = {role.value: "11999999MB00010119" for role in SigningRole}
    terms = {"resource": "303001001/00001", "modes": ["query"], "condition": {}, "disposal": "销毁"}
    path.write_text(json.dumps({"id": "one", "parties": parties, "days": days, "terms": terms, "text": "演示"}))
    return path


def test_draft_is_dated_by_days_of_shanghai(tmp_path: Path) -> None:
    agreement = date_draft(read_draft(draft_of([-3, 30], tmp_path)), NOW)
    terms = agreement["terms"]
    assert isinstance(terms, dict)
    assert list(terms) == ["resource", "modes", "valid_from", "valid_until", "condition", "disposal"]
    assert terms["valid_from"] == "2026-11-19T00:00:00+08:00"
    assert terms["valid_until"] == "2026-12-22T00:00:00+08:00"


@pytest.mark.parametrize(
    ("days", "signed_at"),
    [
        ([-3, 30], "2026-11-09T10:00:00+08:00"),
        ([30, 60], "2026-11-21T10:00:00+08:00"),
        ([0, 1], "2026-11-12T10:00:00+08:00"),
    ],
)
def test_draft_is_signed_before_it_begins_and_before_today(days: list[int], signed_at: str, tmp_path: Path) -> None:
    assert signing_time(read_draft(draft_of(days, tmp_path)), NOW).isoformat() == signed_at


def test_draft_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    path.write_text('{"id": "two"}')
    with pytest.raises(ValueError, match=r"two\.json is no draft"):
        read_draft(path)


def test_drafts_that_ship_are_no_agreements_yet() -> None:
    drafts = read_drafts()
    assert len(drafts) == 8
    assert all("没有法律效力" in draft.text for draft in drafts)
