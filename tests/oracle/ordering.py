"""The order of rows: as asked, nulls last in both directions, ties by row number."""

from functools import cmp_to_key

from tests.oracle.world import Row

Order = tuple[tuple[str, bool], ...]


def ordered(rows: list[Row], order: Order) -> list[Row]:
    """Rows in the order asked, ties and nothing asked by row number."""

    def compare(one: Row, other: Row) -> int:
        return compare_rows(one, other, order)

    return sorted(rows, key=cmp_to_key(compare))


def compare_rows(one: Row, other: Row, order: Order) -> int:
    """Negative where `one` comes first: nulls last in both directions, then by row number."""
    for name, descending in order:
        left, right = one.cells[name], other.cells[name]
        if left == right:
            continue
        if left is None or right is None:
            return 1 if left is None else -1
        below = left < right  # type: ignore[operator]
        return -1 if bool(below) is not descending else 1
    return one.number - other.number
