"""What a catalog entry must hold to by itself: codes, share classes, names (bundle.md; KF-10, ND-15, A11)."""

from collections.abc import Sequence

from portal.catalog.codes import is_identifier, is_resource_code, is_social_credit_code
from portal.catalog.entries import CatalogEntry, EntryKind, InformationItem, Link
from portal.catalog.members import Members, shorten
from portal.conditions.tree import ValueType
from portal.errors import Text
from portal.vocabulary import ShareClass

ITEMS_LIMIT = 1000
"""Most items of an entry: no table of a database takes many more columns."""

_KIND_DIGITS = {"1": EntryKind.BASIC, "2": EntryKind.THEME, "3": EntryKind.DEPARTMENT}


def check_entry(members: Members, entry: CatalogEntry) -> None:
    """Note the faults of the entry as a whole: its codes, its classes, its key."""
    _check_code(members, entry)
    _check_provider(members, entry)
    _check_classes(members, entry)
    _check_key(members, entry)
    if len(entry.items) > ITEMS_LIMIT:
        count = len(entry.items)
        members.refuse(
            "items",
            Text(en=f"{count} items, {ITEMS_LIMIT} are allowed", zh=f"有 {count} 个信息项，最多 {ITEMS_LIMIT} 个"),
            Text(en="split the entry", zh="请拆分该条目"),
        )


def _check_code(members: Members, entry: CatalogEntry) -> None:
    if not entry.code:
        return
    if not is_resource_code(entry.code):
        members.refuse(
            "code",
            Text(en=f"`{shorten(entry.code)}` is no resource code", zh=f"`{shorten(entry.code)}` 不是信息资源代码"),
            Text(
                en="write 6 digits, any letters and digits, `/`, serial, such as `303001001/00001`",
                zh="请填写 6 位数字、细目、`/` 和顺序码，如 `303001001/00001`",
            ),
        )
    # Where the kind is wrong itself, it is that fault alone.
    elif members.document.get("kind") == entry.kind and _KIND_DIGITS.get(entry.code[0]) is not entry.kind:
        members.refuse(
            "code",
            Text(
                en=f"`{shorten(entry.code)}` is no code of kind {entry.kind}",
                zh=f"`{shorten(entry.code)}` 不是 {entry.kind} 类的代码",
            ),
            Text(
                en="begin it with 1 for basic, 2 for theme, 3 for department",
                zh="basic 类以 1 开头，theme 类以 2 开头，department 类以 3 开头",
            ),
        )


def _check_provider(members: Members, entry: CatalogEntry) -> None:
    if entry.provider and not is_social_credit_code(entry.provider):
        members.refuse(
            "provider",
            Text(
                en=f"`{shorten(entry.provider)}` is no unified social credit code",
                zh=f"`{shorten(entry.provider)}` 不是统一社会信用代码",
            ),
            Text(en="check its characters and its check digit", zh="请核对字符和校验码"),
        )


def _check_classes(members: Members, entry: CatalogEntry) -> None:
    if members.flag("classified"):
        members.refuse(
            "classified",
            Text(en="the entry is declared classified", zh="该条目标为涉密"),
            Text(en="take it out: state secrets don't belong on the platform", zh="请移出：国家秘密不得上平台"),
        )
    _check_reason(members, entry.share_class, entry.share_condition, entry.legal_basis)


def _check_key(members: Members, entry: CatalogEntry) -> None:
    for name in dict.fromkeys(entry.key):
        item = entry.item(name)
        if item is None:
            _refuse_unknown_item(members, "key", name, entry)
        elif item.type is ValueType.JSON:
            members.refuse(
                "key",
                Text(
                    en=f"`{shorten(name)}` is JSON, which can't be compared", zh=f"`{shorten(name)}` 是 JSON，无法比较"
                ),
                Text(en="name another item", zh="请改用其他信息项"),
            )


