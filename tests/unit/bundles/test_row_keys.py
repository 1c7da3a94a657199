from dataclasses import replace

from portal.bundles.bundle import RowBatch
from portal.bundles.row_keys import KeyClash, RowKeys
from portal.conditions.tree import ValueType
from portal.storage.data_store import StoredValue
from portal.vocabulary import ItemIdentifier
from tests.unit.bundles.test_typed_columns import item


def batch(*columns: list[StoredValue]) -> RowBatch:
    return RowBatch(columns, ([],) * len(columns))


ITEMS = [replace(item(ValueType.STRING), identifier=ItemIdentifier(name)) for name in ("a", "b")]
FIRST, SECOND = (item.identifier for item in ITEMS)


def test_keys_are_held_to_those_of_all_batches() -> None:
    keys = RowKeys(ITEMS, [FIRST])
    assert list(keys.add(batch(["a", "b"], [1, 1]), [2, 3])) == []
    assert list(keys.add(batch(["c", "b"], [1, 1]), [4, 5])) == [KeyClash(5, 3)]
    assert list(keys.add(batch(["d", "d"], [1, 1]), [6, 7])) == [KeyClash(7, 6)]
    assert dict(keys.line_by_key) == {"a": 2, "b": 3, "c": 4, "d": 6}


def test_keys_of_several_items_differ_in_any_of_them() -> None:
    keys = RowKeys(ITEMS, [FIRST, SECOND])
    found = list(keys.add(batch(["a", "a", "a", None, None], [1, 2, 1, 1, None]), [2, 3, 4, 5, 6]))
    assert found == [KeyClash(4, 2), KeyClash(5, None, (FIRST,)), KeyClash(6, None, (FIRST, SECOND))]


def test_no_key_is_looked_at_where_the_header_lacks_it() -> None:
    assert list(RowKeys(ITEMS, []).add(batch([None, None], [1, 1]), [2, 3])) == []
