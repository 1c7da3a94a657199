from datetime import UTC, datetime

import pytest

from portal.agreements.agreement import Agreement, SigningRole
from portal.conditions.tree import Constant
from portal.errors import Fault, Language
from portal.policies.reading import agreement_document, parse_record
from portal.policies.records import PolicyKind
from tests.policies.building import CODE, CONSUMER, PROVIDER, STRANGER, Document, entry, read, record

FROM, UNTIL = "2026-01-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00"
AGREED: Document = {"kind": "agreement", "valid_from": FROM, "valid_until": UNTIL}


def places(faults: list[Fault]) -> list[tuple[str, str]]:
    """Return where each fault is, and what it says."""
    assert all(fault.file == "policies/x.json" and fault.row is None for fault in faults)
    assert all(fault.what.zh and fault.mend.zh and fault.mend.en for fault in faults)
    return [(fault.column, fault.what.en) for fault in faults]


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"condition": {"rank": {"eq": 1}}}, "condition.rank"),
        ({"condition": {"name": {"eq": "x"}}}, "condition.name"),
        ({"condition": {"auth_level": {"eq": "high"}}}, "condition.auth_level.eq"),
        ({"condition": {"department": {"eq": {"subject": "region"}}}}, "condition.department.eq"),
        ({"condition": {"or": [{}, {"now": {"gte": "soon"}}]}}, "condition.or[1].now.gte"),
        ({"condition": []}, "condition"),
        ({"condition": "true"}, "condition"),
        ({"scope": {"salery": {"eq": 1}}}, "scope.salery"),
        ({"scope": {"auth_level": {"eq": 1}}}, "scope.auth_level"),
        ({"scope": {"children": {"startsWith": "1"}}}, "scope.children.startsWith"),
        ({"scope": {"name": {"eq": {"subject": "roles"}}}}, "scope.name.eq"),
        ({"scope": {"children": {"eq": {"subject": "region"}}}}, "scope.children.eq"),
        ({"scope": {"name": {"eq": {"subject": "region", "x": 1}}}}, "scope.name.eq"),
        ({"scope": 7}, "scope"),
        ({"obligations": {"notify": {}}}, "obligations.notify"),
        ({"obligations": {"max_rows": 0}}, "obligations.max_rows"),
        ({"obligations": {"mask": {"name": {"generalise": {"to": 10}}}}}, "obligations.mask.name"),
    ],
)
def test_formula_is_refused_at_its_path(members: Document, path: str) -> None:
    found, faults = read(**members)
    assert found is None
    assert [column for column, _ in places(faults)] == [path]


def test_scope_is_not_a_constant_when_it_is_read() -> None:
    assert not isinstance(record(scope={"and": []}).scope, Constant)


@pytest.mark.parametrize(
    ("members", "column", "what"),
    [
        ({"kind": "restriction"}, "effect", "the effect doesn't fit the kind"),
        ({"effect": "deny"}, "effect", "the effect doesn't fit the kind"),
        ({"kind": "provider"}, "consumer", "a provider record's consumer isn't the provider"),
        (
            {"kind": "provider", "consumer": f"group:{PROVIDER}"},
            "consumer",
            "a provider record's consumer isn't the provider",
        ),
        ({"kind": "open_data"}, "consumer", "open data have another consumer than the public"),
        (
            {"kind": "open_data", "consumer": "any_department"},
            "consumer",
            "open data have another consumer than the public",
        ),
        ({"consumer": "any_department"}, "consumer", "a statutory record names no one in particular"),
        ({"consumer": "public"}, "consumer", "a statutory record names no one in particular"),
        ({**AGREED, "items": ["*"]}, "items", "an agreement covers everything by `*`"),
        ({**AGREED, "purposes": ["*"]}, "items", "an agreement covers everything by `*`"),
        ({**AGREED, "modes": ["*"]}, "items", "an agreement covers everything by `*`"),
        ({**AGREED, "valid_from": None}, "valid_until", "an agreement without begin and end"),
        ({**AGREED, "valid_until": None}, "valid_until", "an agreement without begin and end"),
    ],
)
@pytest.mark.clause("enforcement.md §2, consistency")
def test_kind_is_refused_when_the_record_is_otherwise(members: Document, column: str, what: str) -> None:
    found, faults = read(**members)
    assert found is None
    assert places(faults) == [(column, what)]


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "provider", "consumer": f"department:{PROVIDER}"},
        {"kind": "unconditional", "consumer": "any_department"},
        {"kind": "open_data", "consumer": "public"},
        {"consumer": "group:readers"},
        {"consumer": "application:checker"},
        AGREED,
        {"effect": "deny", "kind": "restriction", "consumer": "public"},
    ],
)
def test_kind_is_taken_when_the_record_fits_it(members: Document) -> None:
    assert record(**members).kind in PolicyKind


