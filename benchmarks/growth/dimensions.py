"""The dimensions, each asked for in the portal's own process: what is asked, how often, and what must come of it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import process_time

from benchmarks.decisions.decision_cost import load_matchers
from benchmarks.growth.fitting import Growth
from benchmarks.growth.grown_world import READER, Sizes, asker, chain, crowded, crowded_code, subject_names
from portal.access.asker import Asker, identify
from portal.app import Portal
from portal.errors import Language
from portal.json_text import JsonValue, parse_json
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.matching import Request
from portal.resolvers.endpoint import Operation
from portal.resolvers.operation import answer_operation
from portal.resolvers.over_http import render_payload
from portal.vocabulary import Action, EntryCode, ItemIdentifier, Mode, Purpose

PAGE = 1_000
"""The most rows of a page."""
MOST_EXPONENT = 1.1
"""What is linear may be that much steeper: caches of the processor are smaller than the largest answers."""
_REPEATED_ROWS = 200
Work = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Dimension:
    """What grows: work by size, which returns how much of it there was, and how often a round repeats it."""

    name: str
    work: Mapping[int, Work]
    repeats: Callable[[int], int]


class OtherAnswer(Exception):
    """An answer that isn't what was asked for; nothing is told then."""


async def measure_growth(portal: Portal, sizes: Sizes, rounds: int) -> list[Growth]:
    """Return how each dimension grows; rounds of the sizes are interleaved. Raises: OtherAnswer."""
    return [await _measure(one, rounds) for one in await _dimensions(portal, sizes)]


async def _dimensions(portal: Portal, sizes: Sizes) -> list[Dimension]:
    return [
        Dimension("rows", {size: _rows(portal, size) for size in sizes.rows}, _times),
        Dimension("fields", {size: _fields(portal, size) for size in sizes.fields}, lambda _: 3),
        Dimension("records on an entry", dict(await _records(portal, sizes)), _times),
        Dimension("depth of links", {size: _depth(portal, size) for size in sizes.depth}, lambda _: 3),
        Dimension("subjects", {size: _subjects(portal, sizes, size) for size in sizes.subjects}, lambda _: 1),
    ]


def _times(size: int) -> int:
    return max(1, _REPEATED_ROWS // size)


async def _measure(dimension: Dimension, rounds: int) -> Growth:
    found: dict[int, list[float]] = {size: [] for size in dimension.work}
    for size, work in dimension.work.items():
        # The first is for what is kept afterwards, and for looking whether it is what was asked for.
        if await work() != size:
            raise OtherAnswer(f"{dimension.name}: {size} were asked for, and another number came")
    for _ in range(rounds):
        for size, work in dimension.work.items():
            times = dimension.repeats(size)
            began = process_time()
            for _ in range(times):
                await work()
            found[size].append((process_time() - began) / times * 1000)
    return Growth(dimension.name, {size: tuple(each) for size, each in found.items()}, MOST_EXPONENT)


def _rows(portal: Portal, size: int) -> Work:
    """Return work that reads so many rows of three fields, page by page."""

    async def work() -> int:
        rows, after = 0, ""
        while rows < size:
            wanted = min(PAGE, size - rows)
            asked = f"wide(purpose: VERIFICATION, first: {wanted}{after})"
            page = _member(
                await _ask(portal, READER, f"{asked} {{ nodes {{ item_0 item_1 item_2 }} pageInfo {{ endCursor }} }}"),
                "wide",
            )
            rows += len(_list(page["nodes"]))
            after = f', after: "{_member(page, "pageInfo")["endCursor"]}"'
            if len(_list(page["nodes"])) < wanted:
                break
        return rows

    return work


def _fields(portal: Portal, size: int) -> Work:
    names = " ".join(f"item_{number}" for number in range(size))

    async def work() -> int:
        shared = await _ask(portal, READER, f"wide(purpose: VERIFICATION, first: 100) {{ nodes {{ {names} }} }}")
        return min(len(_object(node)) for node in _list(_member(shared, "wide")["nodes"]))

    return work


def _depth(portal: Portal, size: int) -> Work:
    """Return work that follows so many links, one after the other, from each of a hundred rows."""
    document = f"{chain(0)}(purpose: VERIFICATION, first: 100) {{ nodes {{ {_linked(size)} }} }}"

    async def work() -> int:
        shared = await _ask(portal, READER, document)
        return min(_followed(_object(node)) for node in _list(_member(shared, chain(0))["nodes"]))

    return work


def _linked(depth: int) -> str:
    return "code" if depth == 0 else f"code next {{ {_linked(depth - 1)} }}"


def _followed(node: Mapping[str, JsonValue]) -> int:
    below = node.get("next")
    return 0 if below is None else 1 + _followed(_object(below))


async def _records(portal: Portal, sizes: Sizes) -> Iterator[tuple[int, Work]]:
    """Return work that decides anew on entries of so many records, each of which applies."""
    point = DecisionPoint((await portal.road.keeper.current()).snapshot, load_matchers())
    subject, zone = identify(READER, point.snapshot.registry)
    action = Action(Mode.QUERY, Purpose("verification"))
    request = Request(subject, action, READER.environment(portal.road.now(), zone))

    def deciding(size: int) -> Work:
        use = Use(EntryCode(crowded_code(sizes, size)), (ItemIdentifier("code"), ItemIdentifier("name")))

        async def work() -> int:
            decision = point.decide(request, use)
            return len(decision.records) if isinstance(decision, Permit) else 0

        return work

    await _ask(portal, READER, f"{crowded(sizes.records[-1])}(purpose: VERIFICATION, first: 1) {{ nodes {{ code }} }}")
    return ((size, deciding(size)) for size in sizes.records)


def _subjects(portal: Portal, sizes: Sizes, size: int) -> Work:
    """Return work in which so many subjects ask the same in turn."""
    askers = [replace(asker(name), request_id=name) for name in subject_names(sizes)[:size]]

    async def work() -> int:
        answered = 0
        for one in askers:
            shared = await _ask(portal, one, "wide(purpose: VERIFICATION, first: 1) { nodes { item_0 } }")
            answered += len(_list(_member(shared, "wide")["nodes"]))
        return answered

    return work


async def _ask(portal: Portal, who: Asker, field: str) -> Mapping[str, JsonValue]:
    """Return what `shared` answers, which has been written as it would be sent. Raises: OtherAnswer."""
    outcome = await answer_operation(portal.endpoint, who, Operation(f"{{ shared {{ {field} }} }}"), Language.ENGLISH)
    written = render_payload(outcome.payload)
    if "errors" in outcome.payload:
        raise OtherAnswer(written[:500].decode(errors="replace"))
    return _member(_member(_object(parse_json(written)), "data"), "shared")


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise OtherAnswer(f"no object: {str(value)[:200]}")
    return value


def _member(value: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    return _object(value.get(name))


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise OtherAnswer(f"no list: {str(value)[:200]}")
    return value
