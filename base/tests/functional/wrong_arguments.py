"""Arguments and variables of `residents` that can't be used, each wrong in one way."""

WHERE = "residents_where"
LITERALS: dict[str, tuple[str, ...]] = {
    "first: @": (
        *("0", "-1", "1001", "2147483647", "-2147483648", "2147483648", "1e3", "1.5"),
        *('"1"', "true", "[1]", "{}", "ONE", "99999999999999999999999999"),
    ),
    "after: @": ('""', '"x"', '"AAAA"', '"====="', "1", "[]", "true", '"合成"', f'"{"A" * 300}"', f'"{"A" * 20_000}"'),
    "matter: @": ("1", '"a\\u0000"', "[]"),
    "orderBy: @": (
        *("[null]", "[{}]", "{}", "[{code: ASC, name: ASC}]", "[{code: null}]", '["code"]'),
        *('[{code: "ASC"}]', "[{details: ASC}]", "[[{code: ASC}]]", "code", "1"),
    ),
    "where: @": ("{and: null}", "{or: [null]}", "{not: null}", "{not: [{}, {}]}", "[]", '"x"', "1"),
    "where: {name: @}": (
        *("null", "{}", "{eq: null}", "{eq: 1}", "{eq: [1]}", "{eq: {}}", "{in: null}", "{in: [null]}", "{in: {}}"),
        *("{isNull: null}", '{isNull: "x"}', '{eq: "a\\u0000b"}', '{contains: "\\u0000"}', '{in: ["x", "\\u0000"]}'),
    ),
    "where: {children: {eq: @}}": (
        *("9223372036854775808", "-9223372036854775809", "1.0", "true", "null", "1e3", "9" * 500),
        *('"1.0"', '"+1"', '"01"', '" 1"', '"x"'),
    ),
    "where: {children: {in: [1, @]}}": ("null", "[]", "{}", "9223372036854775808"),
    "where: {income: {eq: @}}": ('"1e3"', '"NaN"', '"Infinity"', '"1,5"', "1e400", "1e-400", "true"),
    "where: {born: {eq: @}}": (
        *('"2026-02-30"', '"2026-13-01"', '"0000-01-01"', '"10000-01-01"', "1"),
        *('"2026-01-31T00:00:00Z"', '"31.01.2026"', "true", '""'),
    ),
    "where: {seen: {eq: @}}": (
        *('"2026-02-30T00:00:00Z"', '"2026-01-31T08:00:00.5Z"', '"2026-01-31"', '"2016-12-31T23:59:60Z"'),
        *('"2026-01-31T08:00:00"', '"2026-01-31T24:00:00Z"', '"0001-01-01T00:00:00+14:00"'),
        *('"2026-01-31T08:00:00+25:00"', '"2026-01-31T08:00:00+08:60"'),
    ),
    "where: {present: @}": ("{eq: 1}", '{eq: "true"}', "{lt: true}", "{in: [true]}", "{eq: null}"),
    "where: {details: @}": ('{eq: "{}"}', "{isNull: null}", '{contains: "a"}', "{}"),
}
"""By the argument, `@` standing for each of the literals."""

_PLAIN: dict[tuple[str, str], tuple[object, ...]] = {
    ("first", "Int"): (0, -1, 1001, 2**31, 2**63, 10**100, 1.5, "1", True, [], {}, [1, 2]),
    ("after", "String"): ("", "x", "a\0", "\ud800", 1, [], {"a": 1}, "A" * 60_000),
    ("purpose", "Purpose"): ("verification", "NOTHING", 1, [], "\ud800"),
    ("matter", "String"): ("\ud800", "a\0", 1, {}),
    ("orderBy", "[residents_order]"): ("code", [1], [{"nowhere": "ASC"}], [{"code": "asc"}], [{}], [None]),
    ("where", WHERE): (1, "x", [], True, {"nowhere": {"eq": 1}}, {"name": "x"}, {"\ud800": {"eq": 1}}),
}
_OPERANDS: dict[tuple[str, str], tuple[object, ...]] = {
    ("name", "eq"): ("\ud800", "a\0", 1, 1.5, None, [], {}, True),
    ("name", "in"): ("\udfff", [None], [1], {"a": 1}, [["x"]]),
    ("children", "gt"): (2**63, -(2**63) - 1, 1.5, "x", None, [], {}),
    ("income", "lt"): ("x", "NaN", True, None, [], "1e5", 10**70),
    ("born", "lt"): (20260131, "2026-02-29", None, [], "\0"),
    ("seen", "lt"): (0, "2026-01-31T08:00:00.000Z", "now", None),
    ("present", "eq"): (0, "false", None, []),
    ("details", "isNull"): (0, "x", None),
}


def wrong_literals() -> list[str]:
    """Return each wrong argument as a document writes it."""
    return [form.replace("@", literal) for form, literals in LITERALS.items() for literal in literals]


def wrong_variables() -> list[tuple[str, str, object]]:
    """Return argument, type of the variable, and the wrong value."""
    plain = [(name, form, value) for (name, form), values in _PLAIN.items() for value in values]
    operands = [
        ("where", WHERE, {item: {operator: operand}})
        for (item, operator), operands in _OPERANDS.items()
        for operand in operands
    ]
    return [*plain, *operands]
