from datetime import UTC, datetime
from decimal import Decimal

import pytest

from portal.conditions.tree import And, Comparison, Operator, SubjectAttribute
from portal.errors import Fault
from portal.policies.reading import MEMBERS, parse_record
from portal.policies.records import (
    ANY,
    Consumer,
    ConsumerKind,
    Effect,
    Obligations,
    PartialMask,
    PolicyKind,
)
from portal.vocabulary import Mode
from tests.policies.building import (
    CODE,
    CONSUMER,
    document,
    entry,
    read,
    record,
    restriction,
)

FROM, UNTIL = "2026-01-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00"
TEXT_MEMBERS = ("id", "resource", "consumer", "basis")
LIST_MEMBERS = ("items", "purposes", "modes", "matters", "applications")


def places(faults: list[Fault]) -> list[tuple[str, str]]:
    """Return where each fault is, and what it says."""
    assert all(fault.file == "policies/x.json" and fault.row is None for fault in faults)
    assert all(fault.what.zh and fault.mend.zh and fault.mend.en for fault in faults)
    return [(fault.column, fault.what.en) for fault in faults]


def test_record_is_read_whole_when_every_member_is_there() -> None:
    found = record(
        id="statute-0007",
        items=["name", "division"],
        purposes=["verification", "work_reference"],
        matters=["999999-0001"],
        modes=["query", "exchange"],
        applications=["checker"],
        valid_from=FROM,
        valid_until=UNTIL,
        condition={"auth_level": {"gte": 2}},
        scope={"division": {"startsWith": {"subject": "region"}}},
        obligations={"mask": {"name": {"partial": {"head": 1, "tail": 0}}}, "max_rows": 10, "daily_rows": 20},
        basis="居民身份证法第十九条",
    )
    assert (found.id, found.effect, found.kind) == ("statute-0007", Effect.ALLOW, PolicyKind.STATUTORY)
    assert found.consumer == Consumer(ConsumerKind.DEPARTMENT, CONSUMER)
    assert (found.resource, found.items) == (CODE, ("name", "division"))
    assert (found.purposes, found.matters) == (("verification", "work_reference"), ("999999-0001",))
    assert (found.modes, found.applications) == ((Mode.QUERY, Mode.EXCHANGE), ("checker",))
    assert found.valid_from == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert found.valid_until == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert found.condition == Comparison("auth_level", Operator.GTE, 2)
    assert found.scope == Comparison("division", Operator.STARTS_WITH, SubjectAttribute("region"))
    assert found.obligations == Obligations((("name", PartialMask(1, 0)),), 10, 20)  # type: ignore[arg-type]
    assert (found.basis, found.version) == ("居民身份证法第十九条", 1)


def test_record_is_open_where_members_are_left_out() -> None:
    found = record()
    assert (found.matters, found.applications) == ((), ())
    assert (found.valid_from, found.valid_until) == (None, None)
    assert (found.condition, found.scope) == (And(()), None)
    assert found.obligations == Obligations()


def test_record_carries_the_version_it_is_given() -> None:
    known = entry()
    found, _ = parse_record(document(), "x", {known.code: known}, version=7)
    assert found is not None
    assert found.version == 7


def test_record_takes_null_for_a_member_that_is_not_there() -> None:
    optional = ("matters", "applications", "valid_from", "valid_until", "condition", "scope", "obligations")
    assert record(**dict.fromkeys(optional)) == record()


def test_record_reads_stars_as_everything() -> None:
    found = record(items=["*"], purposes=["*"], modes=["*"])
    assert (found.items, found.purposes, found.modes) == (ANY, ANY, ANY)


@pytest.mark.parametrize(
    ("scope", "is_scope"),
    [({}, False), (None, False), ({"and": []}, True), ({"or": []}, True), ({"not": {}}, True)],
)
@pytest.mark.clause("enforcement.md §2, scope")
def test_record_has_a_scope_when_the_object_is_not_empty(scope: object, *, is_scope: bool) -> None:
    assert (record(scope=scope).scope is not None) is is_scope


