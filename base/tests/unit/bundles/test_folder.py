import os
from pathlib import Path

import pytest

from portal.bundles.folder import files_inside, scan_folder

KNOWN = [
    "bundle.toml",
    "departments.csv",
    "groups.csv",
    "applications.csv",
    "users.csv",
    "sources.toml",
    "catalog/villages.json",
    "policies/statute-1.json",
    "agreements/nt-1.json",
    "keys/application.pem",
    "keys/ca/root.pem",
    "keys/ca/root.crl",
    "data/villages.csv",
]


def write(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("x", encoding="utf-8")


def faults_of(folder: Path) -> list[tuple[str, str]]:
    return [(fault.file, fault.what.en) for fault in scan_folder(folder)[1]]


def test_every_file_of_the_contract_is_found_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, *KNOWN)
    files, faults = scan_folder(tmp_path)
    assert (sorted(files), faults) == (sorted(KNOWN), [])
    assert all(path == tmp_path / file for file, path in files.items())


def test_empty_folder_has_neither_files_nor_faults(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    assert scan_folder(tmp_path) == ({}, [])


def test_files_inside_are_those_directly_there(tmp_path: Path) -> None:
    write(tmp_path, *KNOWN)
    files, _ = scan_folder(tmp_path)
    assert list(files_inside(files, "keys")) == ["keys/application.pem"]
    assert list(files_inside(files, "keys/ca")) == ["keys/ca/root.crl", "keys/ca/root.pem"]
    assert list(files_inside(files, "nowhere")) == []


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        ".gitignore",
        "bundle.yaml",
        "Departments.csv",
        "catalog/villages.yaml",
        "catalog/deep/x.json",
        "data/villages.json",
        "data/villages.csv~",
        "keys/application.key",
        "keys/ca/root.der",
        "keys/ca/old/root.pem",
        "keys/root.crl",
        "extras/x.csv",
        ".git/config",
    ],
)
def test_unknown_file_is_one_fault(tmp_path: Path, file: str) -> None:
    write(tmp_path, "bundle.toml", file)
    [(found, what)] = faults_of(tmp_path)
    assert file == found or file.startswith(found + "/")
    assert what == "a bundle has no such file"


def test_folder_in_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "users.csv").mkdir()
    (tmp_path / "catalog" / "x.json").mkdir(parents=True)
    assert faults_of(tmp_path) == [
        ("catalog/x.json", "this is no regular file"),
        ("users.csv", "this is no regular file"),
    ]


def test_file_in_place_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "catalog")
    assert faults_of(tmp_path) == [("catalog", "this is no folder")]


def test_pipe_is_a_fault_and_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "users.csv")
    assert faults_of(tmp_path) == [("users.csv", "this is no regular file")]


def test_links_that_stay_inside_are_followed(tmp_path: Path) -> None:
    write(tmp_path, "data/villages.csv", "catalog/villages.json")
    (tmp_path / "data" / "copies.csv").symlink_to("villages.csv")
    (tmp_path / "policies").symlink_to("catalog", target_is_directory=True)
    files, faults = scan_folder(tmp_path)
    assert faults == []
    assert {"data/copies.csv", "policies/villages.json"} <= set(files)


@pytest.mark.parametrize("target", ["../outside.csv", "nowhere.csv", "users.csv", "/etc/hostname"])
def test_link_that_leads_out_or_nowhere_is_a_fault(tmp_path: Path, target: str) -> None:
    bundle = tmp_path / "bundle"
    write(tmp_path, "outside.csv", "bundle/groups.csv")
    (bundle / "users.csv").symlink_to(target)
    assert faults_of(bundle) == [("users.csv", "the link leads out of the bundle, or nowhere")]


def test_linked_folder_that_leads_out_is_a_fault_and_not_entered(tmp_path: Path) -> None:
    write(tmp_path, "outside/x.json", "bundle/groups.csv")
    (tmp_path / "bundle" / "catalog").symlink_to("../outside", target_is_directory=True)
    assert faults_of(tmp_path / "bundle") == [("catalog", "the link leads out of the bundle, or nowhere")]


def test_bundle_that_is_a_link_itself_is_scanned(tmp_path: Path) -> None:
    write(tmp_path, "bundle/catalog/x.json")
    (tmp_path / "link").symlink_to("bundle", target_is_directory=True)
    (tmp_path / "bundle" / "users.csv").symlink_to("catalog/x.json")
    files, faults = scan_folder(tmp_path / "link")
    assert (sorted(files), faults) == (["catalog/x.json", "users.csv"], [])
