from hypothesis import given
from hypothesis import strategies as st

from portal.storage.row_numbers import SPACING, plan_row_numbers


def test_rows_are_numbered_by_line_when_all_are_new() -> None:
    assert list(plan_row_numbers([None, None, None])) == [SPACING, 2 * SPACING, 3 * SPACING]


def test_numbering_nothing_gives_nothing() -> None:
    assert list(plan_row_numbers([])) == []


def test_survivors_keep_their_numbers_when_rows_are_added_at_the_end() -> None:
    assert list(plan_row_numbers([SPACING, 3 * SPACING, None])) == [SPACING, 3 * SPACING, 4 * SPACING]


def test_new_rows_get_numbers_between_when_they_stand_between() -> None:
    assert list(plan_row_numbers([None, 10, None, None, 16])) == [5, 10, 12, 14, 16]


def test_all_rows_are_numbered_anew_when_the_survivors_changed_places() -> None:
    assert list(plan_row_numbers([20, 10])) == [SPACING, 2 * SPACING]


def test_all_rows_are_numbered_anew_when_a_number_comes_twice() -> None:
    assert list(plan_row_numbers([10, 10])) == [SPACING, 2 * SPACING]


def test_rows_fill_a_gap_to_the_last_number() -> None:
    assert list(plan_row_numbers([10, None, None, 13])) == [10, 11, 12, 13]


def test_all_rows_are_numbered_anew_when_a_gap_is_full() -> None:
    assert list(plan_row_numbers([10, None, None, 12])) == [SPACING * line for line in (1, 2, 3, 4)]


@given(st.lists(st.one_of(st.none(), st.integers(1, 40))))
def test_numbers_rise_and_survivors_stay_wherever_they_can(kept: list[int | None]) -> None:
    numbers = list(plan_row_numbers(kept))
    assert len(numbers) == len(kept)
    assert all(low < high for low, high in zip([0, *numbers], numbers, strict=False))
    stayed = all(before is None or before == after for before, after in zip(kept, numbers, strict=True))
    assert stayed is _has_room(kept)


def _has_room(kept: list[int | None]) -> bool:
    """Say it another way: each survivor's number is at least what the rows since the one before it need."""
    last_index, last = -1, 0
    for index, number in enumerate(kept):
        if number is not None:
            if number - last < index - last_index:
                return False
            last_index, last = index, number
    return True


def test_numbers_stay_within_64_bits_after_many_loads() -> None:
    kept: list[int | None] = [None]
    for _ in range(1000):
        kept = [*plan_row_numbers(kept), None][-2:]
    assert max(plan_row_numbers(kept)) < 2**63


def test_new_rows_come_after_the_last_that_was_there_when_it_is_gone() -> None:
    """A page that ended with the row that is gone goes on with them."""
    assert list(plan_row_numbers([SPACING, None], highest=3 * SPACING)) == [SPACING, 4 * SPACING]
