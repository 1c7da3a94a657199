"""Reading a condition: JSON of a record, or the input of a client's `where`, into the typed tree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Network, ip_network

from portal.conditions.tree import (
    UNKNOWN,
    And,
    Comparison,
    Condition,
    InNetwork,
    ListContains,
    Membership,
    Not,
    NullTest,
    Operator,
    Or,
    SubjectAttribute,
    Value,
    ValueType,
)
from portal.conditions.values import parse_value
from portal.errors import BadInput, Text

SUBJECT_ATTRIBUTES = ("department", "application", "user", "region")
"""String attributes of a subject, for `{"subject": A}`."""

ATTRIBUTE_TYPES: Mapping[str, ValueType] = {
    "department": ValueType.STRING,
    "groups": ValueType.TEXT_LIST,
    "application": ValueType.STRING,
    "user": ValueType.STRING,
    "roles": ValueType.TEXT_LIST,
    "region": ValueType.STRING,
    "auth_level": ValueType.INTEGER,
    "now": ValueType.DATETIME,
    "network_zone": ValueType.STRING,
    "client_address": ValueType.ADDRESS,
    "case": ValueType.STRING,
    "operator": ValueType.STRING,
}
"""Attributes of subject and environment that a record's `condition` may test."""

DEPTH_LIMIT = 40
"""Deeper conditions are refused: no person writes one, and SQL as deep would pass SQLite's own bound."""

_ORDERED = frozenset({Operator.EQ, Operator.NE, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})
_TEXTUAL = frozenset({Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS})
_COMPARISONS: Mapping[ValueType, frozenset[Operator]] = {
    ValueType.STRING: _ORDERED | _TEXTUAL,
    ValueType.INTEGER: _ORDERED,
    ValueType.DECIMAL: _ORDERED,
    ValueType.DATE: _ORDERED,
    ValueType.DATETIME: _ORDERED,
    ValueType.BOOLEAN: frozenset({Operator.EQ, Operator.NE}),
    ValueType.JSON: frozenset(),
    ValueType.TEXT_LIST: frozenset(),
    ValueType.ADDRESS: frozenset(),
}
_LISTED = frozenset({ValueType.STRING, ValueType.INTEGER, ValueType.DECIMAL, ValueType.DATE, ValueType.DATETIME})


class Form(Enum):
    """Where a condition stands: a client's filter, a record's scope, a record's condition."""

    FILTER = auto()
    SCOPE = auto()
    CONDITION = auto()


@dataclass(frozen=True, slots=True)
class ConditionFault:
    """What is wrong in a condition, at a path such as `or[1].name.eq`."""

    path: str
    text: Text


@dataclass(frozen=True, slots=True)
class _Reading:
    names: Mapping[str, ValueType]
    form: Form
    faults: list[ConditionFault] = field(default_factory=list)

    def refuse(self, path: str, en: str, zh: str) -> Condition:
        self.faults.append(ConditionFault(path, Text(en=en, zh=zh)))
        return UNKNOWN


def operators_of(value_type: ValueType) -> tuple[str, ...]:
    """Return the operators known for a type, in the order of enforcement.md."""
    known = [str(operator) for operator in Operator if operator in _COMPARISONS[value_type]]
    listed = ["in", "notIn"] if value_type in _LISTED else []
    special = {ValueType.TEXT_LIST: ["contains"], ValueType.ADDRESS: ["inNetwork"]}.get(value_type, [])
    return (*known[:2], *listed, *known[2:], *special, "isNull")


def read_condition(json: object, names: Mapping[str, ValueType], form: Form) -> tuple[Condition, list[ConditionFault]]:
    """Return the condition that `json` writes, with every fault found in it.

    `names` are the items (or attributes) that may be tested, with their types; fractions come as `Decimal`. Where
    there are faults the condition is not to be used.
    """
    reading = _Reading(names, form)
    return _read(reading, json, "", 0), reading.faults


def _read(reading: _Reading, json: object, path: str, depth: int) -> Condition:
    if depth > DEPTH_LIMIT:
        return reading.refuse(
            path, f"nested more than {DEPTH_LIMIT} deep; flatten it", f"嵌套超过 {DEPTH_LIMIT} 层，请展平"
        )
    if not isinstance(json, Mapping):
        return reading.refuse(
            path, "a condition is an object of items with operators", "条件应为对象，成员为信息项及其运算符"
        )
    return _one_or_all([_member(reading, str(key), json[key], path, depth) for key in json])


