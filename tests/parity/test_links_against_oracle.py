"""Links and rows by key in random worlds: the portal's answers against the reference's.

`ORACLE_WORLDS`, `ORACLE_REQUESTS` and `ORACLE_SEED` in the environment make the campaign longer or begin it elsewhere.
"""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.oracle.answer import Reference
from tests.oracle.document import Document, render_document
from tests.oracle.expectation import Answered, Executed, Expected, RefusedSomewhere, differences
from tests.oracle.generate_links import draw_linked_request, draw_linked_world
from tests.oracle.generate_worlds import callers_of
from tests.oracle.introspection import QUERY as INTROSPECTION
from tests.oracle.introspection import introspection_differences
from tests.oracle.world import Caller, World
from tests.parity.agreements import write_signed_bundle
from tests.parity.in_process import PortalInProcess, load_portal
from tests.parity.test_http_against_oracle import start_of_day, wait_out_midnight

WORLDS = int(os.environ.get("ORACLE_WORLDS", "8"))
REQUESTS = int(os.environ.get("ORACLE_REQUESTS", "80"))
FIRST_SEED = int(os.environ.get("ORACLE_SEED", "1000"))


def now() -> datetime:
    return datetime.now(UTC)


def tally(classes: Counter[str], expected: Expected) -> None:
    """Counts what a request was meant to be answered."""
    classes["asked"] += 1
    for (_, key), answer in expected.fields.items() if isinstance(expected, Executed) else ():
        assert key
        if isinstance(answer, Answered):
            classes["answered"] += 1
            classes["rows of several entries"] += len([rows for _, rows in answer.linked if rows]) > 1
            classes["masked"] += answer.masked
        elif isinstance(answer, RefusedSomewhere):
            classes["refused"] += 1
            classes["refused below"] += any(answer.places)
            classes.update(code for refused in answer.places.values() for code in refused.codes)


def describe(world: World, caller: Caller, document: Document, expected: Expected) -> str:
    """A request that was answered otherwise, as it is shown to a person."""
    fields = expected.fields if isinstance(expected, Executed) else expected
    asked = f"{render_document(document)}\nvariables {dict(document.values)}"
    return f"world {world.seed}, {caller}\n{asked}\nexpected {str(fields)[:1500]}"


def disagreements(world: World, portal: PortalInProcess, classes: Counter[str]) -> list[str]:
    """Where the portal's answers to random requests differ from the reference's."""
    draw, reference, found = Random(world.seed), Reference(world, now), list[str]()
    callers = callers_of(world, draw)
    for caller in dict.fromkeys(callers):
        found += introspection_differences(reference, caller, portal.send(caller, INTROSPECTION))
    for _ in range(REQUESTS):
        caller = draw.choice(callers)
        document = draw_linked_request(draw, reference, caller)
        if document is None:
            continue
        expected = reference.expect(caller, document)
        reply = portal.send(caller, document)
        lines = differences(expected, reply, reference.sightings)
        tally(classes, expected)
        if lines:
            got = f"got {reply.status} {reply.body.decode(errors='replace')[:1500]}"
            found.append("\n".join([describe(world, caller, document, expected), *lines[:8], got]))
        else:
            reference.count(caller, expected)
    return found


@pytest.mark.heavy
@pytest.mark.clause("enforcement.md §5, links")
def test_portal_answers_links_and_rows_by_key_as_the_reference(tmp_path: Path) -> None:
    wait_out_midnight(60 + WORLDS * REQUESTS / 20)
    classes, found = Counter[str](), list[str]()
    for seed in range(FIRST_SEED, FIRST_SEED + WORLDS):
        world = draw_linked_world(seed, start_of_day())
        write_signed_bundle(world, tmp_path / str(seed))
        settings = load_portal(tmp_path / str(seed), tmp_path / f"{seed}-home", derive=world.derive)
        with PortalInProcess(settings) as portal:
            found += disagreements(world, portal, classes)
    assert not found, f"{len(found)} of {classes['asked']} disagree\n" + "\n\n".join(found[:5])
    assert classes["answered"] > classes["asked"] / 3, classes
    assert classes["rows of several entries"] > classes["asked"] / 10, classes
    assert classes["refused below"] > classes["asked"] / 50, classes
