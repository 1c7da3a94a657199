"""What the greeting says to expect, worked out from the rows by hand: without plan, decision or SQL."""

import csv
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from graphql import parse
from rich.cells import cell_len

from portal.demonstration.making import CONTENT
from portal.demonstration.tries import TRIES, Try
from portal.errors import ErrorCode
from tests.unit.demonstration.conftest import Rows

Expected = tuple[str, int, list[dict[str, object]]]


def public(rows: Rows) -> Expected:
    found = [row for row in rows["villages"] if row["street_code"].startswith("320613") and "社区" in row["name"]]
    return "villages", len(found), [{"code": row["code"], "name": row["name"]} for row in found[:3]]


def pension_check(rows: Rows) -> Expected:
    found = [
        row
        for row in rows["residents"]
        if row["division"].startswith("3206") and row["birth_date"] < "1966-07-01" and row["name"].startswith("演示松")
    ]
    return (
        "residents",
        len(found),
        [
            {
                "name": row["name"],
                "id_number": "999999********" + row["id_number"][14:],
                "birth_date": row["birth_date"][:7] + "-01",
            }
            for row in found[:3]
        ],
    )


def large_households(rows: Rows) -> list[dict[str, str]]:
    return [
        row
        for row in rows["residents"]
        if row["division"].startswith("320613")
        and int(row["household_size"]) >= 5
        and row["is_household_head"] == "true"
    ]


def district_relief(rows: Rows) -> Expected:
    found = [row for row in large_households(rows) if row["is_protected"] == "false"]
    return (
        "residents",
        len(found),
        [
            {
                "name": row["name"],
                "household_size": int(row["household_size"]),
                "address": row["address"],
                "phone": row["phone"][:5] + "****" + row["phone"][9:],
            }
            for row in found[:2]
        ],
    )


def tax_registration(rows: Rows) -> Expected:
    found = [
        row
        for row in rows["legal_persons"]
        if row["division"].startswith("3206")
        and row["status"] == "存续"
        and row["registered_capital"]
        and Decimal(row["registered_capital"]) >= 15000
    ]
    found.sort(key=lambda row: -Decimal(row["registered_capital"]))
    items = ("name", "registered_capital")
    return "legal_persons", len(found), [{item: row[item] for item in items} for row in found[:3]]


def test_linked_places_are_what_the_rows_say(rows: Rows) -> None:
    places = {entry: {row["code"]: row for row in rows[entry]} for entry in ("villages", "streets", "areas")}
    # The tax office reads legal persons of its own city alone.
    payers = [row for row in rows["legal_persons"] if row["registered_capital"] and row["division"].startswith("3206")]
    payers.sort(key=lambda row: -Decimal(row["registered_capital"]))
    expected = []
    for payer in payers[:2]:
        village = places["villages"][payer["division"]]
        street = places["streets"][village["street_code"]]
        area = {"name": places["areas"][street["area_code"]]["name"]}
        expected.append(
            {
                "name": payer["name"],
                "village": {"name": village["name"], "street": {"name": street["name"], "area": area}},
            }
        )
    shown = json.loads(named("linked-places").answer)["data"]["shared"]["legal_persons"]["nodes"]
    assert shown == expected


@pytest.mark.parametrize("expect", [public, pension_check, district_relief, tax_registration], ids=lambda e: e.__name__)
def test_answer_is_what_the_rows_say(expect: Callable[[Rows], Expected], rows: Rows) -> None:
    shown = json.loads(named(expect.__name__.replace("_", "-")).answer)["data"]["shared"]
    entry, count, nodes = expect(rows)
    assert list(shown) == [entry]
    assert (shown[entry]["totalCount"], shown[entry]["nodes"]) == (count, nodes)


def named(name: str) -> Try:
    return next(each for each in TRIES if each.name == name)


def test_relief_tells_how_many_match_and_how_many_are_withheld(rows: Rows) -> None:
    found = large_households(rows)
    withheld = sum(row["is_protected"] == "true" for row in found)
    reason = named("district-relief").reason
    assert f"{len(found)} match" in reason.en
    assert f"addresses of {withheld} of them" in reason.en
    assert f"有 {len(found)} 人" in reason.zh
    assert f"其中 {withheld} 人" in reason.zh


def test_tries_are_of_the_public_and_four_registered_applications() -> None:
    with (CONTENT / "applications.csv").open(encoding="utf-8", newline="") as file:
        registered = {row["id"] for row in csv.DictReader(file)}
    assert [each.application for each in TRIES if each.application is None] == [None]
    assert len({each.application for each in TRIES} & registered) == 4


def test_one_try_is_refused_with_a_code_of_the_contract() -> None:
    refused = [errors[0]["extensions"] for each in TRIES if (errors := json.loads(each.answer).get("errors"))]
    assert refused == [{"code": "PURPOSE_DENIED", "items": ["name", "birth_date"]}]
    assert refused[0]["code"] in set(ErrorCode)


@pytest.mark.parametrize("each", TRIES, ids=lambda each: each.name)
def test_documents_parse_and_are_narrow_enough_to_read(each: Try) -> None:
    parse(each.document)
    assert max(map(cell_len, (each.document + each.answer).splitlines())) <= 97
