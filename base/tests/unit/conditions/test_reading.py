"""Reading a condition: what each form takes, and every fault with the path where it stands."""

from decimal import Decimal
from ipaddress import ip_network

import pytest

from portal.conditions.reading import ATTRIBUTE_TYPES, DEPTH_LIMIT, Form, operators_of, read_condition
from portal.conditions.tree import (
    FALSE,
    TRUE,
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
    ValueType,
)

ITEMS = {
    "name": ValueType.STRING,
    "children": ValueType.INTEGER,
    "income": ValueType.DECIMAL,
    "present": ValueType.BOOLEAN,
    "born": ValueType.DATE,
    "seen": ValueType.DATETIME,
    "details": ValueType.JSON,
}
ORDERED = ("eq", "ne", "in", "notIn", "lt", "lte", "gt", "gte")


def read(json: object, form: Form = Form.FILTER) -> Condition:
    """Return the condition, which must be without fault."""
    condition, faults = read_condition(json, ATTRIBUTE_TYPES if form is Form.CONDITION else ITEMS, form)
    assert faults == []
    return condition


def faults_of(json: object, form: Form = Form.FILTER) -> list[tuple[str, str]]:
    """Return path and English sentence of each fault; the Chinese one must be another."""
    _, faults = read_condition(json, ATTRIBUTE_TYPES if form is Form.CONDITION else ITEMS, form)
    assert all(fault.text.zh != fault.text.en for fault in faults)
    return [(fault.path, fault.text.en) for fault in faults]


@pytest.mark.parametrize(
    ("value_type", "operators"),
    [
        (ValueType.STRING, (*ORDERED, "startsWith", "endsWith", "contains", "isNull")),
        (ValueType.INTEGER, (*ORDERED, "isNull")),
        (ValueType.DECIMAL, (*ORDERED, "isNull")),
        (ValueType.DATE, (*ORDERED, "isNull")),
        (ValueType.DATETIME, (*ORDERED, "isNull")),
        (ValueType.BOOLEAN, ("eq", "ne", "isNull")),
        (ValueType.JSON, ("isNull",)),
        (ValueType.TEXT_LIST, ("contains", "isNull")),
        (ValueType.ADDRESS, ("inNetwork", "isNull")),
    ],
)
def test_operators_are_those_of_the_table(value_type: ValueType, operators: tuple[str, ...]) -> None:
    assert operators_of(value_type) == operators


def test_object_means_and_of_its_members() -> None:
    name, children = Comparison("name", Operator.EQ, "x"), Comparison("children", Operator.GT, 1)

    assert read({}) == TRUE
    assert read({"name": {"eq": "x"}}) == name
    assert read({"name": {"eq": "x"}, "children": {"gt": 1}}) == And((name, children))
    assert read({"name": {"eq": "x", "ne": "y"}}) == And((name, Comparison("name", Operator.NE, "y")))


def test_junctions_hold_their_members_in_order() -> None:
    name, null = Comparison("name", Operator.EQ, "x"), NullTest("details", is_null=True)

    assert read({"and": []}) == TRUE
    assert read({"or": []}) == FALSE
    assert read({"or": [{"name": {"eq": "x"}}, {}]}) == Or((name, TRUE))
    assert read({"and": ({"details": {"isNull": True}}, {"not": {"name": {"eq": "x"}}})}) == And((null, Not(name)))
    assert read({"not": {}}) == Not(TRUE)


@pytest.mark.parametrize("operator", Operator)
def test_every_comparison_is_read_with_its_operand(operator: Operator) -> None:
    assert read({"name": {str(operator): "x"}}) == Comparison("name", operator, "x")


def test_memberships_keep_their_values_in_order() -> None:
    assert read({"children": {"in": [2, "1"]}}) == Membership("children", (2, 1))
    assert read({"income": {"notIn": (Decimal("1.5"), 2)}}) == Membership(
        "income", (Decimal("1.5"), Decimal(2)), negated=True
    )
    assert read({"name": {"in": []}}) == Membership("name", ())


