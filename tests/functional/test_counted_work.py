"""What a request costs, counted: what was parsed, validated, decided and compiled for one is there for the next alike.

Counts, not seconds: a machine that is busy changes none of them. Figures in seconds are `make bench`'s.
"""

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import graphql
import pytest
import sqlalchemy
from cryptography import x509

from portal.access import planning, statement
from portal.access.sqlite_source import SqliteSource
from portal.audit import ledger
from portal.policies.casbin_models import Matcher
from portal.policies.decision_point import DecisionPoint
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, OUTSIDER, sharing_bundle

PAGE = "{ shared { residents(purpose: VERIFICATION, first: 2) { nodes { code name } } } }"
BY_VARIABLE = """query ($code: String!) {
  shared { residents(purpose: VERIFICATION, where: {code: {eq: $code}}) { nodes { code name } } }
}"""

COUNTED: Mapping[str, Callable[..., Any]] = {
    "parsed": graphql.parse,
    "validated": graphql.validate,
    "planned": planning.plan_query,
    "decided": DecisionPoint._decide,
    "matched": Matcher.matching,
    "compiled": statement.compile_read,
    "recorded": ledger.submit,
}
"""Functions by the name under which their calls are counted."""

Counts = Counter[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("work")) as opened:
        source = opened.portal.road.source
        assert isinstance(source, SqliteSource)
        # However busy the machine is, nothing is read twice.
        source._quick_seconds = 60.0
        yield opened


@contextmanager
def counting() -> Iterator[Counts]:
    """Count calls of this thread, which is the event loop's."""
    counts: Counts = Counter()
    names = {function.__code__: name for name, function in COUNTED.items()}

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code in names:
            counts[names[frame.f_code]] += 1
        elif event == "c_call":
            name = getattr(argument, "__name__", "")
            counts["statements"] += name == "execute" and isinstance(
                getattr(argument, "__self__", None), sqlite3.Connection
            )
            counts["certificates"] += argument is x509.load_pem_x509_certificates

    former = sys.getprofile()
    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(former)


def work_of(world: PortalWorld, document: str, by: str = CHECKER, **variables: object) -> Counts:
    """Return what a request took of the event loop; it must be answered."""
    with counting() as counts:
        answer = world.ask(document, by=by, variables=variables or None)
    assert answer.status == 200, answer.payload
    return counts


def test_request_that_is_asked_again_is_recorded_and_read_and_nothing_else_is_done(world: PortalWorld) -> None:
    first = work_of(world, PAGE)
    assert first >= Counter({"parsed": 1, "validated": 1, "planned": 1, "decided": 1, "compiled": 1, "recorded": 1})

    for _ in range(3):
        # The epoch, and the rows.
        assert work_of(world, PAGE) == Counter({"recorded": 1, "statements": 2, "certificates": 0})


def test_request_with_other_values_is_not_parsed_validated_or_decided_again(world: PortalWorld) -> None:
    work_of(world, BY_VARIABLE, code="r1")

    again = work_of(world, BY_VARIABLE, code="r2")

    assert again == Counter({"recorded": 1, "statements": 2, "planned": 1, "compiled": 1, "certificates": 0})


def test_other_subjects_request_is_decided_for_itself(world: PortalWorld) -> None:
    work_of(world, PAGE)
    other = work_of(world, PAGE, by=OUTSIDER)
    assert other >= Counter({"decided": 1, "matched": 1, "compiled": 1, "recorded": 1})


def test_sqlalchemy_compiles_nothing_for_a_request_that_is_asked_again(world: PortalWorld) -> None:
    work_of(world, PAGE)
    compiled = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal compiled
        compiled += event == "call" and frame.f_code is sqlalchemy.Select.compile.__code__

    sys.setprofile(note)
    try:
        world.ask(PAGE, by=CHECKER)
    finally:
        sys.setprofile(None)
    assert compiled == 0
