"""What a request leaves in memory is gone with its answer: collecting cycles would stop every other request."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from portal.resolvers.admission import WAITING_EACH
from tests.fixtures.portal_world import Answer, PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

ROWS = "{ shared { residents(purpose: VERIFICATION, first: 5) { nodes { code name } totalCount } } }"
OPEN = "{ shared { villages(first: 4) { nodes { code } groups(by: [urban]) { count } } } }"
REFUSED = "{ shared { residents(first: 1) { nodes { name } } } }"
CATALOG = "{ catalog(first: 2) { nodes { code items { identifier } } } }"
TIMES = 5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def left(ask: Callable[[], Answer]) -> Counter[str]:
    """Return what is left for the collector of cycles by some requests, of the kinds that each of them leaves."""
    for _ in range(2):
        ask()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(TIMES):
            ask()
        gc.collect()
        kinds = Counter(type(one).__qualname__ for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    return Counter({kind: count for kind, count in kinds.items() if count >= TIMES})


@pytest.mark.parametrize(("document", "by"), [(ROWS, CHECKER), (OPEN, None), (REFUSED, CHECKER), (CATALOG, None)])
def test_request_leaves_no_cycles(world: PortalWorld, document: str, by: str | None) -> None:
    assert left(lambda: world.ask(document, by=by)) == Counter()


def test_request_that_does_not_verify_leaves_no_cycles(world: PortalWorld) -> None:
    assert left(lambda: world.send(content=b"{}", headers={"Authorization": "Bearer none"})) == Counter()


def test_request_that_waits_for_too_long_a_crowd_leaves_no_cycles(world: PortalWorld) -> None:
    crowd = [OPEN] * (WAITING_EACH + 100)

    def ask() -> Answer:
        return next(one for one in world.together(crowd) if one.status == 429)

    assert left(ask) == Counter()
