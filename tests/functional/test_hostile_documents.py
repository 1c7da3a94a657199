"""Documents that are meant to cost much: each is answered or refused, in little time and memory (T66 to T71)."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from time import process_time

import pytest
from graphql import build_client_schema, get_introspection_query, parse

from portal.access.bounds import check_bounds
from portal.access.cells import check_cells
from portal.errors import ErrorCode
from tests.fixtures.allowed_documents import LEVELS, allowed_document
from tests.fixtures.dense_documents import DENSE, GUARANTEED, hostile_bundle
from tests.fixtures.fuzzed_documents import fuzzed
from tests.fixtures.hostile_documents import FORMS, LARGEST, Hostile
from tests.fixtures.measured_world import MeasuredWorld, peak_mebibytes, settled_memory, yardstick
from tests.fixtures.portal_world import open_world
from tests.fixtures.sharing_bundle import CHECKER

pytestmark = [pytest.mark.heavy, pytest.mark.clause("T66"), pytest.mark.clause("T67"), pytest.mark.clause("T70")]

KNOWN = {code.value for code in ErrorCode} - {ErrorCode.INTERNAL.value}
MOST = 4.0
"""Yardsticks that a document may take: 100 ms where one is 25 ms."""
MOST_DENSE = 8.0
"""The same for what must not be refused for its size and is answered."""
MOST_LINKED = 40.0
"""The same where each of hundreds of links is decided and read for itself: below the second that T71 gives."""
LINKED = ("aliases of a link", "aliases of a link to many", "links and back")
GROWTH = 4**1.1
"""How much longer four times as much may take: exponent 1.1."""
SLACK, LEAST, TRIES = 1.3, 0.5, 4
"""What a busy machine may add, yardsticks below which growth says nothing, and how often it is looked at."""
MEBIBYTES = 50
FUZZED, SEEDS = 20_000, (20_261_122, 20_261_123, 20_261_124, 20_261_125)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeasuredWorld]:
    folder = tmp_path_factory.mktemp("hostile")
    with open_world(hostile_bundle(), folder, public_requests_per_second="1000000") as world:
        # Schemas are made once.
        world.ask("{ shared { villages { nodes { street { name } } } } __schema { types { name } } }", by=CHECKER)
        world.ask("{ shared { streets { nodes { villages { totalCount } } } } }", by=CHECKER)
        with settled_memory():
            yield MeasuredWorld(world)


@pytest.mark.parametrize("form", FORMS)
def test_hostile_document_is_answered_or_refused_in_little_time_and_memory(measured: MeasuredWorld, form: str) -> None:
    for size in (LARGEST // 8, LARGEST // 2, LARGEST - 600):
        answer = measured.send(FORMS[form](size))
        assert answer.status in (200, 400, 413)
        assert set(answer.codes) <= KNOWN, answer.codes
        assert len(answer.errors) <= 11
        assert measured.cost(FORMS[form], size, MOST) <= MOST, size
    assert peak_mebibytes(lambda: measured.send(FORMS[form](LARGEST // 2))) <= MEBIBYTES


@pytest.mark.parametrize("form", DENSE)
def test_dense_document_of_8_kib_is_answered_or_refused_for_what_it_says(measured: MeasuredWorld, form: str) -> None:
    hostile = DENSE[form](GUARANTEED)
    assert len(hostile.document.encode()) <= GUARANTEED
    answer = measured.send(hostile)
    assert set(answer.codes) <= KNOWN, answer.codes
    if "schema" not in hostile.document and "__type" not in hostile.document and "fragment" not in form:
        assert ErrorCode.TOO_COMPLEX.value not in answer.codes
    assert peak_mebibytes(lambda: measured.send(DENSE[form](GUARANTEED - 40))) <= MEBIBYTES


@pytest.mark.parametrize("form", DENSE)
def test_dense_document_takes_little_time_that_grows_with_its_length(measured: MeasuredWorld, form: str) -> None:
    most = MOST_LINKED if form in LINKED else MOST_DENSE
    tried = []
    for _ in range(TRIES):
        whole = measured.cost(DENSE[form], GUARANTEED, most)
        quarter = measured.cost(DENSE[form], GUARANTEED // 4, 0.0)
        tried.append((quarter, whole))
        if whole <= min(most, SLACK * GROWTH * max(quarter, LEAST)):
            return
    raise AssertionError(tried)


@pytest.mark.parametrize("form", DENSE)
def test_dense_document_of_64_kib_takes_no_longer_than_a_hostile_one(measured: MeasuredWorld, form: str) -> None:
    answer = measured.send(DENSE[form](LARGEST))
    assert set(answer.codes) <= KNOWN, answer.codes
    assert measured.cost(DENSE[form], LARGEST - 600, MOST) <= MOST


@pytest.mark.parametrize("seed", SEEDS)
def test_document_of_8_kib_12_levels_and_two_root_fields_is_never_too_complex(
    measured: MeasuredWorld, seed: int
) -> None:
    bounds = replace(measured.world.portal.endpoint.bounds, depth=LEVELS, root_fields=2)
    random = Random(seed)
    for attempt in range(60):
        text = allowed_document(random)
        document = parse(text, max_tokens=bounds.tokens)
        check_bounds(document, bounds)
        check_cells(document, None, None, bounds.cells)
        if attempt % 30 == 0:
            answer = measured.send(Hostile(text))
            assert answer.codes == [], (text, answer.errors)


@pytest.mark.parametrize("seed", SEEDS)
def test_fuzzed_documents_are_each_answered_or_refused_in_little_time(measured: MeasuredWorld, seed: int) -> None:
    schema = build_client_schema(measured.world.ask(get_introspection_query(), by=CHECKER).data)  # type: ignore[arg-type]
    seen: set[str] = set()
    most = MOST_DENSE * yardstick()
    for hostile in fuzzed(schema, seed, FUZZED // len(SEEDS)):
        started = process_time()
        outcome = measured.answer(hostile)
        taken = process_time() - started
        assert outcome.status in (200, 400), hostile
        codes = {error["extensions"]["code"] for error in outcome.payload.get("errors", ())}  # type: ignore[attr-defined]
        assert codes <= KNOWN, (hostile, codes)
        assert taken <= most or measured.cost(lambda _, one=hostile: one, 0, MOST_DENSE) <= MOST_DENSE, hostile  # type: ignore[misc]
        seen |= codes or {"answered"}
    assert seen >= {"answered", "NOT_VALID", "BAD_INPUT", "TOO_COMPLEX"}
