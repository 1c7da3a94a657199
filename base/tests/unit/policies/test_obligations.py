from decimal import Decimal

import pytest

from portal.catalog.entries import InformationItem
from portal.conditions.values import INTEGER_MAX
from portal.policies.obligations import read_obligations
from portal.policies.records import FullMask, GeneraliseMask, HashMask, Mask, Obligations, PartialMask, Period
from tests.policies.building import ALL_TYPES, entry

PARTIAL = {"partial": {"head": 1, "tail": 2}}
YEAR, MONTH = {"generalise": {"to": "year"}}, {"generalise": {"to": "month"}}
TENS = {"generalise": {"to": 10}}
HUNDREDTHS = {"generalise": {"to": Decimal("0.01")}}
HASH: dict[str, dict[str, object]] = {"hash": {}}
FULL: dict[str, dict[str, object]] = {"full": {}}
EVERY = {
    "partial": PARTIAL,
    "year": YEAR,
    "month": MONTH,
    "tens": TENS,
    "hundredths": HUNDREDTHS,
    "hash": HASH,
    "full": FULL,
}
FITTING = {
    "string": {"partial", "hash", "full"},
    "integer": {"tens", "full"},
    "decimal": {"tens", "hundredths", "full"},
    "boolean": {"full"},
    "date": {"year", "month", "full"},
    "datetime": {"year", "month", "full"},
    "json": {"full"},
}


def read(raw: object) -> tuple[Obligations, list[str]]:
    """Return the obligations, and the paths of the faults."""
    obligations, faults = read_obligations(raw, entry())
    assert all(text.en and text.zh for _, what, mend in faults for text in (what, mend))
    return obligations, [path for path, _, _ in faults]


def read_mask(name: str, form: object) -> Mask | None:
    """Return the mask of an item, None where it is refused."""
    obligations, faults = read({"mask": {name: form}})
    if faults:
        assert faults == [f"obligations.mask.{name}"]
        assert obligations.masks == ()
        return None
    ((item, mask),) = obligations.masks
    assert item == name
    return mask


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("item", ALL_TYPES, ids=lambda item: item.identifier)
@pytest.mark.clause("enforcement.md §4, masks")
def test_mask_is_taken_when_it_fits_the_type_and_refused_when_it_does_not(kind: str, item: InformationItem) -> None:
    assert (read_mask(item.identifier, EVERY[kind]) is not None) is (kind in FITTING[item.type])


@pytest.mark.parametrize(
    ("name", "form", "mask"),
    [
        ("name", PARTIAL, PartialMask(1, 2)),
        ("name", {"partial": {"head": 0, "tail": 0}}, PartialMask(0, 0)),
        ("name", HASH, HashMask()),
        ("details", FULL, FullMask()),
        ("born", YEAR, GeneraliseMask(Period.YEAR)),
        ("seen", MONTH, GeneraliseMask(Period.MONTH)),
        ("children", TENS, GeneraliseMask(Decimal(10))),
        ("children", {"generalise": {"to": Decimal("10.0")}}, GeneraliseMask(Decimal(10))),
        ("children", {"generalise": {"to": INTEGER_MAX}}, GeneraliseMask(Decimal(INTEGER_MAX))),
        ("income", HUNDREDTHS, GeneraliseMask(Decimal("0.01"))),
    ],
)
def test_mask_is_read_as_it_is_written(name: str, form: object, mask: Mask) -> None:
    assert read_mask(name, form) == mask


@pytest.mark.parametrize(
    "form",
    [
        None,
        "full",
        [],
        {},
        {"none": {}},
        {"Full": {}},
        {"full": None},
        {"full": []},
        {"full": {"x": 1}},
        {"full": {}, "hash": {}},
        {"hash": {"digits": 4}},
        {"partial": {}},
        {"partial": {"head": 1}},
        {"partial": {"head": 1, "tail": 1, "with": "x"}},
        {"partial": {"head": -1, "tail": 1}},
        {"partial": {"head": 1, "tail": -1}},
        {"partial": {"head": True, "tail": 1}},
        {"partial": {"head": 1, "tail": False}},
        {"partial": {"head": "1", "tail": 1}},
        {"partial": {"head": 1, "tail": Decimal(1)}},
    ],
)
def test_mask_of_a_text_is_refused_when_it_is_malformed(form: object) -> None:
    assert read_mask("name", form) is None


