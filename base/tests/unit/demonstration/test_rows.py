"""What is drawn: valid by form, nobody's by content, and the same each time."""

import json
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.catalog.codes import is_identity_number, is_social_credit_code
from portal.demonstration.divisions import LEVELS, arrange_places, read_level
from portal.demonstration.names import REFERENCE_DAY, IdentityNumbers
from portal.demonstration.residents import draw_residents
from tests.unit.demonstration.conftest import Rows

SYNTHETIC = ("residents", "legal_persons", "licences", "case_files")


def test_synthetic_rows_are_twenty_thousand(rows: Rows) -> None:
    assert sum(len(rows[entry]) for entry in SYNTHETIC) == 20_000


@pytest.mark.parametrize(
    ("entry", "key"),
    [("residents", "code"), ("legal_persons", "code"), ("licences", "number"), ("case_files", "number")],
)
def test_synthetic_rows_each_have_a_key(rows: Rows, entry: str, key: str) -> None:
    keys = [row[key] for row in rows[entry]]
    assert len(keys) == len(set(keys))
    assert all(keys)


@pytest.mark.parametrize("entry", SYNTHETIC)
def test_divisions_of_synthetic_rows_are_real_villages(rows: Rows, entry: str) -> None:
    villages = {row["code"] for row in rows["villages"]}
    assert {row["division"] for row in rows[entry]} <= villages


@pytest.mark.parametrize("jurisdiction", ["1503", "3206", "35", "3710", "4102"])
def test_synthetic_rows_lie_in_each_jurisdiction(rows: Rows, jurisdiction: str) -> None:
    shares = [row["division"].startswith(jurisdiction) for row in rows["residents"]]
    assert sum(shares) > 1000


@pytest.mark.parametrize(("entry", "item"), [("residents", "id_number"), ("legal_persons", "representative_id_number")])
def test_identity_numbers_are_valid_in_a_region_nobody_has(rows: Rows, entry: str, item: str) -> None:
    numbers = [row[item] for row in rows[entry]]
    assert all(is_identity_number(number) and number.startswith("999999") for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_credit_codes_are_valid_in_a_region_nobody_has(rows: Rows) -> None:
    codes = [row["code"] for row in rows["legal_persons"]]
    assert all(is_social_credit_code(code) and code[2:8] == "999999" for code in codes)


def test_identity_numbers_agree_with_birthday_and_sex(rows: Rows) -> None:
    for row in rows["residents"]:
        assert row["id_number"][6:14] == row["birth_date"].replace("-", "")
        assert (int(row["id_number"][16]) % 2 == 1) == (row["sex"] == "男")


def test_identity_numbers_of_a_day_count_on() -> None:
    numbers = IdentityNumbers()
    born_on = date(2000, 2, 29)
    drawn = [numbers.next(born_on, male=male) for male in (True, True, False, False)]
    assert [number[14:17] for number in drawn] == ["001", "003", "002", "004"]


def test_names_and_telephones_are_plainly_synthetic(rows: Rows) -> None:
    people = [row["name"] for row in rows["residents"]] + [row["legal_representative"] for row in rows["legal_persons"]]
    assert [name for name in people if not re.fullmatch("演示[一-鿿]{2}", name)] == []
    assert [row["name"] for row in rows["legal_persons"] if "演示" not in row["name"]] == []
    phones = [
        row[item]
        for entry, item in (("residents", "phone"), ("legal_persons", "phone"), ("licences", "contact_phone"))
        for row in rows[entry]
    ]
    assert [phone for phone in phones if phone and not re.fullmatch("10099[0-9]{6}", phone)] == []


def test_residents_make_sense(rows: Rows) -> None:
    for row in rows["residents"]:
        born_on = date.fromisoformat(row["birth_date"])
        grown = born_on <= date(REFERENCE_DAY.year - 18, REFERENCE_DAY.month, REFERENCE_DAY.day)
        assert born_on <= date.fromisoformat(row["registered_at"][:10]) <= REFERENCE_DAY
        assert grown or (row["phone"] == "" and row["is_household_head"] == "false" and row["household_size"] != "1")
        assert row["household_size"] != "1" or row["is_household_head"] == "true"
        days = [move["迁入日期"] for move in json.loads(row["moves"] or "[]")]
        assert days == sorted(days)
        assert all(row["birth_date"] <= day <= str(REFERENCE_DAY) for day in days)


def test_some_cells_of_each_kind_are_there_and_some_missing(rows: Rows) -> None:
    for item in ("phone", "education", "living_space", "moves"):
        filled = sum(row[item] != "" for row in rows["residents"])
        assert 1000 < filled < 12_000, item
    assert 50 < sum(row["is_protected"] == "true" for row in rows["residents"]) < 250


def test_legal_persons_make_sense(rows: Rows) -> None:
    for row in rows["legal_persons"]:
        assert (row["status"] == "注销") == (row["cancelled_on"] != "")
        assert (row["type"] == "个体工商户") == (row["registered_capital"] == "")
        assert not row["registered_capital"] or Decimal(row["registered_capital"]).as_tuple().exponent == -2
        shares = [int(holder["出资比例"].rstrip("%")) for holder in json.loads(row["shareholders"] or "[]")]
        assert sum(shares) in (0, 100)


def test_licences_belong_to_legal_persons_that_exist(rows: Rows) -> None:
    holders = {row["code"]: row for row in rows["legal_persons"] if row["status"] == "存续"}
    for row in rows["licences"]:
        holder = holders[row["holder_code"]]
        assert (row["holder_name"], row["division"]) == (holder["name"], holder["division"])
        assert holder["established_on"] <= row["issued_on"] <= str(REFERENCE_DAY)
        if row["status"] == "过期":
            assert row["valid_until"] < str(REFERENCE_DAY)
        if row["status"] == "有效":
            assert not row["valid_until"] or row["valid_until"] >= str(REFERENCE_DAY)


def test_case_files_make_sense(rows: Rows) -> None:
    for row in rows["case_files"]:
        assert date.fromisoformat(row["ends_on"]) - date.fromisoformat(row["started_on"]) >= timedelta(days=90)
        assert (row["status"] == "解除") == (row["ends_on"] < str(REFERENCE_DAY))


def test_rows_are_drawn_the_same_each_time(rows: Rows) -> None:
    places = arrange_places({level: read_level(level) for level in LEVELS})
    again = [{item: cell or "" for item, cell in row.items()} for row in draw_residents(places, 50)]
    assert again == rows["residents"][:50]