@pytest.mark.parametrize(
    ("kind", "needs_basis"),
    [("provider", False), ("unconditional", False), ("open_data", False), ("statutory", True), ("agreement", True)],
)
def test_basis_is_asked_of_the_kinds_that_rest_on_one(kind: str, *, needs_basis: bool) -> None:
    consumer = {"provider": f"department:{PROVIDER}", "open_data": "public"}.get(kind, f"department:{CONSUMER}")
    faults = read(kind=kind, consumer=consumer, basis=None, valid_from=FROM, valid_until=UNTIL)[1]
    assert places(faults) == ([("basis", "`basis` is missing or empty")] if needs_basis else [])


def test_faults_are_all_listed_when_there_are_many() -> None:
    found, faults = read(
        effect="Allow",
        kind="pact",
        consumer="all",
        resource="nowhere",
        items=["name", "name"],
        purposes=[],
        modes=["steal"],
        valid_from="never",
        condition={"rank": {"eq": 1}},
        extra=1,
    )
    assert found is None
    assert sorted(column for column, _ in places(faults)) == [
        "condition.rank",
        "consumer",
        "effect",
        "extra",
        "items",
        "kind",
        "modes",
        "purposes",
        "resource",
        "valid_from",
    ]


def test_fault_renders_as_one_line_when_the_text_is_hostile() -> None:
    (fault,) = read(id="a\n\ud800\x1b[31m")[1][:1]
    for language in Language:
        assert fault.render(language).isprintable()


def agreement(**terms: object) -> Agreement:
    """Return an agreement as its verification gives it."""
    return Agreement(
        id="nt-2026-0001",
        version=3,
        parties={SigningRole.CONSUMER: CONSUMER, SigningRole.PROVIDER: PROVIDER, SigningRole.AUTHORITY: STRANGER},
        resource=CODE,
        valid_from=datetime(2025, 12, 31, 16, tzinfo=UTC),
        valid_until=datetime(2026, 12, 31, 16, tzinfo=UTC),
        terms={
            "resource": CODE,
            "items": ["name"],
            "purposes": ["verification"],
            "modes": ["query"],
            "valid_from": FROM,
            "valid_until": UNTIL,
            "disposal": "到期三十日内销毁",
            **terms,
        },
        text="合成协议",
        signatures=(),
        document="{}",
    )


def test_agreement_gives_a_record_with_its_terms() -> None:
    known = entry()
    terms = {"applications": ["checker"], "scope": {"name": {"ne": ""}}, "obligations": {"max_rows": 5}}
    found, faults = parse_record(agreement_document(agreement(**terms)), "x", {known.code: known})
    assert faults == []
    assert found == record(id="nt-2026-0001", **AGREED, basis="nt-2026-0001 v3", **terms)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "other"),
        ("effect", "deny"),
        ("kind", "provider"),
        ("consumer", "public"),
        ("basis", "x"),
    ],
)
@pytest.mark.clause("T22")
def test_agreement_says_itself_who_is_allowed_when_its_terms_say_so_too(name: str, value: str) -> None:
    assert agreement_document(agreement(**{name: value}))[name] == agreement_document(agreement())[name]
