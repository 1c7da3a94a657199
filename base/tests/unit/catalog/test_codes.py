import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.catalog.codes import (
    CREDIT_ALPHABET,
    credit_check_character,
    identity_check_character,
    is_identifier,
    is_identity_number,
    is_resource_code,
    is_social_credit_code,
    one_character_corrections,
)

CODES = ["11999999MB0000019T", "11999999MB0000027M", "11999999MB0000035G"]


@pytest.mark.parametrize("code", CODES)
def test_social_credit_code_passes_when_its_check_character_is_right(code: str) -> None:
    assert is_social_credit_code(code)


@given(st.sampled_from(CODES), st.integers(0, 17), st.sampled_from(CREDIT_ALPHABET))
def test_social_credit_code_fails_when_any_character_is_changed(code: str, place: int, character: str) -> None:
    changed = code[:place] + character + code[place + 1 :]
    assert is_social_credit_code(changed) == (changed == code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODES[0].lower(),
        CODES[0] + "\n",
        CODES[0][:-1],
        CODES[0] + "0",
        "\uff11" + CODES[0][1:],
        "11999999MBI000019T",
        "1199999AMB0000019T",
    ],
)
def test_social_credit_code_fails_when_its_form_is_wrong(text: str) -> None:
    assert not is_social_credit_code(text)


@given(st.sampled_from(CODES), st.integers(0, 17), st.sampled_from(CREDIT_ALPHABET + "iO-"))
def test_corrections_hold_the_code_that_was_meant(code: str, place: int, character: str) -> None:
    corrections = one_character_corrections(code[:place] + character + code[place + 1 :])
    assert code in corrections
    assert all(is_social_credit_code(correction) for correction in corrections)


def test_corrections_are_none_when_two_characters_are_wrong() -> None:
    assert one_character_corrections("--" + CODES[0][2:]) == one_character_corrections("9" * 1_000_000) == []


def test_credit_check_character_is_that_of_a_registered_company() -> None:
    assert credit_check_character("91350100M000100Y4") == "3"


def test_credit_check_character_takes_seventeen_characters() -> None:
    with pytest.raises(ValueError, match="zip"):
        credit_check_character("1199999")


def identity_number(first: str) -> str:
    return first + identity_check_character(first)


def test_identity_check_character_is_that_of_the_standard_s_example() -> None:
    assert identity_check_character("11010519491231002") == "X"
    assert identity_check_character("44052418800101001") == "4"


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        (identity_number("99999920000229001"), True),
        (identity_number("99999919491231002"), True),
        (identity_number("99999920010229001"), False),  # no such day
        (identity_number("99999920001301001"), False),  # no such month
        (identity_number("99999900000101001"), False),  # no year 0
        (identity_number("99999920000229001")[:17] + "?", False),
        (identity_number("99999920000229001") + "\n", False),
        ("", False),
        ("\uff19" * 18, False),
    ],
)
def test_identity_number_needs_a_birthday_that_exists_and_its_check_character(text: str, passes: bool) -> None:
    assert is_identity_number(text) == passes


@given(st.integers(0, 17), st.sampled_from("0123456789X"))
def test_identity_number_fails_when_one_character_is_changed(place: int, character: str) -> None:
    number = identity_number("99999920000101001")
    changed = number[:place] + character + number[place + 1 :]
    assert is_identity_number(changed) == (changed == number)


@pytest.mark.clause("KF-10")
@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("303001001/00001", True),
        ("102001/1", True),
        ("102001AbZ9/zZ0", True),
        ("10200/1", False),
        ("102001/", False),
        ("102001", False),
        ("102001/1/2", False),
        ("102001-1/2", False),
        ("A02001/1", False),
        ("102001/1\n", False),
        ("\uff1102001/1", False),
        ("102001村/1", False),
    ],
)
def test_resource_code_has_the_form_of_the_guide(text: str, passes: bool) -> None:
    assert is_resource_code(text) == passes


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("a", True),
        ("street_code", True),
        ("a" * 63, True),
        ("order", True),
        ("where", True),
        ("and_or_not", True),
        ("a" * 64, False),
        ("", False),
        ("A", False),
        ("1a", False),
        ("_a", False),
        ("a__b", False),
        ("a-b", False),
        ("a\n", False),
        ("村", False),
        ("and", False),
        ("or", False),
        ("not", False),
        ("villages_connection", False),
        ("villages_edge", False),
        ("villages_where", False),
        ("villages_order", False),
    ],
)
def test_identifier_is_a_graphql_name_that_meets_no_generated_one(text: str, passes: bool) -> None:
    assert is_identifier(text) == passes