@pytest.mark.parametrize(
    "to",
    [0, -10, True, "10", "year", None, [10], Decimal(0), Decimal("-0"), Decimal("1.5"), INTEGER_MAX + 1, 10**4000],
    ids=lambda to: repr(to)[:25],
)
def test_multiple_is_refused_when_an_integer_has_no_such_multiples(to: object) -> None:
    assert read_mask("children", {"generalise": {"to": to}}) is None


@pytest.mark.parametrize(
    "to", [Decimal("0.001"), Decimal("0.015"), Decimal("NaN"), Decimal("Infinity"), "0.01", 10**17]
)
def test_multiple_is_refused_when_a_decimal_has_no_such_multiples(to: object) -> None:
    assert read_mask("income", {"generalise": {"to": to}}) is None


@pytest.mark.parametrize("digits", ["1e999999999", "1e-999999999", "9e400000000"])
@pytest.mark.parametrize("name", ["children", "income"])
@pytest.mark.clause("T11")
def test_multiple_is_refused_at_once_when_working_it_out_would_never_end(name: str, digits: str) -> None:
    assert read_mask(name, {"generalise": {"to": Decimal(digits)}}) is None


@pytest.mark.parametrize("to", ["day", "Year", "YEAR", "year ", 1, None, {}])
def test_period_is_refused_when_it_is_neither_year_nor_month(to: object) -> None:
    assert read_mask("born", {"generalise": {"to": to}}) is None


def test_mask_is_refused_when_the_item_is_unknown() -> None:
    assert read({"mask": {"salery": FULL, "Name": FULL}})[1] == ["obligations.mask.salery", "obligations.mask.Name"]


def test_masks_stand_in_the_order_of_their_items() -> None:
    obligations, faults = read({"mask": {"note": FULL, "born": YEAR, "name": HASH}})
    assert faults == []
    assert [name for name, _ in obligations.masks] == ["born", "name", "note"]


@pytest.mark.parametrize("name", ["max_rows", "daily_rows"])
@pytest.mark.parametrize("rows", [1, 1000, INTEGER_MAX])
def test_limit_is_taken_when_it_counts_rows(name: str, rows: int) -> None:
    obligations, faults = read({name: rows})
    assert (faults, getattr(obligations, name)) == ([], rows)


@pytest.mark.parametrize("name", ["max_rows", "daily_rows"])
@pytest.mark.parametrize("rows", [0, -1, True, False, "10", Decimal(10), Decimal("1.5"), [], {}, INTEGER_MAX + 1])
def test_limit_is_refused_when_it_counts_no_rows(name: str, rows: object) -> None:
    assert read({name: rows}) == (Obligations(), [f"obligations.{name}"])


@pytest.mark.parametrize("name", ["max_rows", "daily_rows", "mask"])
def test_obligation_is_none_when_it_is_null(name: str) -> None:
    assert read({name: None}) == (Obligations(), [])


@pytest.mark.parametrize("raw", [[], "none", 1, True])
def test_obligations_are_refused_when_they_are_no_object(raw: object) -> None:
    assert read(raw) == (Obligations(), ["obligations"])


@pytest.mark.parametrize("raw", [[], "full", 1])
def test_masks_are_refused_when_they_are_no_object(raw: object) -> None:
    assert read({"mask": raw}) == (Obligations(), ["obligations.mask"])


@pytest.mark.parametrize("name", ["notify", "Mask", "masks", "max_row", "rows", ""])
@pytest.mark.clause("T13")
def test_obligation_is_refused_when_it_is_unknown(name: str) -> None:
    assert read({name: {}})[1] == [f"obligations.{name}"]


def test_faults_are_all_listed_when_there_are_many() -> None:
    faults = read({"notify": 1, "mask": {"name": TENS, "born": PARTIAL}, "max_rows": 0, "daily_rows": -1})[1]
    assert faults == [
        "obligations.notify",
        "obligations.mask.name",
        "obligations.mask.born",
        "obligations.max_rows",
        "obligations.daily_rows",
    ]
