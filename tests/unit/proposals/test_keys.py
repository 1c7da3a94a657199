"""The key is sought with a bounded number of readings, however many columns could make one up."""

from collections.abc import Iterator
from itertools import combinations

from portal.proposals.duplicates import find_duplicate, key_digest
from portal.proposals.keys import Row, guess_key

COLUMNS = 12
NAMES = [f"c{position}" for position in range(COLUMNS)]


class CountedRows:
    """Rows that are read again and again, and how often they were."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.count = 0

    def __call__(self) -> Iterator[Row]:
        self.count += 1
        return iter(self.rows)


def rows_alike_in(pairs: list[tuple[int, ...]]) -> list[Row]:
    """Return a thousand rows that differ everywhere, then for each pair of columns two that are alike there alone."""
    rows: list[Row] = [(line, [f"{line}-{name}" for name in NAMES]) for line in range(2, 1002)]
    for pair in pairs:
        for line in (len(rows) + 2, len(rows) + 3):
            own = [f"{line}-{name}" for name in NAMES]
            alike = [f"{pair}" if position in pair else cell for position, cell in enumerate(own)]
            rows.append((line, alike))
    return rows


def test_search_ends_when_too_many_guesses_failed() -> None:
    rows = CountedRows(rows_alike_in([*combinations(range(COLUMNS), 2)]))
    guess = guess_key(rows, NAMES, [None] * COLUMNS)
    assert guess.positions == ()
    assert guess.reasons[0].en.startswith("no key was found")
    # The first rows, and for each of twenty guesses all rows and the two that are alike.
    assert rows.count == 1 + 2 * 20


def test_one_failed_guess_rules_out_others_without_another_reading() -> None:
    everything_but_the_last = tuple(range(COLUMNS - 1))
    rows = CountedRows(rows_alike_in([everything_but_the_last]))
    assert guess_key(rows, NAMES, [None] * COLUMNS).positions == (COLUMNS - 1,)
    assert rows.count == 1 + 2 + 1


def test_null_and_text_that_looks_like_it_are_two_keys() -> None:
    assert find_duplicate([(None,), ("-",), ("",), ("=",), ("a", "b"), ("a\x01b",)]) is None
    assert find_duplicate([("a", None), ("b",), ("a", None)]) == key_digest(("a", None))


def test_many_keys_are_compared_bucket_by_bucket() -> None:
    keys = [(f"{number}",) for number in range(50_000)]
    assert find_duplicate(keys) is None
    assert find_duplicate([*keys, ("49999",)]) == key_digest(("49999",))
