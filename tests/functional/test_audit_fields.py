"""What people see of the audit over GraphQL: auditors all, departments their own use and that of their data (T65)."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from portal_verify.receipt import ReceiptFlaw, verify_receipt
from tests.fixtures.audit_readers import (
    ASKED,
    AUDITOR,
    BYSTANDERS_ANALYST,
    CLERK,
    CONSUMERS_HEAD,
    PROVIDERS_MANAGER,
    readers_world,
)
from tests.fixtures.linked_bundle import RESIDENTS, VILLAGES, VISITS
from tests.fixtures.portal_world import PortalWorld
from tests.fixtures.sharing_bundle import CHECKER
from tests.fixtures.small_bundle import CONSUMER

RECORD = (
    "receipt time whole decision code department application subject user mode purpose matter case operator "
    "clientAddress act target details uses{entry identifier items rows policies filter} reasons{item code}"
)
REQUESTS = len(ASKED)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with readers_world(tmp_path_factory.mktemp("readers")) as world:
        yield world


def records(world: PortalWorld, by: str, arguments: str = "first: 200") -> list[dict[str, Any]]:
    found = world.ask(f"{{auditRecords({arguments}){{nodes{{{RECORD}}} next}}}}", by=by).data["auditRecords"]["nodes"]
    assert isinstance(found, list)
    return found


def entries(found: list[dict[str, Any]]) -> list[list[str]]:
    return [[use["entry"] for use in record["uses"]] for record in found]


def last_act(world: PortalWorld) -> dict[str, Any]:
    """The newest reading on record, but for the auditor's own that looks it up."""
    found = records(world, AUDITOR, "act: AUDIT_READ, first: 1")[0]
    return {**found, "details": json.loads(found["details"])}


@pytest.mark.clause("NT-26")
def test_auditor_sees_every_record_whole(world: PortalWorld) -> None:
    found = [record for record in records(world, AUDITOR) if record["act"] is None]
    assert len(found) == REQUESTS
    assert all(record["whole"] for record in found)
    assert {record["subject"] for record in found} == {CHECKER, "public", "application:outsider"}
    assert any(record["uses"][0]["filter"] for record in found)


@pytest.mark.clause("ND-29")
@pytest.mark.clause("NT-22")
@pytest.mark.clause("FJ-30")
@pytest.mark.clause("threats.md T65")
def test_provider_sees_how_its_data_are_used_and_nothing_more(world: PortalWorld) -> None:
    found = records(world, PROVIDERS_MANAGER)
    assert len(found) == REQUESTS
    linked = next(record for record in found if record["application"] == "checker" and record["uses"][0]["rows"] == 2)
    assert linked["department"] == CONSUMER
    assert linked["purpose"] == "verification"
    assert linked["matter"] == "999999-0001"
    assert sorted(linked["uses"][0]["items"]) == ["code", "division", "name"]
    assert linked["uses"][0]["policies"]
    for record in found:
        assert not record["whole"]
        hidden = ("subject", "user", "case", "operator", "clientAddress", "act", "details", "target")
        assert [record[name] for name in hidden] == [None] * len(hidden)
        assert [use["filter"] for use in record["uses"]] == [None] * len(record["uses"])
    # What was read of another provider's entry with it isn't theirs.
    assert VISITS not in {entry for uses in entries(found) for entry in uses}


@pytest.mark.clause("ND-29")
def test_provider_of_a_linked_entry_sees_that_use_alone(world: PortalWorld) -> None:
    found = records(world, BYSTANDERS_ANALYST)
    linked = [record for record in found if record["application"] == "checker"]
    assert entries(linked) == [[VISITS]]
    assert set(linked[0]["uses"][0]["items"]) == {"number", "place", "resident"}
    assert linked[0]["uses"][0]["filter"] is None
    # What its own applications asked it sees whole.
    own = [record for record in found if record["application"] == "outsider"]
    assert len(own) == 2
    assert all(record["whole"] for record in own)
    assert len(found) == len(own) + len(linked)


