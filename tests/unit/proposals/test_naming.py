import pytest

from portal.catalog.codes import is_identifier, is_resource_code
from portal.proposals.naming import propose_code, propose_identifier, propose_items


@pytest.mark.parametrize(
    ("stem", "taken", "proposed"),
    [
        ("villages", (), "villages"),
        ("villages", ("villages",), "villages_2"),
        ("villages", ("villages", "villages_2"), "villages_3"),
        ("Village List (2026)", (), "village_list_2026"),
        ("2026 villages", (), "entry_1"),
        ("村庄名录", (), "entry_1"),
        ("村庄 list", (), "entry_1"),
        ("村庄名录", ("entry_1",), "entry_2"),
        ("or", (), "entry_1"),
        ("rows_where", (), "entry_1"),
        ("a__b", (), "a_b"),
        ("x" * 90, (), "x" * 50),
        ("", (), "entry_1"),
    ],
)
def test_identifier_is_legal_and_free(stem: str, taken: tuple[str, ...], proposed: str) -> None:
    assert propose_identifier(stem, taken, "entry") == proposed
    assert is_identifier(proposed)


@pytest.mark.parametrize(
    ("header", "proposed"),
    [
        (("code", "名称"), ("code", "item_2")),
        (("名称", "item_1"), ("item_2", "item_1")),
        (("Birth Date", "birth_date"), ("item_1", "birth_date")),
        (("Code", "CODE"), ("code", "item_2")),
        (("and", "1st", "a-b"), ("item_1", "item_2", "a_b")),
    ],
)
def test_items_keep_names_that_are_identifiers(header: tuple[str, ...], proposed: tuple[str, ...]) -> None:
    assert propose_items(header) == proposed
    assert all(map(is_identifier, proposed))


@pytest.mark.parametrize(
    ("taken", "of_provider", "proposed"),
    [
        ((), (), "300001001/00001"),
        (("300001001/00001",), (), "300001001/00002"),
        (("303001001/00001", "303001001/00009"), ("303001001/00001",), "303001001/00010"),
        (("303001001/01", "303001001/x"), ("303001001/01",), "303001001/02"),
        (("103001001/00001",), ("103001001/00001",), "300001001/00001"),
        (("303001001/9",), ("303001001/9",), "303001001/10"),
    ],
)
def test_code_is_of_the_providers_class_and_free(
    taken: tuple[str, ...], of_provider: tuple[str, ...], proposed: str
) -> None:
    assert propose_code(taken, of_provider) == proposed
    assert is_resource_code(proposed)
    assert proposed not in taken
