"""CSV: what a spreadsheet would take for a formula is none, and everything can be had again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.exchange.csv_text import CsvWriter, defuse, undo
from tests.fixtures.exchanging import hostile_cells, table_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(hostile_cells())


@pytest.mark.clause("threats.md T45")
def test_hostile_texts_begin_with_a_mark() -> None:
    texts = hostile_cells()
    assert len(texts) > 500
    assert all(defuse(text) == f"'{text}" for text in texts)


@pytest.mark.clause("threats.md T45")
@pytest.mark.parametrize("text", ["-3", "-3.50", "1984-01-01", "2026-01-31T08:00:00Z", "plain", "a=1", "a-b", "1+1"])
def test_numbers_dates_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert CsvWriter(["x"], mark=False, raw=False).rows([(text,)]) == f"{text}\r\n".encode()


@given(TEXTS)
def test_every_text_can_be_had_again(text: str) -> None:
    assert undo(defuse(text)) == text


@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS, st.none() | st.integers() | st.booleans()), max_size=5))
def test_records_read_back_as_they_were_written(rows: list[tuple[str, str | None, int | bool | None]]) -> None:
    writer = CsvWriter(["a", "b", "c"], mark=True, raw=True)
    content = writer.begin() + writer.rows(rows) + writer.end({})
    shown = [[a, b or "", "" if c is None else str(c).lower() if isinstance(c, bool) else str(c)] for a, b, c in rows]
    assert table_of(content) == [["a", "b", "c"], *shown]


def test_missing_value_and_empty_text_differ() -> None:
    assert CsvWriter(["a", "b"], mark=False, raw=False).rows([(None, "")]) == b',""\r\n'


def test_json_is_text() -> None:
    assert CsvWriter(["a"], mark=False, raw=False).rows([({"a": 1},)]) == b'"{""a"":1}"\r\n'


@given(st.lists(st.none() | TEXTS | st.text("ab1", max_size=3), max_size=6), st.booleans())
def test_column_is_written_as_its_cells_are_one_by_one(cells: list[str | None], raw: bool) -> None:
    writer = CsvWriter(["a"], mark=False, raw=raw)
    assert writer.rows([(cell,) for cell in cells]) == b"".join(writer.rows([(cell,)]) for cell in cells)


@pytest.mark.clause("threats.md T45")
@pytest.mark.parametrize(
    "text", ["=1", '"', "a,b", "a;b", " a", "a ", "a\r\nb", "'=1", "\u200b=1", "\uff1d1", "", "\x00"]
)
def test_one_text_that_needs_care_gets_it_among_many_that_need_none(text: str) -> None:
    writer = CsvWriter(["a"], mark=False, raw=False)
    plain = [("plain",)] * 5
    alone = writer.rows([(text,)])
    assert alone != f"{text}\r\n".encode()
    assert writer.rows([*plain, (text,), *plain]) == b"plain\r\n" * 5 + alone + b"plain\r\n" * 5
