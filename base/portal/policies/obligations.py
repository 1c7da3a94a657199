"""Reading obligations: masks and limits of a record, checked against the items' types (enforcement.md §4)."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.tree import ValueType
from portal.conditions.values import INTEGER_MAX, parse_value
from portal.errors import BadInput, Text
from portal.policies.records import FullMask, GeneraliseMask, HashMask, Mask, Obligations, PartialMask, Period
from portal.vocabulary import ItemIdentifier

ObligationFault = tuple[str, Text, Text]
"""Path, what, how to mend."""

_DATES = (ValueType.DATE, ValueType.DATETIME)
_NUMBERS = (ValueType.INTEGER, ValueType.DECIMAL)
_LIMITS = ("max_rows", "daily_rows")


def read_obligations(raw: object, entry: CatalogEntry) -> tuple[Obligations, list[ObligationFault]]:
    """Return the obligations with every fault; an unknown obligation is a fault, never skipped."""
    faults: list[ObligationFault] = []
    if raw is None:
        return Obligations(), faults
    if not isinstance(raw, Mapping):
        return Obligations(), [_fault("obligations", "is no object", "不是对象", "write an object", "请写成对象")]
    faults.extend(_unknown_obligation(key) for key in raw if key not in ("mask", *_LIMITS))
    masks = _read_masks(raw.get("mask"), entry, faults)
    max_rows, daily_rows = (_read_limit(raw.get(key), key, faults) for key in _LIMITS)
    return Obligations(masks, max_rows, daily_rows), faults


def _fault(path: str, en: str, zh: str, mend_en: str, mend_zh: str) -> ObligationFault:
    return path, Text(en=en, zh=zh), Text(en=mend_en, zh=mend_zh)


def _unknown_obligation(key: object) -> ObligationFault:
    return _fault(
        f"obligations.{key}",
        f"unknown obligation `{key}`",
        f"未知义务 `{key}`",
        "use mask, max_rows or daily_rows",
        "可用：mask、max_rows、daily_rows",
    )


def _read_limit(raw: object, key: str, faults: list[ObligationFault]) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= INTEGER_MAX:
        faults.append(
            _fault(
                f"obligations.{key}",
                f"`{raw}` is no number of rows",
                f"`{raw}` 不是行数",
                "write an integer of at least 1",
                "请填写不小于 1 的整数",
            )
        )
        return None
    return raw


def _read_masks(
    raw: object, entry: CatalogEntry, faults: list[ObligationFault]
) -> tuple[tuple[ItemIdentifier, Mask], ...]:
    if raw is None:
        return ()
    if not isinstance(raw, Mapping):
        faults.append(_fault("obligations.mask", "is no object", "不是对象", "write masks by item", "请按信息项写脱敏"))
        return ()
    masks = []
    for name, form in raw.items():
        item = entry.item(str(name))
        mask = None if item is None else _read_mask(form, item)
        if item is None or mask is None:
            faults.append(_mask_fault(str(name), item))
        else:
            masks.append((item.identifier, mask))
    return tuple(sorted(masks, key=lambda pair: pair[0]))


def _mask_fault(name: str, item: InformationItem | None) -> ObligationFault:
    path = f"obligations.mask.{name}"
    if item is None:
        return _fault(path, f"unknown item `{name}`", f"未知信息项 `{name}`", "name an item", "请填写该条目的信息项")
    fitting = {
        ValueType.STRING: '{"partial": {"head": H, "tail": T}}, {"hash": {}}, {"full": {}}',
        ValueType.DATE: '{"generalise": {"to": "month"}} (or "year"), {"full": {}}',
        ValueType.DATETIME: '{"generalise": {"to": "month"}} (or "year"), {"full": {}}',
        ValueType.INTEGER: '{"generalise": {"to": N}} with an integer N of at least 1, {"full": {}}',
        ValueType.DECIMAL: '{"generalise": {"to": N}} with N above 0 within the scale, {"full": {}}',
    }.get(item.type, '{"full": {}}')
    return _fault(
        path,
        f"the mask doesn't fit `{name}`, of type {item.type}",
        f"脱敏方式不适用于 {item.type} 类型的 `{name}`",
        f"use one of {fitting}",
        f"可用：{fitting}",
    )


def _read_mask(form: object, item: InformationItem) -> Mask | None:
    """Return the mask, None if it isn't one or doesn't fit the item's type."""
    if not isinstance(form, Mapping) or len(form) != 1:
        return None
    ((kind, options),) = form.items()
    if not isinstance(options, Mapping):
        return None
    match kind:
        case "partial" if item.type is ValueType.STRING and set(options) == {"head", "tail"}:
            return _partial(options["head"], options["tail"])
        case "hash" if item.type is ValueType.STRING and not options:
            return HashMask()
        case "full" if not options:
            return FullMask()
        case "generalise" if set(options) == {"to"}:
            return _generalise(options["to"], item)
        case _:
            return None


def _partial(head: object, tail: object) -> Mask | None:
    if not isinstance(head, int) or not isinstance(tail, int) or isinstance(head, bool) or isinstance(tail, bool):
        return None
    return PartialMask(head, tail) if head >= 0 and tail >= 0 else None


def _generalise(to: object, item: InformationItem) -> Mask | None:
    if item.type in _DATES and to in ("year", "month"):
        return GeneraliseMask(Period(str(to)))
    if item.type not in _NUMBERS or not isinstance(to, int | Decimal):
        return None
    try:
        # Bounds the digits first: `1e999999999` would be worked out otherwise.
        step = Decimal(str(parse_value(to, ValueType.DECIMAL)))
    except BadInput:
        return None
    scaled = Fraction(step) * 10 ** (item.scale or 0)
    return GeneraliseMask(step) if scaled.denominator == 1 and 0 < scaled <= INTEGER_MAX else None
