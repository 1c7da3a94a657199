"""What catalog entries must hold to among each other: codes and links."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from portal.catalog.entries import CatalogEntry, InformationItem, Link
from portal.catalog.members import shorten
from portal.conditions.tree import ValueType
from portal.errors import Fault, Text
from portal.vocabulary import EntryCode


@dataclass(frozen=True, slots=True)
class FiledEntry:
    """An entry and the file that it was read from."""

    file: str
    entry: CatalogEntry


def validate_catalog(entries: Sequence[FiledEntry], absent: Collection[str] = ()) -> list[Fault]:
    """Return the faults among the entries: a code that is taken, a link that can't be followed.

    `absent` are identifiers of entries that could not be read at all; a link to one is not a fault.
    """
    by_identifier = {filed.entry.identifier: filed.entry for filed in entries}
    faults = list(_doubled_codes(entries))
    for filed in entries:
        for index, link in enumerate(filed.entry.links):
            target = by_identifier.get(link.target)
            place = _Place(filed.file, f"links[{index}]")
            if target is not None:
                faults += _link_faults(place, link, filed.entry, target)
            elif link.target and link.target not in absent:
                faults.append(_unknown_target(place, link))
    return faults


def unknown_related(entries: Collection[CatalogEntry]) -> list[Text]:
    """Return a remark for each related code that no entry has: it may lie in another catalog."""
    known = {entry.code for entry in entries}
    return [
        Text(
            en=f"`{entry.code}` names the related entry `{code}`, which isn't in this catalog",
            zh=f"`{entry.code}` 的关联资源 `{code}` 不在本目录中",
        )
        for entry in entries
        for code in entry.related
        if code not in known
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    path: str

    def fault(self, key: str, what: Text, mend: Text) -> Fault:
        return Fault(self.file, None, f"{self.path}.{key}", what, mend)


def _doubled_codes(entries: Sequence[FiledEntry]) -> Iterator[Fault]:
    first: dict[EntryCode, str] = {}
    for filed in entries:
        code = filed.entry.code
        if code in first:
            what = Text(en=f"`{code}` is the code of {first[code]} too", zh=f"`{code}` 与 {first[code]} 的代码相同")
            yield Fault(filed.file, None, "code", what, Text(en="give it another serial", zh="请改用其他顺序码"))
        elif code:
            first[code] = filed.file


def _unknown_target(place: _Place, link: Link) -> Fault:
    return place.fault(
        "target",
        Text(en=f"unknown entry `{shorten(link.target)}`", zh=f"未知目录条目 `{shorten(link.target)}`"),
        Text(en="write the identifier of an entry in catalog/", zh="请填写 catalog/ 中某条目的标识符"),
    )


def _link_faults(place: _Place, link: Link, entry: CatalogEntry, target: CatalogEntry) -> Iterator[Fault]:
    for name in dict.fromkeys(link.target_items):
        if target.item(name) is None:
            yield place.fault(
                "target_items",
                Text(
                    en=f"unknown item `{shorten(name)}` of `{target.identifier}`",
                    zh=f"`{target.identifier}` 没有信息项 `{shorten(name)}`",
                ),
                Text(
                    en=f"its items are {', '.join(item.identifier for item in target.items)}",
                    zh=f"其信息项为 {'、'.join(item.identifier for item in target.items)}",
                ),
            )
    for name, target_name in zip(link.items, link.target_items, strict=False):
        item, target_item = entry.item(name), target.item(target_name)
        if item is not None and target_item is not None and not _are_comparable(item, target_item):
            yield _incomparable(place, item, target_item)
    if not link.many and _names_other_than_key(link, target):
        yield place.fault(
            "many",
            Text(en="a link to one doesn't use the target's key", zh="对一关联未使用目标条目的主键"),
            Text(
                en=f"write `true`, or the target items {', '.join(target.key)}",
                zh=f"请填写 `true`，或将目标信息项改为 {'、'.join(target.key)}",
            ),
        )


def _names_other_than_key(link: Link, target: CatalogEntry) -> bool:
    known = link.target_items and target.key and all(target.item(name) for name in link.target_items)
    return bool(known) and set(link.target_items) != set(target.key)


def _are_comparable(item: InformationItem, target: InformationItem) -> bool:
    # Decimals are stored scaled: of two scales, equal numbers would not be equal.
    return item.type is target.type and item.type is not ValueType.JSON and item.scale == target.scale


def _incomparable(place: _Place, item: InformationItem, target: InformationItem) -> Fault:
    return place.fault(
        "target_items",
        Text(
            en=f"`{item.identifier}` ({item.type}) can't be compared with `{target.identifier}` ({target.type})",
            zh=f"`{item.identifier}`（{item.type}）不能与 `{target.identifier}`（{target.type}）比较",
        ),
        Text(
            en="join items of one type, and decimals of one scale; not JSON",
            zh="请关联同一类型的信息项，小数须位数相同；JSON 不能关联",
        ),
    )
