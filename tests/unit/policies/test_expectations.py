"""What must stay so whatever is changed: read, and held against a snapshot."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.identity.registry import ApplicationStatus
from portal.policies.expectations import (
    Broken,
    Expectation,
    Verdict,
    broken_expectations,
    load_expectation,
    parse_expectation,
)
from portal.policies.records import ANY, Consumer, ConsumerKind, PolicyRecord
from portal.storage.content import ContentRow
from portal.vocabulary import ApplicationId
from tests.policies.building import CODE, CONSUMER, NOW, PROVIDER, STRANGER, entry, open_entry, record, restriction
from tests.policies.registering import MATTER, REGISTRY, application, content, point_of, registry

pytestmark = pytest.mark.clause("threats.md T30")
OF = entry()


def written(**members: object) -> dict[str, object]:
    return {
        "consumer": f"department:{CONSUMER}",
        "resource": CODE,
        "items": ["name"],
        "purposes": ["verification"],
        "modes": ["query"],
        **members,
    }


def expected(verdict: Verdict, **members: object) -> Expectation:
    found, faults = parse_expectation("e1", verdict, json.dumps(written(**members)), "测试", {CODE: OF})
    assert faults == []
    assert found is not None
    return found


def broken(expectation: Expectation, *records: PolicyRecord, of: Sequence[object] = (OF,)) -> Broken | None:
    snapshot = content(of, records)  # type: ignore[arg-type]
    return next(iter(broken_expectations([expectation], point_of(snapshot), NOW)), None)


def test_expectation_is_read_as_a_record_names_whom_and_what() -> None:
    found = expected(Verdict.NEVER, items=["*"], purposes=["*"], modes=["*"], consumer="public")
    assert (found.items, found.purposes, found.modes) == (ANY, ANY, ANY)
    assert found.consumer == Consumer(ConsumerKind.PUBLIC)


@pytest.mark.parametrize(
    ("document", "column"),
    [
        ("{", ""),
        ("[]", ""),
        (json.dumps(written(items=["nothing"])), "items"),
        (json.dumps(written(condition={})), "condition"),
        (json.dumps(written(effect="allow")), "effect"),
        (json.dumps({"resource": CODE}), "consumer"),
        (json.dumps(written(resource="0")), "resource"),
    ],
)
def test_expectation_is_refused_with_its_faults(document: str, column: str) -> None:
    found, faults = parse_expectation("e1", Verdict.ABLE, document, "测试", {CODE: OF})
    assert found is None
    assert column in [fault.column for fault in faults]
    assert all(fault.file == "expectation e1" for fault in faults)


def test_stored_expectation_is_the_one_that_was_written() -> None:
    for members in ({}, {"items": ["*"], "purposes": ["*"], "modes": ["*"]}):
        row = ContentRow({"verdict": "able", "document": json.dumps(written(**members)), "reason": "测试"}, {})
        assert load_expectation("e1", row) == expected(Verdict.ABLE, **members)


@pytest.mark.parametrize("document", ["[]", json.dumps(written(items="name")), json.dumps(written(modes=["fax"]))])
def test_stored_expectation_is_never_skipped(document: str) -> None:
    with pytest.raises(ValueError, match=r"e1|no list|fax"):
        load_expectation("e1", ContentRow({"verdict": "able", "document": document, "reason": "测试"}, {}))


def test_never_is_broken_by_any_request_there_may_be() -> None:
    never = expected(Verdict.NEVER)
    assert broken(never) is None
    assert broken(never, record(purposes=["work_reference"])) is None
    later = record(
        valid_from=(NOW + timedelta(days=9)).isoformat(),
        condition={"auth_level": {"gte": 3}},
        scope={"division": {"eq": "1"}},
    )
    found = broken(never, later)
    assert found is not None
    assert found.certain
    assert found.request is not None
    assert found.request.environment.now == NOW + timedelta(days=9)
    assert found.request.subject.auth_level == 3
    assert broken(never, later, restriction()) is None
    assert broken(never, record(valid_until=NOW.isoformat())) is None
    assert broken(never, record(condition={"auth_level": {"gt": 3}})) is None
    assert broken(never, record(scope={"division": {"in": []}})) is None


def test_never_for_every_purpose_and_item() -> None:
    never = expected(Verdict.NEVER, items=["*"], purposes=["*"], modes=["*"])
    assert broken(never, record(items=["note"], purposes=["work_reference"], modes=["exchange"])) is not None
    assert broken(never, record(consumer=f"department:{STRANGER}")) is None


@pytest.mark.parametrize(
    ("consumer", "named", "is_broken"),
    [
        ("any_department", f"department:{STRANGER}", True),
        ("any_department", f"department:{PROVIDER}", False),
        (f"department:{PROVIDER}", f"department:{PROVIDER}", True),
        ("group:inspectors", f"department:{CONSUMER}", True),
        ("group:readers", f"department:{CONSUMER}", False),
        ("application:checker", f"department:{CONSUMER}", True),
        ("application:keeper", f"department:{CONSUMER}", False),
        ("public", f"department:{CONSUMER}", False),
    ],
)
def test_never_is_about_those_whom_the_consumer_stands_for(consumer: str, named: str, is_broken: bool) -> None:
    never = expected(Verdict.NEVER, consumer=consumer)
    assert (broken(never, record(consumer=named)) is not None) is is_broken


def test_never_for_the_public() -> None:
    of = open_entry()
    opened = record(of, kind="open_data", consumer="public", items=["code"])
    never, _ = parse_expectation(
        "e1", Verdict.NEVER, json.dumps(written(consumer="public", items=["code"])), "测试", {CODE: of}
    )
    assert never is not None
    assert broken(never, opened, of=[of]) is not None
    assert broken(replace(never, items=("note",)), opened, of=[of]) is None  # type: ignore[arg-type]


def test_never_holds_of_what_is_not_there() -> None:
    assert broken(expected(Verdict.NEVER), of=()) is None
    gone = replace(expected(Verdict.NEVER), items=("gone",))  # type: ignore[arg-type]
    assert broken(gone, record()) is None


def test_able_takes_a_permit_now_for_what_is_registered() -> None:
    able = expected(Verdict.ABLE)
    assert broken(able, record()) is None
    refused = broken(able)
    assert refused is not None
    assert refused.request is not None
    assert refused.item == "name"
    assert broken(able, record(valid_from=(NOW + timedelta(days=1)).isoformat())) is not None
    assert broken(able, record(condition={"auth_level": {"gte": 3}})) is not None
    assert broken(able, record(condition={"network_zone": {"eq": "government"}})) is None
    assert broken(able, record(scope={"division": {"in": []}})) is not None
    assert broken(able, record(scope={"division": {"eq": "1"}})) is None


def test_able_is_met_by_an_application_or_a_person_of_each_department() -> None:
    able = expected(Verdict.ABLE)
    assert broken(able, record(applications=["checker"])) is None
    assert broken(able, record(condition={"user": {"eq": "clerk"}})) is None
    assert broken(able, record(matters=[MATTER])) is None
    every = expected(Verdict.ABLE, consumer="any_department")
    # The stranger has nobody who could ask.
    assert broken(every, record()) is None
    of = registry(applications=[application("checker", CONSUMER), application("other", STRANGER)])
    records = [record(), record(id="s2", consumer=f"department:{STRANGER}")]
    assert broken_expectations([every], point_of(content([OF], records, of)), NOW) == ()
    found = broken_expectations([every], point_of(content([OF], records[:1], of)), NOW)
    assert [one.request.subject.application for one in found if one.request] == ["other"]


def test_able_for_every_purpose_and_mode() -> None:
    able = expected(Verdict.ABLE, items=["*"], purposes=["*"], modes=["*"])
    assert broken(able, record(items=["*"], purposes=["*"], modes=["*"])) is None
    assert broken(able, record(items=["*"], modes=["*"])) is not None
    assert broken(able, record(items=["*"], purposes=["*"])) is not None


def test_able_for_the_public() -> None:
    of = open_entry()
    able = replace(expected(Verdict.ABLE, consumer="public"), items=("code",))  # type: ignore[arg-type]
    assert broken(able, record(of, kind="open_data", consumer="public", items=["code"]), of=[of]) is None
    assert broken(able, of=[of]) is not None


def test_able_is_broken_where_nobody_or_nothing_is_there() -> None:
    able = expected(Verdict.ABLE)
    assert broken(able, of=()) == Broken(able, None, None)
    nobody = expected(Verdict.ABLE, consumer="group:readers")
    assert broken(nobody) == Broken(nobody, None, None)


def test_application_that_is_disabled_is_nobody() -> None:
    disabled = replace(application("checker", CONSUMER), status=ApplicationStatus.DISABLED)
    of = registry(applications=[disabled])
    assert of.applications[ApplicationId("checker")].status is ApplicationStatus.DISABLED
    able = expected(Verdict.ABLE, consumer="application:checker")
    snapshot = content([OF], [record(consumer="application:checker")], of)
    assert broken_expectations([able], point_of(snapshot), NOW) == (Broken(able, None, None),)
    assert broken(able, record(consumer="application:checker")) is None
    assert REGISTRY.applications
