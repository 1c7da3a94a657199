"""The dimensions, each asked for in the portal's own process: what is asked, how often, and what must come of it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import process_time

from benchmarks.decisions.decision_cost import load_matchers
from benchmarks.growth.fitting import Growth
from benchmarks.growth.grown_world import READER, Sizes, asker, chain, crowded_code, subject_names
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


@dataclass(slots=True)
class Asking:
    """A portal that is asked, and the processor's seconds that its answers took: looking at them isn't in it."""

    portal: Portal
    seconds: float = 0.0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count the time of the block, that of all threads."""
        began = process_time()
        yield
        self.seconds += process_time() - began


async def measure_growth(portal: Portal, sizes: Sizes, rounds: int) -> list[Growth]:
    """Return how each dimension grows; rounds of the sizes are interleaved. Raises: OtherAnswer."""
    asking = Asking(portal)
    return [await _measure(asking, one, rounds) for one in await _dimensions(asking, sizes)]


async def _dimensions(asking: Asking, sizes: Sizes) -> list[Dimension]:
    return [
        Dimension("rows", {size: _rows(asking, size) for size in sizes.rows}, _times),
        Dimension("fields", {size: _fields(asking, size) for size in sizes.fields}, lambda _: 3),
        Dimension("records on an entry", dict(await _records(asking, sizes)), _times),
        Dimension("depth of links", {size: _depth(asking, size) for size in sizes.depth}, lambda _: 3),
        Dimension("subjects", {size: _subjects(asking, sizes, size) for size in sizes.subjects}, lambda _: 1),
    ]


def _times(size: int) -> int:
    return max(1, _REPEATED_ROWS // size)


async def _measure(asking: Asking, dimension: Dimension, rounds: int) -> Growth:
    found: dict[int, list[float]] = {size: [] for size in dimension.work}
    for size, work in dimension.work.items():
        # The first is for what is kept afterwards, and for looking whether it is what was asked for.
        if await work() != size:
            raise OtherAnswer(f"{dimension.name}: {size} were asked for, and another number came")
    for _ in range(rounds):
        for size, work in dimension.work.items():
            times = dimension.repeats(size)
            asking.seconds = 0.0
            for _ in range(times):
                await work()
            found[size].append(asking.seconds / times * 1000)
    return Growth(dimension.name, {size: tuple(each) for size, each in found.items()}, MOST_EXPONENT)


def _rows(asking: Asking, size: int) -> Work:
    """Return work that reads so many rows of three fields, page by page."""

    document = (
        "query ($first: Int, $after: String) { shared { wide(purpose: VERIFICATION, first: $first, after: $after)"
        " { nodes { item_0 item_1 item_2 } pageInfo { endCursor } } } }"
    )

    async def work() -> int:
        rows = 0
        after: JsonValue = None
        while rows < size:
            wanted = min(PAGE, size - rows)
            page = _member(await _ask(asking, READER, document, {"first": wanted, "after": after}), "wide")
            came = len(_list(page["nodes"]))
            rows, after = rows + came, _member(page, "pageInfo")["endCursor"]
            if came < wanted:
                break
        return rows

    return work


def _fields(asking: Asking, size: int) -> Work:
    names = " ".join(f"item_{number}" for number in range(size))
    document = f"{{ shared {{ wide(purpose: VERIFICATION, first: 100) {{ nodes {{ {names} }} }} }} }}"

    async def work() -> int:
        shared = await _ask(asking, READER, document)
        return min(len(_object(node)) for node in _list(_member(shared, "wide")["nodes"]))

    return work


def _depth(asking: Asking, size: int) -> Work:
    """Return work that follows so many links, one after the other, from each of a hundred rows."""
    document = f"{{ shared {{ {chain(0)}(purpose: VERIFICATION, first: 100) {{ nodes {{ {_linked(size)} }} }} }} }}"

    async def work() -> int:
        shared = await _ask(asking, READER, document)
        return min(_followed(_object(node)) for node in _list(_member(shared, chain(0))["nodes"]))

    return work


def _linked(depth: int) -> str:
    return "code" if depth == 0 else f"code next {{ {_linked(depth - 1)} }}"


def _followed(node: Mapping[str, JsonValue]) -> int:
    below = node.get("next")
    return 0 if below is None else 1 + _followed(_object(below))


async def _records(asking: Asking, sizes: Sizes) -> Iterator[tuple[int, Work]]:
    """Return work that decides anew on entries of so many records, each of which applies."""
    portal = asking.portal
    point = DecisionPoint((await portal.road.keeper.current()).snapshot, load_matchers())
    subject, zone = identify(READER, point.snapshot.registry)
    action = Action(Mode.QUERY, Purpose("verification"))
    request = Request(subject, action, READER.environment(portal.road.now(), zone))

    def deciding(size: int) -> Work:
        use = Use(EntryCode(crowded_code(sizes, size)), (ItemIdentifier("code"), ItemIdentifier("name")))

        async def work() -> int:
            with asking.answering():
                decision = point.decide(request, use)
            return len(decision.records) if isinstance(decision, Permit) else 0

        return work

    return ((size, deciding(size)) for size in sizes.records)


def _subjects(asking: Asking, sizes: Sizes, size: int) -> Work:
    """Return work in which so many subjects ask the same in turn."""
    askers = [replace(asker(name), request_id=name) for name in subject_names(sizes)[:size]]

    async def work() -> int:
        answered = 0
        for one in askers:
            shared = await _ask(
                asking, one, "{ shared { wide(purpose: VERIFICATION, first: 1) { nodes { item_0 } } } }"
            )
            answered += len(_list(_member(shared, "wide")["nodes"]))
        return answered

    return work


async def _ask(
    asking: Asking, who: Asker, document: str, variables: Mapping[str, JsonValue] | None = None
) -> Mapping[str, JsonValue]:
    """Return what `shared` answers, which has been written as it would be sent. Raises: OtherAnswer."""
    operation = Operation(document, dict(variables or {}))
    with asking.answering():
        outcome = await answer_operation(asking.portal.endpoint, who, operation, Language.ENGLISH)
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
