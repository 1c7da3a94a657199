"""Synthetic residents."""

from collections.abc import Iterator
from datetime import date, timedelta

from portal.demonstration.divisions import Places, draw_place
from portal.demonstration.drawing import Draws
from portal.demonstration.names import (
    REFERENCE_DAY,
    IdentityNumbers,
    draw_address,
    draw_person_name,
    draw_phone,
)
from portal.demonstration.rows import Row, render_flag
from portal.json_text import render_json

_AGES = ((0, 6, 7), (6, 18, 14), (18, 35, 22), (35, 60, 36), (60, 80, 17), (80, 96, 4))
"""Age from, age to, share in percent."""
_HOUSEHOLD_SIZES = ((1, 22), (2, 30), (3, 26), (4, 12), (5, 7), (6, 3))
_SCHOOL_AGES = ((12, "小学"), (15, "初中"), (18, "高中"))
"""Age below which one is at that school."""
_YOUNG_EDUCATIONS = ("高中", "大专", "本科")
_EDUCATIONS = (("小学", 18), ("初中", 36), ("高中", 20), ("大专", 14), ("本科", 10), ("研究生", 2))
_DAYS_A_YEAR = 365.2425


def draw_residents(places: Places, count: int) -> Iterator[Row]:
    """Return that many residents, as they stand on the reference day."""
    draws, numbers = Draws("residents"), IdentityNumbers()
    for serial in range(1, count + 1):
        yield _resident(draws, places, numbers, serial)


def _resident(draws: Draws, places: Places, numbers: IdentityNumbers, serial: int) -> Row:
    place, born_on, male = draw_place(draws, places), _birthday(draws), draws.happens(0.51)
    grown = _age(born_on) >= 18
    household_size = draws.weighted(_HOUSEHOLD_SIZES) + (0 if grown else 1)
    registered_on = draws.day(max(born_on, date(2004, 1, 1)), REFERENCE_DAY)
    return {
        "code": f"JZ{serial:08}",
        "name": draw_person_name(draws),
        "sex": "男" if male else "女",
        "birth_date": str(born_on),
        "id_number": numbers.next(born_on, male=male),
        "division": place.code,
        "address": draw_address(draws, place),
        "phone": draw_phone(draws) if grown and draws.happens(0.9) else None,
        "education": _education(draws, _age(born_on)),
        "household_size": str(household_size),
        "living_space": _living_space(draws),
        "is_household_head": render_flag(grown and (household_size == 1 or draws.happens(0.4))),
        "is_protected": render_flag(draws.happens(0.01)),
        "registered_at": draws.instant(registered_on),
        "moves": _moves(draws, places, born_on),
    }


def _birthday(draws: Draws) -> date:
    younger, older = draws.weighted([((first, last), share) for first, last, share in _AGES])
    return REFERENCE_DAY - timedelta(days=draws.between(int(younger * _DAYS_A_YEAR), int(older * _DAYS_A_YEAR) - 1))


def _age(born_on: date) -> int:
    had_birthday = (REFERENCE_DAY.month, REFERENCE_DAY.day) >= (born_on.month, born_on.day)
    return REFERENCE_DAY.year - born_on.year - (0 if had_birthday else 1)


def _education(draws: Draws, age: int) -> str | None:
    if age < 6:
        return None
    at_school = next((education for below, education in _SCHOOL_AGES if age < below), None)
    if at_school is not None:
        return at_school
    return draws.one_of(_YOUNG_EDUCATIONS) if age < 22 else draws.weighted(_EDUCATIONS)


def _living_space(draws: Draws) -> str | None:
    return f"{draws.between(3000, 19999) / 100:.2f}" if draws.happens(0.85) else None


def _moves(draws: Draws, places: Places, born_on: date) -> str | None:
    """Return the moves as JSON, the earliest first; None for who never moved."""
    if draws.happens(0.7):
        return None
    days = sorted({draws.day(born_on, REFERENCE_DAY) for _ in range(draws.between(1, 3))})
    homes = [draw_place(draws, places) for _ in days]
    return render_json(
        [{"迁入日期": str(day), "原居住地": origin.code} for day, origin in zip(days, homes, strict=True)]
    )
