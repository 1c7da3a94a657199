"""What stops a transfer in between: nothing more leaves, nothing says that it is whole, and what left is on record."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.exchanging import Taking, frames_of, many_villages, records_of, transfer
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, PLANNER
from tests.fixtures.small_bundle import BundleDraft

ROWS = 3500
ITEMS = ["code", "population"]

Change = Callable[[BundleDraft], object]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with open_world(many_villages(ROWS), tmp_path) as world:
        yield world


def changed(world: PortalWorld, folder: Path, change: Change) -> None:
    draft = many_villages(ROWS)
    change(draft)
    world.load(draft, folder)


def withdraw(draft: BundleDraft) -> None:
    """Nobody is shown villages any more."""
    for one in draft.entries["villages"]["items"]:
        one["share_class"], one["open"] = "not_shared", False
    draft.entries["villages"] |= {"share_class": "not_shared", "legal_basis": "测试依据", "open": False}


def restrict_rows(draft: BundleDraft) -> None:
    """Fewer rows for the consumer; what it may use stays the same."""
    draft.policies["fewer"] = {
        "id": "fewer",
        "effect": "deny",
        "kind": "restriction",
        "consumer": "any_department",
        "resource": "303001001/00001",
        "items": ["*"],
        "purposes": ["*"],
        "modes": ["*"],
        "basis": "测试依据",
        "scope": {"population": {"gte": 3400}},
    }


def another_row(draft: BundleDraft) -> None:
    """Another version of the rows."""
    draft.rows["villages"].append("99999999,新村,1,1.00,1950-10-01,true,")


def rows_in(content: bytes) -> int:
    return content.count(b"\n") - 1


@pytest.mark.clause("threats.md T16")
@pytest.mark.clause("threats.md T15")
@pytest.mark.parametrize(
    ("change", "code"), [(withdraw, "ITEM_DENIED"), (restrict_rows, "CONFLICT"), (another_row, None)]
)
def test_transfer_breaks_off_before_its_next_part_when_what_it_rests_on_changes(
    world: PortalWorld, tmp_path: Path, change: Change, code: str | None
) -> None:
    async def revoke(part: int) -> None:
        if part == 2:
            await asyncio.to_thread(changed, world, tmp_path / "changed", change)

    taking = Taking(revoke).take(world, "villages", CHECKER, items=ITEMS)
    assert (taking.status, len(taking.parts), taking.is_whole) == (200, 2, False)
    records = records_of(world)
    released = [record for record in records if record.get("decision") == "permit" and "act" not in record]
    assert sum(record["rows"] for record in released) == rows_in(taking.content) == 2000
    assert not [record for record in records if record.get("act") == "transfer_ended"]
    if code is not None:
        assert (records[-1]["decision"], records[-1]["code"], records[-1]["mode"]) == ("deny", code, "exchange")
    number = taking.headers["portal-transfer"]
    assert world.send("GET", f"/exchange/villages/manifest/{number}", by=CHECKER).status == 404


@pytest.mark.clause("threats.md T16")
def test_transfer_breaks_off_when_its_token_ends(world: PortalWorld) -> None:
    token = world.token(CHECKER, ttl_seconds=2)

    async def linger(part: int) -> None:
        if part == 1:
            await asyncio.sleep(2.5)

    taking = Taking(linger)
    world.run(taking.ask(world, "villages", token, {"items": ITEMS}))
    assert (taking.status, len(taking.parts), taking.is_whole) == (200, 1, False)


@pytest.mark.clause("threats.md T16")
def test_nothing_is_decided_or_read_ahead_of_a_reader_that_takes_nothing(world: PortalWorld) -> None:
    counted: list[int] = []

    async def wait(part: int) -> None:
        for _ in range(20):
            await asyncio.sleep(0.01)
        counted.append(len([record for record in records_of(world) if "act" not in record]))

    assert Taking(wait).take(world, "villages", CHECKER, items=ITEMS).is_whole
    assert counted == [1, 2, 3, 4]


def test_transfer_stops_when_its_reader_is_gone(world: PortalWorld) -> None:
    taking = Taking()

    async def leave(_: int) -> None:
        taking.is_gone = True

    taking.between = leave
    taking.take(world, "villages", CHECKER, items=ITEMS)
    assert (len(taking.parts), taking.is_whole) == (1, False)
    assert len(records_of(world)) == 1


@pytest.mark.clause("threats.md T17")
def test_end_leaves_only_once_it_is_on_record(world: PortalWorld) -> None:
    ended: list[int] = []

    async def look(_: int) -> None:
        ended.append(len([record for record in records_of(world) if record.get("act") == "transfer_ended"]))

    assert Taking(look).take(world, "villages", CHECKER, items=ITEMS).is_whole
    assert ended == [0, 0, 0, 1]


def test_quota_of_the_day_holds_between_transfers(tmp_path: Path) -> None:
    draft = many_villages(3000)
    for one in draft.entries["villages"]["items"]:
        one |= {"share_class": "conditional", "share_condition": "按三方协议", "open": False}
    draft.entries["villages"] |= {"share_class": "conditional", "share_condition": "按三方协议", "open": False}
    draft.policies["daily"] = {
        **draft.policies["verify"],
        "id": "daily",
        "resource": "303001001/00001",
        "items": ITEMS,
        "scope": {},
        "obligations": {"daily_rows": 4000},
    }
    del draft.policies["daily"]["scope"]
    with open_world(draft, tmp_path) as world:
        whole = Taking().take(world, "villages", CHECKER, items=ITEMS, purpose="VERIFICATION")
        assert (whole.is_whole, rows_in(whole.content)) == (True, 3000)
        refused = transfer(world, "villages", CHECKER, items=ITEMS, purpose="VERIFICATION")
        assert (refused.status, refused.codes) == (403, ["QUOTA_EXCEEDED"])
        rest = Taking().take(world, "villages", CHECKER, items=ITEMS, purpose="VERIFICATION", first=1000)
        assert (rest.is_whole, rows_in(rest.content)) == (True, 1000)
        assert transfer(world, "villages", CHECKER, items=ITEMS, purpose="VERIFICATION", first=1).status == 403


def asked(**members: object) -> dict[str, Any]:
    return {"items": ITEMS, "where": {"population": {"lt": 3000}}, "orderBy": [{"population": "DESC"}], **members}


def cut_after(world: PortalWorld, parts: int, **members: object) -> bytes:
    """What a reader has that is gone after so many parts."""
    taking = Taking()

    async def leave(part: int) -> None:
        taking.is_gone = part == parts

    taking.between = leave
    return taking.take(world, "villages", CHECKER, frames=True, **asked(**members)).content


@pytest.mark.parametrize("chosen", ["csv", "jsonl"])
@pytest.mark.parametrize("parts", [1, 2])
def test_cut_transfer_goes_on_to_the_very_same_whole(world: PortalWorld, chosen: str, parts: int) -> None:
    whole, expected = frames_of(transfer(world, "villages", CHECKER, frames=True, **asked(format=chosen)).content)
    first, missing = frames_of(cut_after(world, parts, format=chosen))
    assert missing is None
    rest, manifest = frames_of(
        transfer(world, "villages", CHECKER, frames=True, after=first[-1][0]["after"], **asked(format=chosen)).content
    )
    assert [body for _, body in (*first, *rest)] == [body for _, body in whole]
    assert manifest is not None
    assert expected is not None
    same = ("rows", "bytes", "chain", "columns", "parts")
    assert {name: manifest[name] for name in same} == {name: expected[name] for name in same}
    assert manifest["rows"] == 3000
    assert (manifest["sha256"], expected["sha256"] is None) == (None, False)


@pytest.mark.clause("threats.md T2")
def test_token_goes_on_with_its_own_transfer_alone(world: PortalWorld) -> None:
    ((head, _),), _ = frames_of(cut_after(world, 1))
    token = head["after"]
    damaged = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    for by, after, members in (
        (PLANNER, token, {}),
        (None, token, {}),
        (CHECKER, damaged, {}),
        (CHECKER, token[:40], {}),
        (CHECKER, "é", {}),
        (CHECKER, token, {"items": ["code"]}),
        (CHECKER, token, {"where": {"population": {"lt": 3001}}}),
        (CHECKER, token, {"orderBy": [{"population": "ASC"}]}),
        (CHECKER, token, {"format": "jsonl"}),
        (CHECKER, token, {"purpose": "VERIFICATION"}),
        (CHECKER, token, {"first": 10}),
        (CHECKER, token, {"raw": True}),
    ):
        answer = transfer(world, "villages", by, frames=True, after=after, **{**asked(), **members})
        assert (answer.status, answer.codes) == (400, ["BAD_INPUT"])


@pytest.mark.clause("threats.md T16")
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [(withdraw, 404, "NOT_VALID"), (restrict_rows, 409, "CONFLICT"), (another_row, 409, "CONFLICT")],
)
def test_cut_transfer_does_not_go_on_when_what_it_rests_on_changed(
    world: PortalWorld, tmp_path: Path, change: Change, status: int, code: str
) -> None:
    ((head, _),), _ = frames_of(cut_after(world, 1))
    changed(world, tmp_path / "changed", change)
    answer = transfer(world, "villages", CHECKER, frames=True, after=head["after"], **asked())
    assert (answer.status, answer.codes) == (status, [code])
