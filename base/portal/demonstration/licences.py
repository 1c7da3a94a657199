"""Synthetic licences of the legal persons."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from portal.demonstration.drawing import Draws
from portal.demonstration.legal_persons import LegalPerson
from portal.demonstration.names import REFERENCE_DAY, draw_phone
from portal.demonstration.rows import Row, render_day, render_flag
from portal.json_text import render_json

_MATERIALS = ("申请书", "营业执照", "法定代表人身份证明", "场所平面图", "安全管理制度")
_SOURCES = ("申请人提交", "共享获取")


def draw_licences(holders: Sequence[LegalPerson], count: int) -> Iterator[Row]:
    """Return that many licences of the holders that exist, as they stand on the reference day."""
    draws, existing = Draws("licences"), [holder for holder in holders if holder.exists]
    for serial in range(1, count + 1):
        yield _licence(draws, draws.one_of(existing), serial)


def _licence(draws: Draws, holder: LegalPerson, serial: int) -> Row:
    kind = draws.one_of(holder.trade.licences)
    issued_on = draws.day(max(holder.established_on, date(2018, 1, 1)), REFERENCE_DAY)
    valid_until = None if kind.years is None else issued_on + timedelta(days=365 * kind.years)
    return {
        "number": f"YS{kind.letters}{issued_on.year}{serial:06}",
        "name": kind.name,
        "holder_code": holder.code,
        "holder_name": holder.name,
        "division": holder.place.code,
        "permitted_scope": kind.permitted_scope,
        "status": _status(draws, valid_until),
        "issued_on": str(issued_on),
        "valid_until": render_day(valid_until),
        "accepted_at": draws.instant(issued_on - timedelta(days=draws.between(1, 20))),
        "floor_space": f"{draws.between(150, 30000) / 10:.1f}" if draws.happens(0.7) else None,
        "is_renewal": render_flag(draws.happens(0.3)),
        "inspections": str(draws.below(7)),
        "contact_phone": draw_phone(draws),
        "materials": render_json([{"材料": material, "取得方式": draws.one_of(_SOURCES)} for material in _MATERIALS]),
    }


def _status(draws: Draws, valid_until: date | None) -> str:
    if draws.happens(0.06):
        return "注销"
    return "过期" if valid_until is not None and valid_until < REFERENCE_DAY else "有效"
