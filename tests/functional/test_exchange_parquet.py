"""Transfers as Parquet: what JSON Lines hold for the same asker, typed; whole or not to be opened (T4, T16)."""

import asyncio
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.exchange.parquet import GROUP_ROWS, MANIFEST, WATERMARK
from tests.architecture.sources import PROJECT
from tests.fixtures.exchanging import (
    Taking,
    exchanging_bundle,
    frames_of,
    lines_of,
    many_villages,
    records_of,
    shown_rows,
    transfer,
)
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, CLERK, KEEPER, OUTSIDER, PLANNER, ROAMER
from tests.fixtures.small_bundle import BundleDraft

ROWS = GROUP_ROWS + 1500
ITEMS = [
    ["code"],
    ["code", "name", "division"],
    ["name", "income", "born", "details"],
    ["code", "seen", "present", "children"],
    ["code", "id_number"],
]
ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"matter": "999999-0002"},
    {"where": {"code": {"lte": "r03"}}, "orderBy": [{"income": "ASC"}, {"code": "DESC"}]},
    {"where": {"children": {"eq": "x"}}},
    {"first": 2},
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(exchanging_bundle(), tmp_path_factory.mktemp("parquet")) as world:
        yield world


@pytest.fixture
def large(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(many_villages(ROWS), tmp_path) as world:
        yield world


@pytest.mark.clause("threats.md T4")
@pytest.mark.parametrize("by", [None, CHECKER, PLANNER, OUTSIDER, ROAMER, CLERK, KEEPER])
@pytest.mark.parametrize("purpose", ["VERIFICATION", "WORK_REFERENCE"])
def test_rows_masks_and_refusals_are_those_of_json_lines(world: PortalWorld, by: str | None, purpose: str) -> None:
    for items in ITEMS:
        for arguments in ARGUMENTS:
            members = {"items": items, "purpose": purpose, **arguments}
            lines = transfer(world, "residents", by, format="jsonl", **members)
            file = transfer(world, "residents", by, format="parquet", **members)
            assert (file.status, file.status == 200) == (
                lines.status,
                "application/vnd" in file.headers["content-type"],
            )
            if lines.status == 200:
                assert shown_rows(pq.read_table(io.BytesIO(file.content))) == lines_of(lines)[0]
            else:
                assert file.payload == lines.payload


def test_grid_holds_rows_masks_and_refusals(world: PortalWorld) -> None:
    """The positive control of the comparison."""
    stated: dict[str, Any] = {"purpose": "WORK_REFERENCE", "matter": "999999-0002", "format": "parquet"}
    masked = transfer(world, "residents", PLANNER, items=["name", "born", "income", "details"], **stated)
    (first, *_) = shown_rows(pq.read_table(io.BytesIO(masked.content)))
    assert first == {"name": "合***", "born": "1980-01-01", "income": "100.00", "details": None}
    refused = transfer(world, "residents", OUTSIDER, items=["name"], purpose="VERIFICATION", format="parquet")
    assert (refused.status, refused.errors[0]["extensions"]["code"]) == (403, "QUOTA_EXCEEDED")


@pytest.mark.clause("threats.md T17")
def test_file_tells_whose_copy_it_is_and_its_manifest_tells_the_file(world: PortalWorld) -> None:
    answer = transfer(world, "villages", CHECKER, items=["code", "area"], purpose="VERIFICATION", format="parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    number = answer.headers["portal-transfer"]
    assert answer.headers["content-disposition"] == f'attachment; filename="villages-{number}.parquet"'
    manifest = world.send("GET", f"/exchange/villages/manifest/{number}", by=CHECKER).payload["manifest"]
    expected = (len(answer.content), hashlib.sha256(answer.content).hexdigest(), 4, "parquet")
    assert (manifest["bytes"], manifest["sha256"], manifest["rows"], manifest["format"]) == expected
    metadata = pq.read_metadata(io.BytesIO(answer.content)).metadata
    watermark = metadata[WATERMARK.encode()].decode()
    assert watermark == answer.headers["portal-watermark"] == manifest["watermark"]
    assert watermark.startswith("department=11999999MB0000019T; application=checker; purpose=verification; ")
    assert f"; time={manifest['beganAt']}; " in watermark
    facts = json.loads(metadata[MANIFEST.encode()])
    assert facts == {
        name: manifest[name] for name in manifest.keys() - {"bytes", "sha256", "chain", "endedAt", "receipt"}
    }
    assert facts["policies"] == ["open-villages", "unconditional-villages"]


def test_public_is_told_of_no_policy_within_the_file(world: PortalWorld) -> None:
    answer = transfer(world, "villages", None, items=["code"], format="parquet")
    metadata = pq.read_metadata(io.BytesIO(answer.content)).metadata
    assert json.loads(metadata[MANIFEST.encode()])["policies"] == []


def test_transfer_without_rows_is_a_whole_file(world: PortalWorld) -> None:
    answer = transfer(world, "villages", CHECKER, items=["code"], where={"code": {"eq": "none"}}, format="parquet")
    table = pq.read_table(io.BytesIO(answer.content))
    assert (table.num_rows, table.column_names) == (0, ["code"])


@pytest.mark.clause("threats.md T16")
def test_file_is_no_file_where_its_transfer_breaks_off(large: PortalWorld, tmp_path: Path) -> None:
    async def revoke(message: int) -> None:
        if message == 2:
            await asyncio.to_thread(large.load, withdrawn(), tmp_path / "changed")

    taking = Taking(revoke).take(large, "villages", CHECKER, items=["code", "population"], format="parquet")
    assert (taking.status, taking.is_whole) == (200, False)
    assert taking.content.startswith(b"PAR1")
    assert len(taking.content) > 10_000
    with pytest.raises((pa.ArrowInvalid, OSError)):
        pq.ParquetFile(io.BytesIO(taking.content))
    records = records_of(large)
    assert (records[-1]["decision"], records[-1]["mode"]) == ("deny", "exchange")
    assert not [record for record in records if record.get("act") == "transfer_ended"]
    number = taking.headers["portal-transfer"]
    assert large.send("GET", f"/exchange/villages/manifest/{number}", by=CHECKER).status == 404


def withdrawn() -> BundleDraft:
    draft = many_villages(ROWS)
    for one in draft.entries["villages"]["items"]:
        one["share_class"], one["open"] = "not_shared", False
    draft.entries["villages"] |= {"share_class": "not_shared", "legal_basis": "测试依据", "open": False}
    return draft


@pytest.mark.clause("threats.md T16")
def test_each_part_is_decided_and_recorded_and_the_frames_make_the_file(large: PortalWorld) -> None:
    content = Taking().take(large, "villages", CHECKER, items=["code"], format="parquet", frames=True).content
    frames, manifest = frames_of(content)
    assert manifest is not None
    assert [head["rows"] for head, _ in frames] == [1000] * (ROWS // 1000) + [ROWS % 1000]
    assert [bool(body) for _, body in frames] == [True, *[False] * 8, True, False, True]
    assert {head["after"] for head, _ in frames} == {None}
    file = b"".join(body for _, body in frames)
    assert hashlib.sha256(file).hexdigest() == manifest["sha256"]
    parsed = pq.ParquetFile(io.BytesIO(file))
    assert (parsed.metadata.num_rows, parsed.metadata.num_row_groups) == (ROWS, 2)
    *read, ended = records_of(large)
    assert [record["rows"] for record in read] == [head["rows"] for head, _ in frames]
    assert (ended["act"], ended["details"]["rows"]) == ("transfer_ended", ROWS)


def test_transfer_can_not_be_gone_on_with(world: PortalWorld) -> None:
    answer = transfer(world, "villages", CHECKER, items=["code"], format="parquet", frames=True, after="x")
    assert answer.status == 400
    assert answer.errors[0]["message"] == (
        "only `csv` and `jsonl` in frames can be gone on with; begin this transfer anew"
    )


def test_pyarrow_is_imported_where_parquet_is_asked_for_alone(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.fixtures.exchanging import exchanging_bundle, transfer\n"
        "from tests.fixtures.portal_world import open_world\n"
        f"with open_world(exchanging_bundle(), Path({str(tmp_path)!r})) as world:\n"
        "    for chosen in ('csv', 'jsonl', 'xlsx', 'parquet'):\n"
        "        answer = transfer(world, 'villages', None, items=['code'], format=chosen)\n"
        "        print(chosen, answer.status, 'pyarrow' in sys.modules)\n"
        "        world.ask('{ shared { villages { totalCount } } }')\n"
    )
    command = [sys.executable, "-c", program]
    environ = {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environ)
    assert done.stderr == ""
    assert done.stdout == "csv 200 False\njsonl 200 False\nxlsx 200 False\nparquet 200 True\n"
