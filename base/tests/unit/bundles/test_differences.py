from collections.abc import Callable
from pathlib import Path

import pytest

from portal.bundles.loading import LoadOrder, compare_bundle
from portal.bundles.store import PortalStore
from tests.fixtures.small_bundle import (
    CONSUMER,
    NOW,
    BundleDraft,
    add_agreement,
    entry,
    item,
    load,
    new_store,
    small_bundle,
    statutory,
)


def swap_villages(draft: BundleDraft) -> None:
    draft.rows["villages"][1:] = reversed(draft.rows["villages"][1:])


def remove_residents(draft: BundleDraft) -> None:
    del draft.entries["residents"], draft.rows["residents"]
    draft.policies.clear()


def change_key(draft: BundleDraft) -> None:
    draft.entries["villages"]["key"] = ["name"]
    draft.entries["residents"]["links"] = []


def change_rows(draft: BundleDraft) -> None:
    draft.rows["villages"] = ["code,name,note", "99999901,东村,改", "99999902,西村,", "99999904,北村,"]


CHANGES = [
    pytest.param(lambda _: None, [], id="nothing"),
    pytest.param(lambda draft: setattr(draft, "title", "新"), ["changed title: `测试门户` becomes `新`"], id="title"),
    pytest.param(lambda draft: draft.groups.append("g,组"), ["new group `g`"], id="a new group"),
    pytest.param(
        lambda draft: draft.departments.__setitem__(1, f"{CONSUMER},新名,,readers"),
        [f"changed department `{CONSUMER}`: name, region, groups"],
        id="a changed department",
    ),
    pytest.param(lambda draft: draft.users.pop(), ["withdrawn user `keeper`"], id="a user who is gone"),
    pytest.param(
        lambda draft: draft.users.__setitem__(0, f"clerk,经办人,{CONSUMER},analyst,2,internet"),
        ["changed user `clerk`: auth_level, network_zone, roles"],
        id="a changed user",
    ),
    pytest.param(
        lambda draft: draft.applications.__setitem__(0, f"checker,核验应用,{CONSUMER},,2,government,"),
        ["changed application `checker`: matter"],
        id="a changed application",
    ),
    pytest.param(
        lambda draft: draft.policies.update({"statute-2": statutory("statute-2")}),
        ["new policy `statute-2`"],
        id="a new policy",
    ),
    pytest.param(
        lambda draft: draft.policies["statute-1"].update(consumer="public", kind="restriction", effect="deny"),
        ["changed policy `statute-1`: effect, kind, consumer"],
        id="a changed policy",
    ),
    pytest.param(
        lambda draft: draft.entries["villages"].update(format={"category": "file", "type": "csv"}, name="新"),
        ["changed catalog entry `303001001/00001`: name, format"],
        id="a changed entry",
    ),
    pytest.param(
        lambda draft: draft.entries["villages"]["items"][0].update(sensitivity=2),
        ["changed catalog entry `303001001/00001`: items"],
        id="a changed item",
    ),
    pytest.param(
        lambda draft: draft.entries.update({"schools": entry("schools", "303001001/00003", [item("code")])}),
        [
            "new catalog entry `303001001/00003`",
            "new policy `provider-schools`",
        ],
        id="a new entry",
    ),
    pytest.param(
        remove_residents,
        [
            "withdrawn catalog entry `303001001/00002`",
            "withdrawn policy `restriction-1`",
            "withdrawn policy `statute-1`",
        ],
        id="an entry that is gone",
    ),
    pytest.param(change_rows, ["data/villages.csv: rows: 1 added, 1 removed, 2 changed"], id="rows"),
    pytest.param(swap_villages, ["data/villages.csv: rows: another order or layout"], id="the order of rows"),
    pytest.param(
        change_key,
        [
            "changed catalog entry `303001001/00001`: key",
            "changed catalog entry `303001001/00002`: links",
            "data/villages.csv: rows: another order or layout",
            "data/residents.csv: rows: another order or layout",
        ],
        id="the key",
    ),
    pytest.param(
        lambda draft: draft.rows["residents"].__setitem__(3, "r3,,,,,0.01,,,"),
        ["data/residents.csv: rows: 0 added, 0 removed, 1 changed"],
        id="a null that is none now",
    ),
]


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    store = new_store(tmp_path)
    load(small_bundle().read(tmp_path / "bundle"), store)
    return store


def differences(draft: BundleDraft, store: PortalStore, folder: Path) -> list[str]:
    return [line.en for line in compare_bundle(draft.read(folder), store, LoadOrder(NOW))]


@pytest.mark.parametrize(("change", "lines"), CHANGES)
def test_each_change_has_its_line(
    store: PortalStore, tmp_path: Path, change: Callable[[BundleDraft], object], lines: list[str]
) -> None:
    draft = small_bundle()
    change(draft)
    assert differences(draft, store, tmp_path / "changed") == lines
    outcome = load(draft.read(tmp_path / "again"), store)
    assert outcome.changed is bool(lines)
    assert differences(draft, store, tmp_path / "after") == []


def test_an_entry_that_comes_back_is_new(store: PortalStore, tmp_path: Path) -> None:
    without = small_bundle()
    remove_residents(without)
    load(without.read(tmp_path / "without"), store)
    assert differences(without, store, tmp_path / "again") == []
    assert differences(small_bundle(), store, tmp_path / "back") == [
        "new catalog entry `303001001/00002`",
        "new policy `restriction-1`",
        "new policy `statute-1`",
    ]


def test_agreements_and_keys_have_lines(store: PortalStore, tmp_path: Path) -> None:
    draft = small_bundle()
    add_agreement(draft)
    assert differences(draft, store, tmp_path / "changed") == [
        *(f"new key file `{path}`" for path in sorted(draft.keys)),
        "new policy `nt-2026-0001`",
        "new agreement `nt-2026-0001`",
    ]


def test_a_load_counts_what_changed_and_names_what_was_derived(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    outcome = load(small_bundle().read(tmp_path / "bundle"), store)
    assert [line.en for line in outcome.lines] == [
        "groups: 2 new, 0 changed, 0 withdrawn",
        "departments: 3 new, 0 changed, 0 withdrawn",
        "applications: 1 new, 0 changed, 0 withdrawn",
        "users: 2 new, 0 changed, 0 withdrawn",
        "catalog entries: 2 new, 0 changed, 0 withdrawn",
        "policies: 6 new, 0 changed, 0 withdrawn",
        "rows: 6 added, 0 removed, 0 changed",
        "derived from the catalog: `open-villages`, `unconditional-villages`",
    ]


def test_every_line_is_there_in_chinese(store: PortalStore, tmp_path: Path) -> None:
    draft = small_bundle()
    change_rows(draft)
    draft.groups.append("g,组")
    draft.users.pop()
    draft.title = "新"
    draft.departments[1] = f"{CONSUMER},新名,,readers"
    lines = compare_bundle(draft.read(tmp_path / "changed"), store, LoadOrder(NOW))
    assert [line.zh for line in lines] == [
        "变更 title：`测试门户` 改为 `新`",
        "新增部门组 `g`",
        f"变更部门 `{CONSUMER}`：name、region、groups",
        "撤销用户 `keeper`",
        "data/villages.csv：数据行：新增 1，删除 1，变更 2",
    ]