def test_consumer_sees_what_it_asked_for_itself(world: PortalWorld) -> None:
    found = records(world, CONSUMERS_HEAD)
    assert {record["subject"] for record in found} == {CHECKER}
    assert len(found) == 2
    assert all(record["whole"] for record in found)


@pytest.mark.clause("threats.md T65")
def test_nobody_else_finds_the_fields_in_the_schema(world: PortalWorld) -> None:
    for by in (CLERK, CHECKER, None):
        for field in ("auditRecords{next}", 'auditRecord(receipt: "1-1"){state}', "auditStatistics(by: ENTRY){uses}"):
            assert world.ask(f"{{{field}}}", by=by).codes == ["NOT_VALID"]


@pytest.mark.clause("threats.md T65")
def test_auditor_without_second_factor_is_refused_and_it_is_recorded(world: PortalWorld) -> None:
    answer = world.ask("{auditRecords{next}}", by="user:freshman", headers={"Accept-Language": "en"})
    assert answer.codes == ["FORBIDDEN"]
    assert "second factor" in answer.errors[0]["message"]
    refused = last_act(world)
    assert (refused["decision"], refused["code"], refused["user"]) == ("DENY", "FORBIDDEN", "freshman")


@pytest.mark.clause("threats.md T65")
def test_department_may_not_search_for_acts(world: PortalWorld) -> None:
    assert world.ask("{auditRecords(act: AUDIT_READ){next}}", by=CONSUMERS_HEAD).codes == ["FORBIDDEN"]


@pytest.mark.clause("threats.md T65")
def test_every_reading_is_on_record_with_what_was_asked_and_found(world: PortalWorld) -> None:
    records(world, CONSUMERS_HEAD, f'entry: "{RESIDENTS}", purpose: VERIFICATION, first: 5')
    act = last_act(world)
    assert act["user"] == "chief"
    assert act["target"] == "records"
    assert act["details"] == {
        "entry": RESIDENTS,
        "purpose": "verification",
        "limit": 5,
        "found": 2,
        "whole": False,
    }
    world.ask("{auditStatistics(by: DAY){uses}}", by=PROVIDERS_MANAGER)
    act = last_act(world)
    assert (act["target"], act["user"]) == ("statistics", "steward")


def test_pages_follow_one_another(world: PortalWorld) -> None:
    whole, found, after = records(world, PROVIDERS_MANAGER), list[dict[str, Any]](), ""
    while True:
        document = f"{{auditRecords(first: 2{after}){{nodes{{{RECORD}}} next}}}}"
        page = world.ask(document, by=PROVIDERS_MANAGER).data["auditRecords"]
        found += page["nodes"]
        if page["next"] is None:
            break
        after = f', after: "{page["next"]}"'
    assert found == whole


@pytest.mark.clause("threats.md T65")
def test_page_behind_what_may_not_be_read_is_refused_as_behind_nothing(world: PortalWorld) -> None:
    act = records(world, AUDITOR, "act: AUDIT_READ, first: 1")[0]["receipt"]
    hidden = world.ask(f'{{auditRecords(after: "{act}"){{next}}}}', by=PROVIDERS_MANAGER).errors[0]
    unknown = world.ask('{auditRecords(after: "99-99"){next}}', by=PROVIDERS_MANAGER).errors[0]
    assert hidden["message"].replace(act, "99-99") == unknown["message"]
    assert hidden["extensions"] == unknown["extensions"]


def proved(world: PortalWorld, receipt: str, by: str) -> dict[str, Any]:
    """The record with its proof; a checkpoint covers it within a second."""
    document = f'{{auditRecord(receipt: "{receipt}"){{state checkpoint proof record{{whole}}}}}}'
    for _ in range(40):
        found: dict[str, Any] = world.ask(document, by=by).data["auditRecord"]
        if found["state"] == "PROVED":
            return found
        world.run(asyncio.sleep(0.1))
    raise AssertionError(receipt)


