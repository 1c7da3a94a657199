"""The bundle as a folder: whole, without faults, with nothing in it that is secret."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.bundles.bundle import Bundle
from portal.bundles.reading import ReadBundle, read_bundle
from portal.catalog.codes import is_social_credit_code
from portal.catalog.entries import EntryStatus
from portal.demonstration.making import make_bundle
from portal.policies.records import FullMask, GeneraliseMask, HashMask, PartialMask
from portal.vocabulary import ShareClass
from tests.unit.demonstration.conftest import MADE_AT, Rows


@pytest.mark.clause("bundle.md")
def test_bundle_has_no_faults_and_remarks_of_two_agreements_alone(read: ReadBundle) -> None:
    assert read.faults == ()
    assert len(read.remarks) == 2
    assert "nt-demo-0004 ended" in read.remarks[0].en
    assert "nt-demo-0006 begins" in read.remarks[1].en


def test_bundle_holds_real_divisions_and_twenty_thousand_synthetic_rows(bundle: Bundle) -> None:
    counts = {entry.identifier: bundle.datasets[entry.code].row_count for entry in bundle.entries}
    assert counts == {
        "provinces": 31,
        "cities": 342,
        "areas": 2978,
        "streets": 41352,
        "villages": 24886,
        "legal_persons": 4000,
        "licences": 3940,
        "residents": 12000,
        "case_files": 60,
        "social_insurance": 0,
    }


def test_abstracts_tell_the_number_of_rows_and_that_they_are_synthetic(bundle: Bundle) -> None:
    for entry in bundle.entries:
        count = bundle.datasets[entry.code].row_count
        assert not count or f" {count} " in entry.abstract, entry.identifier
        is_real = entry.identifier in ("provinces", "cities", "areas", "streets", "villages")
        assert is_real == ("国家统计局" in entry.abstract)
        assert is_real != ("合成数据" in entry.keywords)


def test_departments_have_codes_that_nobody_has(bundle: Bundle) -> None:
    assert len(bundle.departments) >= 10
    for department in bundle.departments:
        assert re.fullmatch("1[12]999999.{10}", department.code)
        assert is_social_credit_code(department.code)
        assert department.name.endswith("（演示）")


def test_accounts_are_named_by_function(bundle: Bundle) -> None:
    assert len([each for each in bundle.applications if each.matters]) >= 8
    assert {each.auth_level for each in bundle.applications} == {1, 2, 3}
    assert len({zone for each in bundle.applications if (zone := each.network_zone)}) == 2
    assert {role for user in bundle.users for role in user.roles} >= {"auditor", "information_manager", "registrar"}
    names = [each.name for each in bundle.applications] + [each.name for each in bundle.users]
    assert [name for name in names if not name.endswith("（演示）")] == []


def test_entries_are_of_every_share_class_and_one_is_a_draft(bundle: Bundle) -> None:
    assert {entry.share_class for entry in bundle.entries} == set(ShareClass)
    assert [entry.identifier for entry in bundle.entries if entry.status is EntryStatus.DRAFT] == ["social_insurance"]
    assert {item.type.value for entry in bundle.entries for item in entry.items} == {
        "string",
        "integer",
        "decimal",
        "boolean",
        "date",
        "datetime",
        "json",
    }


def test_records_show_each_mask_scope_and_kind(bundle: Bundle, bundle_folder: Path) -> None:
    kinds = {written.record.kind.value for written in bundle.records}
    assert {"statutory", "restriction"} <= kinds
    terms = [json.loads(path.read_text(encoding="utf-8"))["terms"] for path in agreement_files(bundle_folder)]
    masks = {kind for each in terms for mask in each["obligations"].get("mask", {}).values() for kind in mask}
    assert masks == {"partial", "hash", "generalise", "full"}
    assert {purpose for each in terms for purpose in each["purposes"]} >= {
        "verification",
        "business_collaboration",
        "work_reference",
    }
    scopes = [json.dumps(each["scope"]) for each in terms]
    assert [scope for scope in scopes if '"subject": "region"' in scope]
    assert [scope for scope in scopes if '"subject"' not in scope and scope != "{}"]


def test_masks_are_read_as_meant(bundle: Bundle) -> None:
    masks = {type(mask) for written in bundle.records for _, mask in written.record.obligations.masks}
    assert masks <= {PartialMask, GeneraliseMask, HashMask, FullMask}
    assert masks >= {PartialMask, GeneraliseMask, FullMask}


def agreement_files(folder: Path) -> list[Path]:
    return sorted((folder / "agreements").glob("*.json"))


def test_agreements_are_signed_by_all_three_and_lie_around_the_day(bundle: Bundle) -> None:
    in_force = [each.id for each in bundle.agreements if each.valid_from <= MADE_AT < each.valid_until]
    assert in_force == ["nt-demo-0001", "nt-demo-0002", "nt-demo-0003", "nt-demo-0005", "nt-demo-0007", "nt-demo-0008"]
    for agreement in bundle.agreements:
        assert len(agreement.signatures) == 3
        assert all(signature.signed_at < min(MADE_AT, agreement.valid_from) for signature in agreement.signatures)
        # Midnight in Shanghai, where periods are entered as days.
        assert (agreement.valid_from + timedelta(hours=8)).time().isoformat() == "00:00:00"


@pytest.mark.heavy
@pytest.mark.parametrize("day", [datetime(2027, 2, 28, 15, 59, 59, tzinfo=UTC), datetime(2031, 12, 31, 16, tzinfo=UTC)])
def test_bundle_has_no_faults_whatever_the_day(day: datetime, tmp_path: Path, bundle_folder: Path) -> None:
    make_bundle(tmp_path, day)
    read = read_bundle(tmp_path, day)
    assert read.faults == ()
    assert len(read.remarks) == 2
    for made, other in zip(
        sorted((tmp_path / "data").iterdir()), sorted((bundle_folder / "data").iterdir()), strict=True
    ):
        assert made.read_bytes() == other.read_bytes()


def test_bundle_holds_no_private_key(bundle_folder: Path) -> None:
    assert [path for path in bundle_folder.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()] == []
    assert {path.suffix for path in (bundle_folder / "keys").rglob("*.*")} == {".pem", ".crl"}


def test_links_lead_to_rows_that_are_there(bundle: Bundle, rows: Rows) -> None:
    entries = {entry.identifier: entry for entry in bundle.entries}
    for entry in bundle.entries:
        for link in entry.links:
            assert link.target in entries
            if not link.many:
                (item,), (target_item,) = link.items, link.target_items
                targets = {row[target_item] for row in rows[link.target]}
                assert {row[item] for row in rows[entry.identifier]} <= targets, (entry.identifier, link.identifier)


def test_csv_files_are_written_as_the_catalog_names_items(bundle: Bundle, bundle_folder: Path) -> None:
    for entry in bundle.entries:
        path = bundle_folder / "data" / f"{entry.identifier}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                assert sorted(next(csv.reader(file))) == sorted(item.identifier for item in entry.items)
