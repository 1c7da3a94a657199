import pytest

from portal.access.case_reference import LENGTH_LIMIT, read_reference
from portal.errors import BadInput
from portal.vocabulary import UNSTATED, CaseReference

CASE = "2026-0001"


def test_reference_is_the_argument_or_the_header_or_nothing() -> None:
    assert read_reference({}) == UNSTATED
    assert read_reference({"case": None, "operator": ""}) == UNSTATED
    assert read_reference({"case": CASE}) == CaseReference(case=CASE)
    assert read_reference({"operator": "王某"}, CaseReference(case=CASE)) == CaseReference(CASE, "王某")
    assert read_reference({"case": CASE, "operator": "王某"}, CaseReference(CASE, "王某")) == CaseReference(
        CASE, "王某"
    )


@pytest.mark.parametrize("name", ["case", "operator"])
def test_header_and_argument_that_differ_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f"header `{name}` and the argument `{name}` differ"):
        read_reference({name: "2"}, CaseReference("1", "1"))


def test_name_that_means_a_key_item_is_left_to_it() -> None:
    stated = CaseReference("1", "1")
    assert read_reference({"case": "2", "operator": "1"}, stated, ("case",)) == stated


@pytest.mark.parametrize("name", ["case", "operator"])
@pytest.mark.parametrize(
    "text",
    ["x" * (LENGTH_LIMIT + 1), " 1", "1 ", "a\nb", "a\tb", "a\x1b[2J", "\x7f", "a\0", "\ud800", "　1", "a\u202eb"],
)
def test_text_that_a_log_cannot_show_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadInput, match=f"`{name}`"):
        read_reference({name: text})


def test_longest_text_is_taken() -> None:
    assert read_reference({"case": "案" * LENGTH_LIMIT}).case == "案" * LENGTH_LIMIT