@pytest.mark.parametrize(
    ("text", "consumer"),
    [
        (f"department:{CONSUMER}", Consumer(ConsumerKind.DEPARTMENT, CONSUMER)),
        ("group:inspectors", Consumer(ConsumerKind.GROUP, "inspectors")),
        ("application:checker", Consumer(ConsumerKind.APPLICATION, "checker")),
        ("application:a:b", Consumer(ConsumerKind.APPLICATION, "a:b")),
        ("any_department", Consumer(ConsumerKind.ANY_DEPARTMENT)),
        ("public", Consumer(ConsumerKind.PUBLIC)),
    ],
)
def test_consumer_reads_back_as_it_is_written(text: str, consumer: Consumer) -> None:
    found = restriction(consumer=text).consumer
    assert (found, str(found)) == (consumer, text)


@pytest.mark.parametrize(
    "text",
    [
        "department",
        "department:",
        ":x",
        "anyone",
        "any_department:x",
        "any_department:",
        "public:",
        "public:x",
        "Public",
        " public",
        "public ",
        "public\n",
        "user:clerk",
        "role:auditor",
        "*",
        "department：x",
        "DEPARTMENT:x",
    ],
)
def test_consumer_is_refused_when_it_is_none(text: str) -> None:
    assert places(read(consumer=text)[1]) == [("consumer", f"`{text}` is no consumer")]


@pytest.mark.parametrize(
    "spelling", ["Deny", " deny", "deny ", "DENY", "deny\n", "\uff24eny", "ALLOW", "allow|deny", "", None]
)
@pytest.mark.clause("T13")
def test_effect_is_refused_when_it_is_spelled_otherwise(spelling: str | None) -> None:
    found, faults = read(effect=spelling)
    assert found is None
    assert ("effect", f"`effect` is `{spelling}`") in places(faults)


@pytest.mark.parametrize("raw", [True, 1, ["allow"], {"allow": 1}, Decimal(1)])
def test_effect_is_refused_when_it_is_no_text(raw: object) -> None:
    assert "effect" in dict(places(read(effect=raw)[1]))


@pytest.mark.parametrize("kind", ["Statutory", "treaty", "role", "p", "g", None])
@pytest.mark.clause("T13")
def test_kind_is_refused_when_it_is_unknown(kind: str | None) -> None:
    assert places(read(kind=kind)[1]) == [("kind", f"`kind` is `{kind}`")]


@pytest.mark.parametrize("key", ["effects", "Effect", "scopes", "user", "role", "", "items ", "__class__"])
@pytest.mark.clause("T13")
def test_member_is_refused_when_it_is_unknown(key: str) -> None:
    assert places(read(**{key: []})[1]) == [(key, f"unknown member `{key}`")]


def test_members_are_those_of_the_contract() -> None:
    assert set(document()) < set(MEMBERS)
    assert len(MEMBERS) == 16


@pytest.mark.parametrize("name", ["resource", "consumer", "items", "purposes", "modes", "basis"])
@pytest.mark.parametrize("empty", [None, "", []])
def test_member_is_refused_when_it_is_missing(name: str, empty: object) -> None:
    wrong_type = (empty == [] and name in TEXT_MEMBERS) or (empty == "" and name in LIST_MEMBERS)
    found, faults = read(**{name: empty})
    assert found is None
    columns = [column for column, what in places(faults) if what == f"`{name}` is missing or empty"]
    assert columns == [name] or (wrong_type and name in dict(places(faults)))


@pytest.mark.parametrize("name", TEXT_MEMBERS)
@pytest.mark.parametrize("raw", [1, True, ["x"], {"x": 1}, Decimal("0.5")])
def test_text_is_refused_when_it_is_something_else(name: str, raw: object) -> None:
    assert (name, f"`{name}` is no text") in places(read(**{name: raw})[1])


@pytest.mark.parametrize(("text", "what"), [("a\0b", "NUL"), ("a\ud800b", "surrogate")])
@pytest.mark.parametrize("name", TEXT_MEMBERS)
@pytest.mark.clause("T10")
def test_text_is_refused_when_it_cannot_be_stored(name: str, text: str, what: str) -> None:
    assert any(column == name and what in said for column, said in places(read(**{name: text})[1]))


