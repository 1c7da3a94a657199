"""Pages of a list: each of its parts is on one of them."""

import pytest

from portal.open_data.paging import page_of


@pytest.mark.parametrize("length", range(8))
def test_every_part_is_on_one_page(length: int) -> None:
    first = page_of(range(length), 1, 3)
    assert first is not None
    pages = [page_of(range(length), number, 3) for number in range(1, first.pages + 1)]
    assert [one for page in pages if page is not None for one in page.listed] == list(range(length))
    assert {page.total for page in pages if page is not None} == {length}
    assert page_of(range(length), first.pages + 1, 3) is page_of(range(length), 0, 3) is None


def test_empty_list_has_one_empty_page() -> None:
    page = page_of(range(0), 1, 3)
    assert page is not None
    assert (page.pages, len(page.listed)) == (1, 0)