@pytest.mark.parametrize("is_null", [True, False])
@pytest.mark.parametrize("name", ITEMS)
def test_null_test_is_known_for_every_type(name: str, is_null: bool) -> None:
    assert read({name: {"isNull": is_null}}) == NullTest(name, is_null)


@pytest.mark.parametrize("attribute", ["department", "application", "user", "region"])
def test_subject_attribute_stands_beside_strings_of_a_scope(attribute: str) -> None:
    for operator in Operator:
        json = {"name": {str(operator): {"subject": attribute}}}
        assert read(json, Form.SCOPE) == Comparison("name", operator, SubjectAttribute(attribute))


def test_attributes_are_tested_in_a_condition() -> None:
    condition = read(
        {
            "network_zone": {"eq": "government"},
            "auth_level": {"gte": 2},
            "groups": {"contains": "inspectors"},
            "client_address": {"inNetwork": "10.0.0.0/8"},
            "roles": {"isNull": False},
        },
        Form.CONDITION,
    )
    assert condition == And(
        (
            Comparison("network_zone", Operator.EQ, "government"),
            Comparison("auth_level", Operator.GTE, 2),
            ListContains("groups", "inspectors"),
            InNetwork("client_address", ip_network("10.0.0.0/8")),
            NullTest("roles", is_null=False),
        )
    )


@pytest.mark.parametrize(
    ("json", "path", "sentence"),
    [
        (None, "", "a condition is an object"),
        ([], "", "a condition is an object"),
        ("name", "", "a condition is an object"),
        ({"and": {}}, "and", "`and` takes a list"),
        ({"or": None}, "or", "`or` takes a list"),
        ({"or": [{}, None]}, "or[1]", "a condition is an object"),
        ({"not": []}, "not", "a condition is an object"),
        ({"not": {"or": [{"name": {"eq": 1}}]}}, "not.or[0].name.eq", "is no text"),
        ({"salary": {"eq": 1}}, "salary", "unknown item `salary`"),
        ({"and": [{"region": {"eq": "1"}}]}, "and[0].region", "unknown item `region`"),
        ({"name": None}, "name", "`name` needs an operator"),
        ({"name": {}}, "name", "`name` needs an operator"),
        ({"name": "x"}, "name", "`name` needs an operator"),
        ({"name": {"like": "x"}}, "name.like", "`like` isn't known for string"),
        ({"name": {"EQ": "x"}}, "name.EQ", "`EQ` isn't known for string"),
        ({"children": {"startsWith": "1"}}, "children.startsWith", "isn't known for integer"),
        ({"present": {"lt": True}}, "present.lt", "isn't known for boolean"),
        ({"present": {"in": [True]}}, "present.in", "isn't known for boolean"),
        ({"details": {"eq": "{}"}}, "details.eq", "isn't known for json"),
        ({"name": {"isNull": None}}, "name.isNull", "`isNull` takes"),
        ({"name": {"isNull": 1}}, "name.isNull", "`isNull` takes"),
        ({"name": {"in": "x"}}, "name.in", "`in` takes a list"),
        ({"name": {"notIn": None}}, "name.notIn", "`notIn` takes a list"),
        ({"name": {"in": ["x", None]}}, "name.in[1]", "`null` can't be compared"),
        ({"name": {"in": [["x"]]}}, "name.in[0]", "is no text"),
        ({"name": {"eq": None}}, "name.eq", "`null` can't be compared"),
        ({"born": {"gt": "2026-02-30"}}, "born.gt", "doesn't exist"),
        ({"children": {"eq": 2**63}}, "children.eq", "64 bits"),
        ({"name": {"eq": {"subject": "region"}}}, "name.eq", "an operand here is a constant"),
        ({"name": {"eq": {}}}, "name.eq", "an operand here is a constant"),
        ({"groups": {"contains": "x"}}, "groups", "unknown item `groups`"),
    ],
    ids=repr,
)
def test_fault_in_a_filter_is_told_with_its_path(json: object, path: str, sentence: str) -> None:
    ((found, text),) = faults_of(json)

    assert found == path
    assert sentence in text