def check_item(part: Members, item: InformationItem, entry: CatalogEntry) -> None:
    """Note an item whose class has no reason; without words of its own the entry's hold."""
    # An item of the entry's class without a reason is the entry's fault, noted there.
    if item.share_class is not entry.share_class:
        condition = item.share_condition or entry.share_condition
        _check_reason(part, item.share_class, condition, item.legal_basis or entry.legal_basis)


def _check_reason(members: Members, share_class: ShareClass, condition: str | None, basis: str | None) -> None:
    if share_class is ShareClass.CONDITIONAL and not condition:
        _refuse_without(
            members, "share_condition", Text(en="write on what condition it is shared", zh="请填写共享条件")
        )
    if share_class is ShareClass.NOT_SHARED and not basis:
        _refuse_without(members, "legal_basis", Text(en="cite the law that forbids it", zh="请填写不予共享的法律依据"))


def _refuse_without(members: Members, key: str, mend: Text) -> None:
    if members.place(key) in [fault.column for fault in members.faults]:
        return
    share_class = members.document.get("share_class")
    members.refuse(
        key,
        Text(en=f"share class {share_class} without `{key}`", zh=f"共享类型 {share_class} 缺少 `{key}`"),
        mend,
    )


def check_link(part: Members, link: Link, entry: CatalogEntry) -> None:
    """Note a link whose items don't pair, or aren't the entry's."""
    if link.items and link.target_items and len(link.items) != len(link.target_items):
        part.refuse(
            "target_items",
            Text(
                en=f"{len(link.target_items)} target items for {len(link.items)} items",
                zh=f"目标信息项 {len(link.target_items)} 个，信息项 {len(link.items)} 个，数目不等",
            ),
            Text(en="name one target item for each item", zh="每个信息项请对应一个目标信息项"),
        )
    for name in dict.fromkeys(link.items):
        if entry.item(name) is None:
            _refuse_unknown_item(part, "items", name, entry)


def _refuse_unknown_item(members: Members, key: str, name: str, entry: CatalogEntry) -> None:
    known = [item.identifier for item in entry.items]
    if not known:
        return  # that there are no items is one fault, not one for each that is named
    members.refuse(
        key,
        Text(en=f"unknown item `{shorten(name)}`", zh=f"未知信息项 `{shorten(name)}`"),
        Text(en=f"the entry's items are {', '.join(known)}", zh=f"该条目的信息项为 {'、'.join(known)}"),
    )


def check_names(members: Members, parts: Sequence[Members]) -> None:
    """Note identifiers that can't be names in GraphQL, and those that two items or links (`parts`) share."""
    _check_identifier(members)
    taken: set[str] = set()
    for part in parts:
        name = _check_identifier(part)
        if name in taken:
            part.refuse(
                "identifier",
                Text(en=f"`{name}` is taken by an item or link before it", zh=f"`{name}` 已被前面的信息项或关联使用"),
                Text(en="choose another: items and links share one space", zh="请另取标识符：信息项与关联不得同名"),
            )
        elif name is not None:
            taken.add(name)


def _check_identifier(part: Members) -> str | None:
    """Return the identifier; None, and a fault noted, where it can't be a name."""
    name = part.document.get("identifier")
    if not isinstance(name, str) or not name:
        return None
    if is_identifier(name):
        return name
    part.refuse(
        "identifier",
        Text(en=f"`{shorten(name)}` can't be an identifier", zh=f"`{shorten(name)}` 不能用作标识符"),
        Text(
            en="write a small letter, then small letters, digits and single `_`, 63 at most; not `and`, `or`, `not`; "
            "not ending in `_connection`, `_edge`, `_where`, `_order`",
            zh="请以小写字母开头，后接小写字母、数字和单个 `_`，不超过 63 个字符；不得为 `and`、`or`、`not`；"
            "不得以 `_connection`、`_edge`、`_where`、`_order` 结尾",
        ),
    )
    return None
