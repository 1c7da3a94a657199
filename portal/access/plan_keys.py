"""Rows asked for by key: the arguments of `IDENTIFIER_by_key` and `IDENTIFIER_by_keys`."""

from collections.abc import Mapping, Sequence

from portal.catalog.entries import CatalogEntry
from portal.conditions.tree import And, Comparison, Condition, Membership, Operator, Or, Value
from portal.conditions.values import parse_value
from portal.errors import BadInput, Text
from portal.vocabulary import ItemIdentifier

KEYS_LIMIT = 1000
KEYS = "keys"

Key = tuple[Value, ...]
"""The values of an entry's key items, in the order of `CatalogEntry.key`."""


def read_keys(entry: CatalogEntry, arguments: Mapping[str, object], *, several: bool) -> tuple[Key, ...]:
    """Return the keys asked for, in their order, as often as they are named. Raises: BadInput."""
    if not several:
        return (_read_key(entry, arguments, ""),)
    given = arguments.get(KEYS)
    keys = given if isinstance(given, list | tuple) else [given]
    if len(keys) > KEYS_LIMIT:
        raise BadInput(
            Text(
                en=f"`keys` has {len(keys)} keys; send up to {KEYS_LIMIT} at once",
                zh=f"`keys` 有 {len(keys)} 个主键，每次最多 {KEYS_LIMIT} 个",
            )
        )
    return tuple(_read_key(entry, key, f"keys[{index}].") for index, key in enumerate(keys))


def _read_key(entry: CatalogEntry, given: object, place: str) -> Key:
    members = given if isinstance(given, Mapping) else {}
    return tuple(_read_value(entry, name, members.get(name), place) for name in entry.key)


def _read_value(entry: CatalogEntry, name: ItemIdentifier, raw: object, place: str) -> Value:
    item = entry.item(name)
    if item is None:
        raise LookupError(name)
    try:
        return parse_value(raw, item.type)
    except BadInput as refused:
        text = refused.text
        raise BadInput(Text(en=f"`{place}{name}`: {text.en}", zh=f"`{place}{name}`：{text.zh}")) from refused


def keys_condition(names: Sequence[ItemIdentifier], keys: Sequence[Key]) -> Condition:
    """Return the condition on the rows of these keys."""
    distinct = tuple(dict.fromkeys(keys))
    if len(names) == 1:
        return Membership(names[0], tuple(value for (value,) in distinct))
    return Or(tuple(_equals(names, key) for key in distinct))


def _equals(names: Sequence[ItemIdentifier], key: Key) -> Condition:
    return And(tuple(Comparison(name, Operator.EQ, value) for name, value in zip(names, key, strict=True)))
