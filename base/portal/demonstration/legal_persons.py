"""Synthetic legal persons: companies, individual businesses and cooperatives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from portal.demonstration.divisions import Place, Places, draw_place
from portal.demonstration.drawing import Draws
from portal.demonstration.names import (
    REFERENCE_DAY,
    IdentityNumbers,
    credit_code,
    draw_address,
    draw_person_name,
    draw_phone,
    draw_words,
)
from portal.demonstration.rows import Row, render_day, render_flag
from portal.demonstration.trades import COMPANY_TRADES, FARM_TRADES, SHOP_TRADES, Trade
from portal.json_text import render_json


@dataclass(frozen=True, slots=True)
class Form:
    """A legal form: the prefix of its codes, how many there are, its trades, the ending of its names.

    `capital` is the least and most in 万元, None where none is registered; `is_shared` tells of several owners.
    """

    name: str
    prefix: str
    weight: int
    trades: tuple[Trade, ...]
    ending: str
    capital: tuple[int, int] | None
    is_shared: bool


_FORMS = (
    Form("有限责任公司", "91", 46, COMPANY_TRADES, "有限公司", (10, 3000), True),
    Form("股份有限公司", "91", 3, COMPANY_TRADES, "股份有限公司", (1000, 20000), True),
    Form("个人独资企业", "91", 8, COMPANY_TRADES, "经营部", (5, 200), False),
    Form("个体工商户", "92", 36, SHOP_TRADES, "", None, False),
    Form("农民专业合作社", "93", 7, FARM_TRADES, "专业合作社", (20, 800), True),
)
_STATES = (("存续", 88), ("注销", 9), ("吊销", 3))


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """What other rows need of a legal person; `cells` are its row."""

    code: str
    name: str
    trade: Trade
    place: Place
    established_on: date
    exists: bool
    cells: Row


def draw_legal_persons(places: Places, count: int) -> Iterator[LegalPerson]:
    """Return that many legal persons, as they stand on the reference day."""
    draws, numbers = Draws("legal persons"), IdentityNumbers()
    for serial in range(1, count + 1):
        yield _legal_person(draws, places, numbers, serial)


def _legal_person(draws: Draws, places: Places, numbers: IdentityNumbers, serial: int) -> LegalPerson:
    place, form = draw_place(draws, places), draws.weighted([(form, form.weight) for form in _FORMS])
    trade, code = draws.one_of(form.trades), credit_code(form.prefix, serial)
    name = f"{place.city.removesuffix('市')}演示{draw_words(draws)}{trade.name}{form.ending}"
    established_on, state = draws.day(date(1998, 1, 1), REFERENCE_DAY - timedelta(days=200)), draws.weighted(_STATES)
    employees = draws.between(1, 9) if form.capital is None else draws.between(2, 400)
    cells: Row = {
        "code": code,
        "name": name,
        "type": form.name,
        "status": state,
        "established_on": str(established_on),
        "cancelled_on": render_day(draws.day(established_on, REFERENCE_DAY) if state == "注销" else None),
        "division": place.code,
        "address": draw_address(draws, place),
        "business_scope": trade.scope,
        "is_small": render_flag(employees < 300),
        "registered_capital": _capital(draws, form),
        "employees": str(employees),
        **_people(draws, numbers, form),
        "changed_at": draws.instant(draws.day(established_on, REFERENCE_DAY)),
    }
    return LegalPerson(code, name, trade, place, established_on, state == "存续", cells)


def _capital(draws: Draws, form: Form) -> str | None:
    """Return the capital in 万元 with two digits: mostly round, sometimes to the 百元."""
    if form.capital is None:
        return None
    least, most = form.capital
    whole = draws.between(least, most)
    return f"{whole}.{draws.below(100):02}" if draws.happens(0.2) else f"{max(least, whole // 10 * 10)}.00"


def _people(draws: Draws, numbers: IdentityNumbers, form: Form) -> Row:
    representative = draw_person_name(draws)
    born_on = draws.day(date(1955, 1, 1), date(2002, 12, 31))
    return {
        "legal_representative": representative,
        "representative_id_number": numbers.next(born_on, male=draws.happens(0.6)),
        "phone": draw_phone(draws),
        "shareholders": _shareholders(draws, representative) if form.is_shared else None,
    }


def _shareholders(draws: Draws, representative: str) -> str:
    held = draws.between(34, 100)
    shares = [(representative, held)] + ([] if held == 100 else [(draw_person_name(draws), 100 - held)])
    return render_json([{"股东": name, "出资比例": f"{share}%"} for name, share in shares])
