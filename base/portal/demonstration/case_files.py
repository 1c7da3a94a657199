"""Synthetic case files: of an entry that isn't shared."""

from collections.abc import Iterator
from datetime import date, timedelta

from portal.demonstration.divisions import Places, draw_place
from portal.demonstration.drawing import Draws
from portal.demonstration.names import REFERENCE_DAY
from portal.demonstration.rows import Row, render_flag

_NOTES = ("按期报告，参加学习", "在校就读，表现稳定", "参加职业技能培训", "家庭监护已落实")


def draw_case_files(places: Places, count: int) -> Iterator[Row]:
    """Return that many case files, as they stand on the reference day."""
    draws = Draws("case files")
    for serial in range(1, count + 1):
        started_on = draws.day(date(2024, 7, 1), REFERENCE_DAY)
        ends_on = started_on + timedelta(days=30 * draws.between(3, 24))
        yield {
            "number": f"YSJZ{started_on.year}{serial:04}",
            "division": draw_place(draws, places).code,
            "started_on": str(started_on),
            "ends_on": str(ends_on),
            "status": "解除" if ends_on < REFERENCE_DAY else "在矫",
            "guardian_present": render_flag(draws.happens(0.8)),
            "visits": str(draws.below(13)),
            "note": f"{draws.one_of(_NOTES)}（合成）",
        }
