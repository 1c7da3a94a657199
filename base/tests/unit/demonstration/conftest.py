"""The demonstration's bundle, made once for all tests of a worker, and its rows read as plain text."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.bundles.bundle import Bundle
from portal.bundles.reading import ReadBundle, read_bundle
from portal.demonstration.making import make_bundle

MADE_AT = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)

Rows = Mapping[str, list[dict[str, str]]]


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    make_bundle(folder, MADE_AT)
    return folder


@pytest.fixture(scope="session")
def read(bundle_folder: Path) -> ReadBundle:
    return read_bundle(bundle_folder, MADE_AT)


@pytest.fixture(scope="session")
def bundle(read: ReadBundle) -> Bundle:
    assert read.faults == ()
    assert read.bundle is not None
    return read.bundle


@pytest.fixture(scope="session")
def rows(bundle_folder: Path) -> Rows:
    return {path.stem: read_rows(path) for path in (bundle_folder / "data").glob("*.csv")}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
