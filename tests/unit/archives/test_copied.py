from hypothesis import given
from hypothesis import strategies as st

from portal.archives.copied import ColumnKind, CopiedTable, RunningSum, StoreName, batches, parse_rows, render_rows

TABLE = CopiedTable(
    StoreName.CONTENT,
    "synthetic",
    (("a", ColumnKind.TEXT), ("b", ColumnKind.INTEGER), ("c", ColumnKind.OCTETS)),
    ("a",),
)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(
    st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.binary()), min_size=1, max_size=20
)


@given(ROWS)
def test_rows_come_back_as_they_were(rows: list[tuple[str | None, int | None, bytes | None]]) -> None:
    assert [tuple(row) for row in parse_rows(render_rows(rows), TABLE)] == rows


@given(ROWS, st.integers(1, 20))
def test_sum_is_the_same_however_rows_are_divided(
    rows: list[tuple[str | None, int | None, bytes | None]], size: int
) -> None:
    whole, divided = RunningSum(), RunningSum()
    whole.add(len(rows), render_rows(rows))
    for at in range(0, len(rows), size):
        divided.add(len(rows[at : at + size]), render_rows(rows[at : at + size]))
    assert divided.result() == whole.result()


def test_sums_tell_rows_from_others() -> None:
    sums = set()
    for rows in ([("a", 1, b"")], [("a", 1, None)], [("a1", None, b"")], [("a", 1, b""), ("a", 1, b"")]):
        running = RunningSum()
        running.add(len(rows), render_rows(rows))
        sums.add(running.result().hash)
    assert len(sums) == 4


def test_batches_hold_all_rows_in_order() -> None:
    rows = [(number,) for number in range(2500)]
    found = list(batches(rows))
    assert [len(batch) for batch in found] == [1000, 1000, 500]
    assert [row for batch in found for row in batch] == rows
