"""Transfers from SQLite and PostgreSQL: the same bundle, the same requests, the same content."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.fixtures.exchanging import lines_of, many_villages, shown_rows, transfer
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.postgres import Databases
from tests.fixtures.postgres_portal import set_up_portal
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, PLANNER

VERIFY = {"purpose": "VERIFICATION"}
REQUESTS: list[tuple[str, str | None, dict[str, Any]]] = [
    ("villages", None, {"items": ["code", "name", "population", "area", "founded", "urban"]}),
    ("villages", CHECKER, {"items": ["code", "note"], **VERIFY, "orderBy": [{"population": "DESC"}], "first": 1700}),
    ("villages", CHECKER, {"items": ["code"], "where": {"area": {"gte": "2000.25"}}, "orderBy": [{"name": "ASC"}]}),
    ("residents", CHECKER, {**VERIFY, "items": ["code", "income", "seen", "born", "present", "details"]}),
    ("residents", PLANNER, {"purpose": "WORK_REFERENCE", "items": ["name", "born", "income", "details"]}),
    ("residents", OUTSIDER, {**VERIFY, "items": ["name"]}),
    ("residents", CHECKER, {**VERIFY, "items": ["id_number"]}),
]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, postgres: Databases) -> Iterator[tuple[PortalWorld, PortalWorld]]:
    draft = many_villages(2500)
    with set_up_portal(postgres) as environment:
        settings = {name.removeprefix("PORTAL_").lower(): value for name, value in environment.items()}
        folders: list[Path] = [tmp_path_factory.mktemp(name) for name in ("sqlite", "postgres")]
        with open_world(draft, folders[0]) as one, open_world(draft, folders[1], **settings) as other:
            yield one, other


@pytest.mark.parametrize(("entry", "by", "members"), REQUESTS)
def test_transfers_are_alike(
    worlds: tuple[PortalWorld, PortalWorld], entry: str, by: str | None, members: dict[str, Any]
) -> None:
    one, other = (transfer(world, entry, by, format="jsonl", **members) for world in worlds)
    assert one.status == other.status
    if one.status != 200:
        assert one.payload == other.payload
        return
    rows, manifest = lines_of(one)
    others, its_manifest = lines_of(other)
    assert rows == others
    assert (manifest["rows"], manifest["sha256"]) == (its_manifest["rows"], its_manifest["sha256"])
    assert len(rows) > 0
    for world in worlds:
        file = transfer(world, entry, by, format="parquet", **members)
        assert shown_rows(pq.read_table(io.BytesIO(file.content))) == rows
    number = other.headers["portal-transfer"]
    found = worlds[1].send("GET", f"/exchange/{entry}/manifest/{number}", by=by).payload["manifest"]
    assert found == its_manifest
