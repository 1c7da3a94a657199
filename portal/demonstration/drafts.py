"""Drafts of the demonstration's agreements, and their signing by demonstration parties."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

from portal.agreements.agreement import SigningRole
from portal.json_text import JsonValue, parse_json
from portal.vocabulary import DepartmentCode

FOLDER = Path(__file__).parent / "agreements"
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_PERIOD_BEFORE = "condition"
"""The member of the terms before which bundle.md writes the period."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An agreement without signatures, whose period is counted in days from the day of loading.

    `text` names its first and last day as `{begin}` and `{end}`.
    """

    id: str
    parties: Mapping[SigningRole, DepartmentCode]
    first_day: int
    end_day: int
    terms: Mapping[str, JsonValue]
    text: str


def read_drafts() -> list[Draft]:
    """Return the drafts in the order of their ids."""
    return [read_draft(path) for path in sorted(FOLDER.glob("*.json"))]


def read_draft(path: Path) -> Draft:
    """Return the draft that the file holds.

    Raises: ValueError for another form.
    """
    match parse_json(path.read_bytes()):
        case {
            "id": str(identifier),
            "parties": dict(parties),
            "days": [int(first_day), int(end_day)],
            "terms": dict(terms),
            "text": str(text),
        }:
            by_role = {role: DepartmentCode(str(parties[role])) for role in SigningRole}
            return Draft(identifier, by_role, first_day, end_day, terms, text)
        case _:
            raise ValueError(f"{path.name} is no draft")


def date_draft(draft: Draft, now: datetime) -> dict[str, JsonValue]:
    """Return the agreement to sign: the draft with its period laid around the day of loading, Asia/Shanghai."""
    return {
        "id": draft.id,
        "version": 1,
        "parties": {role.value: code for role, code in draft.parties.items()},
        "terms": dict(_dated_terms(draft, now)),
        "text": draft.text.format(begin=_day_in_words(now, draft.first_day), end=_day_in_words(now, draft.end_day - 1)),
    }


def signing_time(draft: Draft, now: datetime) -> datetime:
    """Return when the parties signed: ten days before the period begins, and before today."""
    day = min(draft.first_day - 10, -1)
    return _start_of_day(now, day) + timedelta(hours=10)


def _dated_terms(draft: Draft, now: datetime) -> Iterator[tuple[str, JsonValue]]:
    for name, value in draft.terms.items():
        if name == _PERIOD_BEFORE:
            yield "valid_from", _start_of_day(now, draft.first_day).isoformat()
            yield "valid_until", _start_of_day(now, draft.end_day).isoformat()
        yield name, value


def _day_in_words(now: datetime, days: int) -> str:
    day = _start_of_day(now, days)
    return f"{day.year}年{day.month}月{day.day}日"


def _start_of_day(now: datetime, days: int) -> datetime:
    today = now.astimezone(SHANGHAI).date()
    return datetime.combine(today + timedelta(days=days), time(), SHANGHAI)
