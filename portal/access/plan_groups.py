"""What rows are grouped by: the argument `by` of `groups`."""

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.tree import ValueType
from portal.errors import BadInput, Text
from portal.vocabulary import ItemIdentifier

GROUPING_LIMIT = 8
"""So many items rows may be grouped by at once."""
GROUPS = "groups"
GROUPED_BY = "by"

# GraphQL has no enum values of these names.
_NOT_NAMED = frozenset({"true", "false", "null"})


def is_groupable(item: InformationItem) -> bool:
    """Return whether rows can be grouped by the item: equal JSON values have no one form."""
    return item.type is not ValueType.JSON and item.identifier not in _NOT_NAMED


def read_grouping(entry: CatalogEntry, given: object) -> tuple[ItemIdentifier, ...]:
    """Return the items to group by, in their order. Raises: BadInput for none, too many, or one named twice."""
    named = [str(name) for name in given] if isinstance(given, list | tuple) else [str(given)]
    if not 1 <= len(named) <= GROUPING_LIMIT:
        raise _refuse(
            f"`groups.by` names {len(named)} items; name 1 to {GROUPING_LIMIT}",
            f"`groups.by` 写了 {len(named)} 个信息项，应为 1 至 {GROUPING_LIMIT} 个",
        )
    return tuple(_grouped(entry, named, index) for index in range(len(named)))


def _grouped(entry: CatalogEntry, named: list[str], index: int) -> ItemIdentifier:
    name, item = named[index], entry.item(ItemIdentifier(named[index]))
    if item is None or not is_groupable(item):
        raise _refuse(
            f"`groups.by[{index}]`: rows of `{entry.identifier}` can't be grouped by `{name}`; name another item",
            f"`groups.by[{index}]`：`{entry.identifier}` 不能按 `{name}` 分组；请改用其他信息项",
        )
    if name in named[:index]:
        raise _refuse(
            f"`groups.by[{index}]`: `{name}` is named twice; name each item once",
            f"`groups.by[{index}]`：`{name}` 重复；每个信息项只写一次",
        )
    return item.identifier


def _refuse(en: str, zh: str) -> BadInput:
    return BadInput(Text(en=en, zh=zh))
