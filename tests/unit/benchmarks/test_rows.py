"""The rows that contenders read, and the answer that they must give."""

from benchmarks.over_http.rows import COLUMNS, REGION, expected_nodes, make_rows, show_partly


def test_rows_are_the_same_each_time_and_of_two_regions() -> None:
    assert list(make_rows(50)) == list(make_rows(50))
    divisions = [str(row[COLUMNS.index("division")]) for row in make_rows(50)]
    assert len([each for each in divisions if each.startswith(REGION)]) == 25


def test_expected_nodes_are_the_first_of_the_region() -> None:
    nodes = expected_nodes(3, 50)
    assert [node["code"] for node in nodes] == ["P000000000", "P000000002", "P000000004"]
    assert [list(node) for node in nodes] == [list(COLUMNS)] * 3
    assert len(expected_nodes(100, 50)) == 25


def test_identity_numbers_are_shown_partly() -> None:
    assert show_partly("123456789012345678") == "123456********5678"
    assert all(str(node["identity"])[6:14] == "*" * 8 for node in expected_nodes(5))