@pytest.mark.clause("threats.md T18")
def test_proof_of_a_record_is_checked_without_the_portal(world: PortalWorld) -> None:
    receipt = records(world, CONSUMERS_HEAD)[0]["receipt"]
    found = proved(world, receipt, CONSUMERS_HEAD)
    verified = verify_receipt(found["proof"].encode(), world.keys.audit_public_pem())
    assert verified.flaw is None
    assert verified.receipt == receipt
    changed = found["proof"].replace("checker", "chocker")
    assert verify_receipt(changed.encode(), world.keys.audit_public_pem()).flaw is ReceiptFlaw.RECORD


@pytest.mark.clause("threats.md T65")
def test_provider_gets_no_proof_of_what_it_sees_in_part(world: PortalWorld) -> None:
    receipt = records(world, CONSUMERS_HEAD)[0]["receipt"]
    found = proved(world, receipt, PROVIDERS_MANAGER)
    assert found["proof"] is None
    assert found["record"] == {"whole": False}


@pytest.mark.clause("threats.md T65")
def test_record_that_may_not_be_read_is_as_one_that_is_not_there(world: PortalWorld) -> None:
    others = next(record for record in records(world, AUDITOR) if record["subject"] == "public")["receipt"]
    for receipt in (others, "99-99"):
        answer = world.ask(f'{{auditRecord(receipt: "{receipt}"){{state}}}}', by=CONSUMERS_HEAD)
        assert answer.data == {"auditRecord": None}


@pytest.mark.clause("threats.md T5")
def test_statistics_count_what_may_be_read(world: PortalWorld) -> None:
    def counts(by: str, grouping: str, arguments: str = "") -> dict[str | None, tuple[int, int, int]]:
        document = f"{{auditStatistics(by: {grouping}{arguments}){{key uses permitted denied rows}}}}"
        found = world.ask(document, by=by).data["auditStatistics"]
        assert all(one["uses"] == one["permitted"] + one["denied"] for one in found)
        return {one["key"]: (one["uses"], one["denied"], one["rows"]) for one in found}

    assert counts(AUDITOR, "ENTRY") == {RESIDENTS: (3, 1, 3), VILLAGES: (2, 0, 2), VISITS: (1, 0, 2)}
    assert counts(PROVIDERS_MANAGER, "ENTRY") == {RESIDENTS: (3, 1, 3), VILLAGES: (2, 0, 2)}
    assert counts(BYSTANDERS_ANALYST, "ENTRY") == {VISITS: (1, 0, 2), VILLAGES: (1, 0, 1), RESIDENTS: (1, 1, 0)}
    assert counts(CONSUMERS_HEAD, "PURPOSE") == {"verification": (3, 0, 5)}
    assert counts(PROVIDERS_MANAGER, "DEPARTMENT")[None] == (1, 0, 1)
    assert len(counts(AUDITOR, "DAY")) == 1
    assert counts(AUDITOR, "ENTRY", ', since: "2030-01-01T00:00:00Z"') == {}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{auditRecords(first: 0){next}}", "BAD_INPUT"),
        ("{auditRecords(first: 201){next}}", "BAD_INPUT"),
        ('{auditRecords(since: "yesterday"){next}}', "BAD_INPUT"),
        ('{auditRecords(subject: "a\\u0000"){next}}', "BAD_INPUT"),
        ('{auditRecord(receipt: "x"){state}}', "BAD_INPUT"),
        ("{auditStatistics(by: ENTRY, first: 1001){uses}}", "BAD_INPUT"),
    ],
)
def test_what_cannot_be_asked_is_refused(world: PortalWorld, document: str, code: str) -> None:
    assert world.ask(document, by=AUDITOR).codes == [code]
