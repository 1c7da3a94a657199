import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.bundles.reading import ReadBundle, read_bundle
from portal.errors import Language
from tests.fixtures import authority
from tests.fixtures.dataset_rows import rows_of
from tests.fixtures.small_bundle import AUTHORITY, CONSUMER, NOW, PROVIDER, entry, item, small_bundle, statutory

UNREGISTERED = "11999999MB0000043B"
RESIDENTS = "303001001/00002"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle with something of everything and no fault."""
    draft = small_bundle()
    document = authority.agreement_document()
    document["terms"]["resource"] = RESIDENTS
    draft.agreements["nt-2026-0001"] = authority.signed(document)
    draft.keys |= authority.authority().files()
    draft.entries["streets"] = entry("streets", "303001001/00003", [item("code"), item("name")])
    draft.rows["streets"] = ["code,name", "1,甲街", "2,乙街"]
    return draft.write(tmp_path)


def read(folder: Path) -> ReadBundle:
    return read_bundle(folder, NOW)


def test_bundle_without_a_fault_is_read_whole(folder: Path) -> None:
    reading = read(folder)
    assert reading.faults == ()
    assert reading.bundle is not None
    bundle = reading.bundle
    assert (bundle.profile, bundle.title) == ("nantong-2015", "测试门户")
    assert [department.code for department in bundle.departments] == sorted([CONSUMER, PROVIDER, AUTHORITY])
    assert [group.code for group in bundle.groups] == ["inspectors", "readers"]
    assert [application.id for application in bundle.applications] == ["checker"]
    assert [user.id for user in bundle.users] == ["clerk", "keeper"]
    assert [each.identifier for each in bundle.entries] == ["villages", "residents", "streets"]
    assert [written.record.id for written in bundle.records] == ["restriction-1", "statute-1"]
    assert [agreement.id for agreement in bundle.agreements] == ["nt-2026-0001"]
    assert set(bundle.keys) == set(authority.authority().files())
    assert {code: dataset.row_count for code, dataset in bundle.datasets.items()} == {
        "303001001/00001": 3,
        RESIDENTS: 3,
        "303001001/00003": 2,
    }
    assert list(rows_of(bundle.datasets[bundle.entries[2].code], bundle.entries[2])) == [("1", "甲街"), ("2", "乙街")]


def test_bundle_of_a_manifest_alone_is_empty(tmp_path: Path) -> None:
    (tmp_path / "bundle.toml").write_text('profile = "wuhai"\ntitle = "空"\n', encoding="utf-8")
    reading = read(tmp_path)
    assert (reading.faults, reading.remarks) == ((), ())
    assert reading.bundle is not None
    assert (reading.bundle.profile, reading.bundle.entries, reading.bundle.datasets) == ("wuhai", (), {})


def test_entry_without_a_file_has_no_rows(folder: Path) -> None:
    (folder / "data" / "streets.csv").unlink()
    reading = read(folder)
    assert reading.bundle is not None
    assert [dataset.row_count for dataset in reading.bundle.datasets.values()] == [3, 3, 0]


@pytest.mark.parametrize("name", ["nowhere", "bundle.toml"])
def test_folder_that_is_none_is_one_fault(folder: Path, name: str) -> None:
    reading = read(folder / name)
    assert [(fault.file, fault.what.en) for fault in reading.faults] == [
        (str(folder / name), "there is no such folder")
    ]
    assert reading.bundle is None


def test_remarks_tell_what_is_no_fault(folder: Path) -> None:
    change_json(folder / "catalog/villages.json", lambda document: document.update(related=["303001001/7"]))
    document = statutory("open-villages", kind="open_data", consumer="public", resource="303001001/00001", items=["*"])
    (folder / "policies/open-villages.json").write_text(json.dumps(document), encoding="utf-8")
    reading = read_bundle(folder, datetime(2027, 6, 1, tzinfo=UTC))
    assert reading.faults == ()
    remarks = [remark.en for remark in reading.remarks]
    assert any("`303001001/7`, which isn't in this catalog" in remark for remark in remarks)
    assert "`open-villages` doesn't cover note: the catalog doesn't let it" in remarks
    assert any("agreement nt-2026-0001 ended" in remark for remark in remarks)


def test_agreement_on_what_is_not_shared_covers_nothing_and_says_so(folder: Path) -> None:
    change_json(
        folder / "catalog/residents.json", lambda document: document.update(share_class="not_shared", legal_basis="法")
    )
    reading = read(folder)
    assert reading.faults == ()
    assert "`nt-2026-0001` doesn't cover name, division: the catalog doesn't let it" in [
        remark.en for remark in reading.remarks
    ]


def change_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def recode(path: Path, encoding: str) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))


def break_json(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(",", "", 1), encoding="utf-8")


def policy(name: str, **members: object) -> str:
    return json.dumps(statutory(name, **members))


@dataclass(frozen=True)
class Planted:
    """One fault: how it gets into the bundle, and where it is found."""

    plant: Callable[[Path], object]
    file: str
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        return f"{self.file}-{self.row}-{self.column}"


THIRTY = [
    Planted(lambda at: write(at / "bundle.toml", 'profile = "nantong"\ntitle = "x"\n'), "bundle.toml", None, "profile"),
    Planted(lambda at: replace(at / "departments.csv", CONSUMER, CONSUMER[:-1] + "9"), "departments.csv", 3, "code"),
    Planted(lambda at: replace(at / "groups.csv", "检查组\n", "检查组\nreaders,重复\n"), "groups.csv", 4, "code"),
    Planted(lambda at: replace(at / "applications.csv", ",2,gov", ",7,gov"), "applications.csv", 2, "auth_level"),
    Planted(lambda at: replace(at / "users.csv", "analyst;", "analist;"), "users.csv", 2, "roles"),
    Planted(lambda at: replace(at / "users.csv", "管理员,", "管理员"), "users.csv", 3),
    Planted(lambda at: write(at / "keys/own.pem", "-----BEGIN PRIVATE KEY-----\n"), "keys/own.pem"),
    Planted(lambda at: write(at / "keys/ca/old.crl", "none"), "keys/ca/old.crl"),
    Planted(lambda at: write(at / "README.md", "x"), "README.md"),
    Planted(lambda at: write(at / "sources.toml", "x"), "sources.toml"),
    Planted(lambda at: (at / "catalog/outside.json").symlink_to("/etc/hostname"), "catalog/outside.json"),
    Planted(
        lambda at: change_json(at / "catalog/villages.json", lambda document: document.update(colour="red")),
        "catalog/villages.json",
        None,
        "colour",
    ),
    Planted(
        lambda at: change_json(
            at / "catalog/villages.json", lambda document: document["items"][1].update(sensitivity=9)
        ),
        "catalog/villages.json",
        None,
        "items[1].sensitivity",
    ),
    Planted(
        lambda at: change_json(at / "catalog/residents.json", lambda document: document.update(classified=True)),
        "catalog/residents.json",
        None,
        "classified",
    ),
    Planted(
        lambda at: change_json(at / "catalog/residents.json", lambda document: document["links"][0].update(target="x")),
        "catalog/residents.json",
        None,
        "links[0].target",
    ),
    Planted(lambda at: break_json(at / "catalog/streets.json"), "catalog/streets.json", 1),
    Planted(
        lambda at: write(
            at / "catalog/roads.json", json.dumps(entry("roads", "303001001/9", [item("id")], provider=UNREGISTERED))
        ),
        "catalog/roads.json",
        None,
        "provider",
    ),
    Planted(
        lambda at: change_json(at / "policies/statute-1.json", lambda document: document.update(items=["nome"])),
        "policies/statute-1.json",
        None,
        "items",
    ),
    Planted(
        lambda at: change_json(
            at / "policies/restriction-1.json", lambda document: document.update(consumer="group:x")
        ),
        "policies/restriction-1.json",
        None,
        "consumer",
    ),
    Planted(lambda at: write(at / "policies/p1.json", policy("p2")), "policies/p1.json", None, "id"),
    Planted(
        lambda at: write(at / "policies/p3.json", policy("p3", kind="agreement")), "policies/p3.json", None, "kind"
    ),
    Planted(
        lambda at: write(at / "policies/p4.json", policy("p4", purposes=["fun"])), "policies/p4.json", None, "purposes"
    ),
    Planted(lambda at: write(at / "policies/p5.json", policy("p5")[:-1] + ', "id": "p5"}'), "policies/p5.json"),
    Planted(
        lambda at: change_json(at / "agreements/nt-2026-0001.json", lambda document: document["signatures"].pop()),
        "agreements/nt-2026-0001.json",
        None,
        "signatures",
    ),
    Planted(lambda at: replace(at / "data/villages.csv", "东村,", "东村"), "data/villages.csv", 2),
    Planted(
        lambda at: replace(at / "data/villages.csv", '99999902,西村,""', '99999902,西"村,""'), "data/villages.csv", 3
    ),
    Planted(lambda at: replace(at / "data/residents.csv", "1980-01-31", "1980-02-31"), "data/residents.csv", 2, "born"),
    Planted(lambda at: replace(at / "data/residents.csv", "-0.01", "-0.001"), "data/residents.csv", 3, "income"),
    Planted(
        lambda at: write(
            at / "data/residents.csv", (at / "data/residents.csv").read_bytes() + b"r4,,,,,,,,\nr4,,,,,,,,\n"
        ),
        "data/residents.csv",
        6,
        "code",
    ),
    Planted(lambda at: write(at / "data/nowhere.csv", "code\n"), "data/nowhere.csv"),
]
MORE = [
    Planted(lambda at: (at / "bundle.toml").unlink(), "bundle.toml"),
    Planted(lambda at: replace(at / "departments.csv", "groups\n", "grups\n"), "departments.csv", 1, "grups"),
    Planted(lambda at: replace(at / "departments.csv", "提供方", '提"供方'), "departments.csv", 2),
    Planted(lambda at: replace(at / "departments.csv", "提供方", '"提供方'), "departments.csv", 2),
    Planted(lambda at: replace(at / "departments.csv", PROVIDER, "11999999MB0000127M"), "departments.csv", 2, "code"),
    Planted(lambda at: recode(at / "departments.csv", "gb18030"), "departments.csv", 2),
    Planted(lambda at: recode(at / "applications.csv", "utf-16"), "applications.csv", 1),
    Planted(lambda at: recode(at / "catalog/residents.json", "gb18030"), "catalog/residents.json", 1),
    Planted(lambda at: break_json(at / "catalog/residents.json"), "catalog/residents.json", 1),
    Planted(lambda at: break_json(at / "catalog/villages.json"), "catalog/villages.json", 1),
    Planted(
        lambda at: change_json(at / "catalog/residents.json", lambda document: document.update(code="103001001/00002")),
        "catalog/residents.json",
        None,
        "code",
    ),
    Planted(
        lambda at: change_json(at / "catalog/residents.json", lambda document: document.update(provider=UNREGISTERED)),
        "catalog/residents.json",
        None,
        "provider",
    ),
    Planted(
        lambda at: change_json(at / "catalog/residents.json", lambda document: document.pop("key")),
        "catalog/residents.json",
        None,
        "key",
    ),
    Planted(
        lambda at: write(at / "policies/nt-2026-0001.json", policy("nt-2026-0001")),
        "agreements/nt-2026-0001.json",
        None,
        "id",
    ),
    Planted(lambda at: replace(at / "data/residents.csv", "code,name", "cod,name"), "data/residents.csv", 1, "cod"),
    Planted(lambda at: recode(at / "data/streets.csv", "gb18030"), "data/streets.csv", 2),
    Planted(lambda at: recode(at / "data/streets.csv", "utf-16"), "data/streets.csv", 1),
]


@pytest.mark.parametrize("planted", THIRTY + MORE, ids=lambda planted: f"{(THIRTY + MORE).index(planted)}-{planted}")
def test_planted_fault_is_found_at_its_place_and_no_other(folder: Path, planted: Planted) -> None:
    planted.plant(folder)
    reading = read(folder)
    assert [(fault.file, fault.row, fault.column) for fault in reading.faults] == [
        (planted.file, planted.row, planted.column)
    ]
    assert reading.bundle is None


def test_thirty_planted_faults_get_thirty_findings(folder: Path) -> None:
    for planted in THIRTY:
        planted.plant(folder)
    reading = read(folder)
    found = [(fault.file, fault.row, fault.column) for fault in reading.faults]
    assert len(found) == len(THIRTY) == 30
    assert set(found) == {(planted.file, planted.row, planted.column) for planted in THIRTY}
    assert reading.bundle is None
    # By file, then row; each says in both languages what is wrong and how to mend it, in one line.
    assert found == sorted(found, key=lambda place: (place[0], place[1] or 0, place[2]))
    for fault in reading.faults:
        for language in Language:
            line = fault.render(language)
            assert line.startswith(fault.file)
            assert "\n" not in line
            assert fault.mend.render(language) in line


def test_data_of_an_entry_that_can_not_be_read_are_not_checked_and_a_remark_says_so(folder: Path) -> None:
    break_json(folder / "catalog" / "streets.json")
    replace(folder / "data" / "streets.csv", "乙街", "乙街,x")
    reading = read(folder)
    assert [fault.file for fault in reading.faults] == ["catalog/streets.json"]
    assert "data/streets.csv wasn't checked: its catalog entry can't be read" in [
        remark.en for remark in reading.remarks
    ]


@pytest.mark.parametrize("name", ["users.csv", "data/streets.csv"])
def test_file_that_vanishes_or_can_not_be_read_is_a_fault(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may read everything, so the system is made to refuse.
    opened = Path.open

    def refuse(path: Path, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # as `Path.open`
        if path == folder / name:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    reading = read(folder)
    assert [(fault.file, fault.what.en) for fault in reading.faults] == [
        (name, "the file can't be read: Permission denied")
    ]