@pytest.mark.parametrize("name", LIST_MEMBERS)
def test_list_is_refused_when_it_is_none(name: str) -> None:
    assert (name, f"`{name}` is no list") in places(read(**{name: "name"})[1])


@pytest.mark.parametrize("name", LIST_MEMBERS)
def test_list_is_refused_when_a_member_is_no_text(name: str) -> None:
    assert (f"{name}[1]", f"`{name}[1]` is no text") in places(read(**{name: ["name", 7]})[1])


@pytest.mark.parametrize("name", LIST_MEMBERS)
def test_list_is_refused_when_a_member_is_empty(name: str) -> None:
    assert (name, f"`{name}` is missing or empty") in places(read(**{name: ["name", ""]})[1])


@pytest.mark.parametrize("name", LIST_MEMBERS)
def test_list_is_refused_when_a_member_is_there_twice(name: str) -> None:
    assert (name, "`query` is listed twice") in places(read(**{name: ["query", "query"]})[1])


@pytest.mark.parametrize("name", ["items", "purposes", "modes"])
def test_list_is_refused_when_a_star_stands_beside_values(name: str) -> None:
    value = {"items": "name", "purposes": "verification", "modes": "query"}[name]
    assert (name, '`"*"` stands beside other values') in places(read(**{name: [value, "*"]})[1])


@pytest.mark.parametrize("name", ["matters", "applications"])
def test_star_is_a_name_like_others_where_none_means_any(name: str) -> None:
    assert getattr(record(**{name: ["*"]}), name) == ("*",)


@pytest.mark.parametrize("mode", ["Query", "read", "query ", "shared"])
def test_mode_is_refused_when_it_is_unknown(mode: str) -> None:
    assert places(read(modes=["query", mode])[1]) == [("modes", f"unknown mode `{mode}`")]


@pytest.mark.parametrize("name", ["Name", "name ", "salery", "name\n", "na*", "residents.name"])
def test_item_is_refused_when_the_entry_has_none_of_that_name(name: str) -> None:
    assert places(read(items=["name", name])[1]) == [("items", f"unknown item `{name}` of `residents`")]


@pytest.mark.parametrize("code", ["303001001/00002", "303001001/00001 ", "*", "residents"])
def test_resource_is_refused_when_no_entry_has_that_code(code: str) -> None:
    assert places(read(resource=code)[1]) == [("resource", f"unknown entry `{code}`")]


@pytest.mark.parametrize("name", ["", "-x", ".x", "a b", "a/b", "../a", "a\n", "é", "编号", "a,b", "a:b", "a" * 129])
@pytest.mark.clause("T10")
def test_id_is_refused_when_it_could_be_misread(name: str) -> None:
    assert places(read(id=name)[1]) == [("id", f"`{name}` is no id")]


@pytest.mark.parametrize("name", ["a", "0", "A.b-c_d", "allow", "deny", "p.r.g", "a" * 128])
def test_id_is_taken_when_it_is_of_letters_and_digits(name: str) -> None:
    assert record(id=name).id == name


@pytest.mark.parametrize(
    ("instant", "what"),
    [
        ("2026-01-01", "is no time"),
        ("2026-01-01T00:00:00", "is no time"),
        ("2026-01-01T00:00:00.5Z", "has a fraction of a second"),
        ("2026-02-30T00:00:00Z", "is a time that doesn't exist"),
        (5, "is no time"),
        ("", "is no time"),
    ],
)
@pytest.mark.parametrize("name", ["valid_from", "valid_until"])
def test_instant_is_refused_when_it_is_none(name: str, instant: object, what: str) -> None:
    ((column, said),) = places(read(**{name: instant})[1])
    assert column == name
    assert what in said


@pytest.mark.parametrize("until", [FROM, "2025-12-31T15:59:59Z"])
def test_period_is_refused_when_it_is_empty(until: str) -> None:
    faults = read(valid_from=FROM, valid_until=until)[1]
    assert places(faults) == [("valid_until", "the period ends before it begins")]


def test_period_is_taken_when_it_lasts_one_second() -> None:
    found = record(valid_from=FROM, valid_until="2025-12-31T16:00:01Z")
    assert found.valid_until is not None
