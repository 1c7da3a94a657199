"""A campaign: many requests to a portal, each compared with the reference; and the shares of what came out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.oracle.answer import Reference
from tests.oracle.document import Document, render_document
from tests.oracle.expectation import Executed, Expected, NotValid, Refused, RefusedSomewhere, Reply, differences
from tests.oracle.generate_requests import draw_request
from tests.oracle.generate_worlds import callers_of
from tests.oracle.paging import draw_continuation
from tests.oracle.world import Caller, World

CODES = (
    "ITEM_DENIED", "MODE_DENIED", "PURPOSE_DENIED", "PURPOSE_REQUIRED", "EXPIRED", "CONDITION_FAILED", "MASKED_ITEM",
    "QUOTA_EXCEEDED", "BAD_INPUT", "NOT_VALID",
)  # fmt: skip
CLASSES = (*CODES, "rows: none", "rows: some", "rows: all", "masked cells", "next page", "by the public")
"""What a campaign must have seen often enough for its silence to mean something."""


Send = Callable[[Caller, Document], Reply]
"""Sends a request as a caller."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A reply that is not what the reference expects."""

    seed: int
    serial: int
    caller: Caller
    document: Document
    expected: Expected
    reply: Reply
    found: tuple[str, ...]

    def __str__(self) -> str:
        expected = str(self.expected.fields if isinstance(self.expected, Executed) else self.expected)[:1500]
        return "\n".join(
            [
                f"world {self.seed}, request {self.serial}, {self.caller}",
                render_document(self.document),
                f"variables {dict(self.document.values)}",
                *(f"  - {line}" for line in self.found[:8]),
                f"expected {expected}",
                f"got {self.reply.status} {self.reply.body.decode(errors='replace')[:1500]}",
            ]
        )


@dataclass(slots=True)
class Tally:
    """How many requests were sent, what they were answered, and what disagreed."""

    requests: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def report(self) -> str:
        """The shares, a line a class."""
        lines = [f"{self.requests} requests, {len(self.disagreements)} disagreements"]
        lines += [f"{name:20} {self.classes[name]:7} {self.share(name):7.2%}" for name in CLASSES]
        return "\n".join(lines)

    def share(self, name: str) -> float:
        """How often a class came up, of all requests."""
        return self.classes[name] / max(1, self.requests)


@dataclass(slots=True)
class Campaign:
    """The requests of one world, sent to one portal."""

    reference: Reference
    send: Send
    tally: Tally
    purpose_type: str | None = None
    callers: tuple[Caller, ...] = ()
    open_pages: list[tuple[Caller, Document, list[str]]] = field(default_factory=list)

    def resume(self, pages: list[tuple[Caller, Document, list[str]]]) -> None:
        """Goes on from pages that were answered before the bundle was loaded that holds now."""
        draw = Random(self.reference.world.seed)
        for serial, (caller, before, cursors) in enumerate(pages):
            document = draw_continuation(draw, self.reference, caller, before, cursors)
            if document is not None:
                self._send(caller, document, -1 - serial)

    def run(self, requests: int) -> None:
        """Sends so many requests, follow-ups included."""
        world = self.reference.world
        draw = Random(world.seed * 7919 + (world.derived_before is None))
        callers = self.callers or callers_of(world, draw)
        serial = 0
        while serial < requests:
            caller = draw.choice(callers)
            document: Document | None = draw_request(draw, self.reference, caller, self.purpose_type)
            while document is not None and serial < requests:
                known = len(self.reference.sightings.cursors)
                self._send(caller, document, serial)
                serial += 1
                fresh = list(self.reference.sightings.cursors)[known:]
                if fresh:
                    self.open_pages.append((caller, document, fresh))
                if draw.random() < 0.03:
                    caller = draw.choice(callers)
                going_on = draw.random() < 0.7
                document = draw_continuation(draw, self.reference, caller, document, fresh) if going_on else None

    def _send(self, caller: Caller, document: Document, serial: int) -> None:
        expected = self.reference.expect(caller, document)
        reply = self.send(caller, document)
        found = differences(expected, reply, self.reference.sightings)
        self.tally.requests += 1
        tally_classes(self.tally.classes, expected, self.reference.world, caller, document)
        if found:
            disagreement = Disagreement(
                self.reference.world.seed, serial, caller, document, expected, reply, tuple(found)
            )
            self.tally.disagreements.append(disagreement)
        else:
            self.reference.count(caller, expected)


def tally_classes(classes: Counter[str], expected: Expected, world: World, caller: Caller, document: Document) -> None:
    """Counts what a request was meant to be answered."""
    classes["by the public"] += caller.application is None and caller.user is None
    classes["next page"] += "after:" in render_document(document)
    if isinstance(expected, NotValid):
        classes["NOT_VALID"] += 1
        return
    for answer in expected.fields.values():
        if isinstance(answer, RefusedSomewhere):
            classes.update(code for refused in answer.places.values() for code in refused.codes)
            continue
        if isinstance(answer, Refused):
            classes.update(answer.codes)
            continue
        size = next(len(entry.rows) for entry in world.entries if entry.code == answer.entry_code)
        classes["rows: none" if not answer.total else "rows: all" if answer.total == size else "rows: some"] += 1
        classes["masked cells"] += answer.masked