@pytest.mark.parametrize(
    ("json", "path", "sentence"),
    [
        ({"name": {"eq": {"subject": "groups"}}}, "name.eq", 'or {"subject": A}'),
        ({"name": {"eq": {"subject": ["region"]}}}, "name.eq", 'or {"subject": A}'),
        ({"name": {"eq": {"subject": "region", "x": 1}}}, "name.eq", 'or {"subject": A}'),
        ({"name": {"eq": {}}}, "name.eq", 'or {"subject": A}'),
        ({"name": {"in": [{"subject": "region"}]}}, "name.in[0]", "is no text"),
        ({"children": {"eq": {"subject": "region"}}}, "children.eq", "`children` isn't a string"),
        ({"born": {"lt": {"subject": "user"}}}, "born.lt", "`born` isn't a string"),
        ({"present": {"eq": {"subject": "user"}}}, "present.eq", "`present` isn't a string"),
        ({"network_zone": {"eq": "government"}}, "network_zone", "unknown item `network_zone`"),
    ],
    ids=repr,
)
def test_fault_in_a_scope_is_told_with_its_path(json: object, path: str, sentence: str) -> None:
    ((found, text),) = faults_of(json, Form.SCOPE)

    assert found == path
    assert sentence in text


@pytest.mark.parametrize(
    ("json", "path", "sentence"),
    [
        ({"name": {"eq": "x"}}, "name", "unknown attribute `name`; known are department, groups"),
        ({"region": {"eq": {"subject": "region"}}}, "region.eq", "an operand here is a constant"),
        ({"groups": {"eq": "x"}}, "groups.eq", "`eq` isn't known for text_list"),
        ({"groups": {"contains": 1}}, "groups.contains", "is no text"),
        ({"groups": {"contains": None}}, "groups.contains", "`null` can't be compared"),
        ({"client_address": {"eq": "10.0.0.1"}}, "client_address.eq", "`eq` isn't known for address"),
        ({"client_address": {"inNetwork": "10.0.0.1/8"}}, "client_address.inNetwork", "takes a network"),
        ({"client_address": {"inNetwork": "10.0.0.0/33"}}, "client_address.inNetwork", "takes a network"),
        ({"client_address": {"inNetwork": 10}}, "client_address.inNetwork", "takes a network"),
        ({"client_address": {"inNetwork": ""}}, "client_address.inNetwork", "takes a network"),
        ({"client_address": {"inNetwork": None}}, "client_address.inNetwork", "takes a network"),
        ({"auth_level": {"gte": "high"}}, "auth_level.gte", "is no integer"),
        ({"now": {"lt": "2026-01-01"}}, "now.lt", "is no time"),
    ],
    ids=repr,
)
def test_fault_in_a_condition_is_told_with_its_path(json: object, path: str, sentence: str) -> None:
    ((found, text),) = faults_of(json, Form.CONDITION)

    assert found == path
    assert sentence in text


def test_every_fault_is_found_and_not_only_the_first() -> None:
    json = {"or": [{"name": {"eq": 1, "lt": 2}}, {"salary": {}}, {"born": {"in": ["x", "2026-02-30", None]}}]}

    assert [path for path, _ in faults_of(json)] == [
        "or[0].name.eq",
        "or[0].name.lt",
        "or[1].salary",
        "or[2].born.in[0]",
        "or[2].born.in[1]",
        "or[2].born.in[2]",
    ]


@pytest.mark.parametrize("key", ["not", "and", "or"])
def test_condition_is_taken_up_to_the_bound_on_depth_and_refused_beyond(key: str) -> None:
    def nested(depth: int) -> object:
        json: object = {"name": {"eq": "x"}}
        for _ in range(depth):
            json = {key: json if key == "not" else [json]}
        return json

    read(nested(DEPTH_LIMIT))
    ((path, text),) = faults_of(nested(DEPTH_LIMIT + 1))
    assert path.count(key) == DEPTH_LIMIT + 1
    assert "nested more than 40 deep" in text
    assert len(faults_of(nested(400))) == 1


def test_names_are_asked_of_the_reader_and_never_of_the_text() -> None:
    condition, faults = read_condition({"eq": {"eq": "x"}}, {"eq": ValueType.STRING}, Form.FILTER)

    assert faults == []
    assert condition == Comparison("eq", Operator.EQ, "x")