def _one_or_all(conditions: list[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _member(reading: _Reading, key: str, json: object, path: str, depth: int) -> Condition:
    place = _join(path, key)
    match key:
        case "and" | "or":
            return _junction(reading, key, json, place, depth)
        case "not":
            return Not(_read(reading, json, place, depth + 1))
        case _:
            return _item(reading, key, json, place)


def _junction(reading: _Reading, key: str, json: object, place: str, depth: int) -> Condition:
    if not isinstance(json, list | tuple):
        return reading.refuse(place, f"`{key}` takes a list of conditions", f"`{key}` 的值应为条件列表")
    members = tuple(_read(reading, member, f"{place}[{index}]", depth + 1) for index, member in enumerate(json))
    return And(members) if key == "and" else Or(members)


def _item(reading: _Reading, name: str, json: object, place: str) -> Condition:
    value_type = reading.names.get(name)
    if value_type is None:
        if reading.form is Form.CONDITION:
            known = "、".join(reading.names)
            return reading.refuse(
                place,
                f"unknown attribute `{name}`; known are {known.replace('、', ', ')}",
                f"未知属性 `{name}`，可用：{known}",
            )
        return reading.refuse(place, f"unknown item `{name}`", f"未知信息项 `{name}`")
    if not isinstance(json, Mapping) or not json:
        known = ", ".join(operators_of(value_type))
        return reading.refuse(
            place, f"`{name}` needs an operator: one of {known}", f"`{name}` 缺少运算符，可用：{known}"
        )
    return _one_or_all([_test(reading, name, str(key), json[key], place) for key in json])


def _test(reading: _Reading, name: str, key: str, json: object, place: str) -> Condition:
    value_type, here = reading.names[name], _join(place, key)
    if key not in operators_of(value_type):
        known = ", ".join(operators_of(value_type))
        return reading.refuse(
            here,
            f"`{key}` isn't known for {value_type}; use one of {known}",
            f"{value_type} 类型不支持 `{key}`，可用：{known}",
        )
    if key == "isNull":
        return _null_test(reading, name, json, here)
    if key in ("in", "notIn"):
        return _membership(reading, name, key, json, here)
    if isinstance(json, Mapping):
        return _subject_test(reading, name, Operator(key), json, here)
    return _comparison(reading, name, key, json, here)


def _null_test(reading: _Reading, name: str, json: object, here: str) -> Condition:
    if not isinstance(json, bool):
        return reading.refuse(here, "`isNull` takes `true` or `false`", "`isNull` 的值应为 `true` 或 `false`")
    return NullTest(name, json)


def _operand(reading: _Reading, name: str, json: object, here: str) -> Value | None:
    try:
        return parse_value(json, reading.names[name])
    except BadInput as refused:
        reading.faults.append(ConditionFault(here, refused.text))
        return None


def _membership(reading: _Reading, name: str, key: str, json: object, here: str) -> Condition:
    if not isinstance(json, list | tuple):
        return reading.refuse(here, f"`{key}` takes a list", f"`{key}` 的值应为列表")
    values = [_operand(reading, name, member, f"{here}[{index}]") for index, member in enumerate(json)]
    return Membership(name, tuple(value for value in values if value is not None), key == "notIn")


def _subject_test(reading: _Reading, name: str, operator: Operator, json: object, here: str) -> Condition:
    if reading.form is not Form.SCOPE:
        return reading.refuse(here, "an operand here is a constant", "此处的操作数应为常量")
    attribute = json.get("subject") if isinstance(json, Mapping) and len(json) == 1 else None
    if attribute not in SUBJECT_ATTRIBUTES:
        known = ", ".join(SUBJECT_ATTRIBUTES)
        return reading.refuse(
            here,
            f'an operand is a constant or {{"subject": A}} with A one of {known}',
            f'操作数应为常量，或 {{"subject": A}}，A 为 {known} 之一',
        )
    if reading.names[name] is not ValueType.STRING:
        return reading.refuse(
            here,
            f"`{name}` isn't a string, so it can't be compared with an attribute of the subject",
            f"`{name}` 不是字符串，不能与主体属性比较",
        )
    return Comparison(name, operator, SubjectAttribute(str(attribute)))


def _read_network(reading: _Reading, name: str, json: object, here: str) -> Condition:
    try:
        network: IPv4Network | IPv6Network = ip_network(json if isinstance(json, str) else "")
    except ValueError:
        return reading.refuse(
            here,
            "`inNetwork` takes a network such as `10.0.0.0/8`, with no bits set beyond the prefix",
            "`inNetwork` 的值应为网段，如 `10.0.0.0/8`，前缀之外的位须为零",
        )
    return InNetwork(name, network)


def _list_contains(reading: _Reading, name: str, json: object, here: str) -> Condition:
    value = _operand(reading, name, json, here)
    return ListContains(name, value) if isinstance(value, str) else UNKNOWN


def _plain_comparison(reading: _Reading, name: str, key: str, json: object, here: str) -> Condition:
    value = _operand(reading, name, json, here)
    return UNKNOWN if value is None else Comparison(name, Operator(key), value)


_Reader = Callable[[_Reading, str, object, str], Condition]
_SPECIAL: Mapping[ValueType, _Reader] = {ValueType.ADDRESS: _read_network, ValueType.TEXT_LIST: _list_contains}


def _comparison(reading: _Reading, name: str, key: str, json: object, here: str) -> Condition:
    special = _SPECIAL.get(reading.names[name])
    return special(reading, name, json, here) if special else _plain_comparison(reading, name, key, json, here)
