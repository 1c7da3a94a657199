import pytest

from portal.errors import BadInput
from portal.tickets.numbers import draw_number, parse_number

NUMBERS = [draw_number() for _ in range(200)]
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_number_says_nothing_of_another() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)
    for place in (2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15):
        # Each place takes every value: 200 draws of one of 32 leave fewer than eight with the chance of 1 in 10⁹⁰.
        assert len({number[place] for number in NUMBERS}) >= 8


@pytest.mark.parametrize("place", range(5))
def test_number_is_read_however_it_is_written(place: int) -> None:
    number = NUMBERS[place]
    assert parse_number(number) == number
    assert parse_number(number.lower().replace("-", " ")) == number
    assert parse_number(f"  {number.replace('-', '')}\n") == number
    assert parse_number(number.replace("0", "O").replace("1", "I")) == number


@pytest.mark.parametrize("drawn", range(5))
def test_misread_character_is_noticed(drawn: int) -> None:
    number = NUMBERS[drawn]
    for place, symbol in enumerate(number):
        if symbol == "-" or place == 0:
            continue
        for other in set(ALPHABET) - {symbol}:
            with pytest.raises(BadInput):
                parse_number(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "T", "T-", "7K3M-9QXD-2", "T-7K3M-9QXD-4WHB-", "X" * 14, "T-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-Ä", "U" * 99]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_number(text)
