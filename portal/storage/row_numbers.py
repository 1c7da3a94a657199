"""Row numbers: the order of an entry's rows, kept while rows come and go (enforcement.md §5, order and pages)."""

from array import array
from collections.abc import Sequence

SPACING = 1 << 20
"""Distance between the numbers of two rows that were loaded together; room for those that come between them."""


def plan_row_numbers(kept: Sequence[int | None], highest: int = 0) -> Sequence[int]:
    """Return the number of each row, rising, all above 0.

    `kept` has a row's present number, or None for a row that is new. Rows keep their numbers if those rise and leave
    room for the new ones between them; otherwise all are numbered anew. New rows behind the last that stays come
    after `highest`, the present rows' last: a page that ended there goes on with them, though its row is gone.
    """
    numbers = array("q")
    last = 0
    waiting = 0
    for number in kept:
        if number is None:
            waiting += 1
        elif number - last > waiting:
            if waiting:
                numbers.extend(_spread(last, number, waiting))
            numbers.append(number)
            last, waiting = number, 0
        else:
            return array("q", range(SPACING, SPACING * (len(kept) + 1), SPACING))
    start = max(last, highest)
    numbers.extend(range(start + SPACING, start + SPACING * (waiting + 1), SPACING))
    return numbers


def _spread(low: int, high: int, count: int) -> list[int]:
    """Return `count` numbers strictly between the two, evenly apart; there is room for them."""
    return [low + (high - low) * (index + 1) // (count + 1) for index in range(count)]
