"""How fresh the rows of an entry are, as the catalog tells it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.bundles.data_in import DataAct, DataOrder, bring_in
from portal.bundles.loading import LoadOrder, no_progress, switch_at_once
from portal.bundles.store import PortalStore
from portal.storage.content import read_content
from portal.storage.database import open_sync_database
from portal.vocabulary import EntryCode
from tests.fixtures.linked_bundle import VILLAGES as LINKED_VILLAGES
from tests.fixtures.linked_bundle import linked_bundle
from tests.fixtures.loaded_store import RESIDENTS, VILLAGES, changed
from tests.fixtures.office import MANAGER, office_bundle
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER
from tests.fixtures.sharing_bundle import VILLAGES as SHARED_VILLAGES
from tests.fixtures.small_bundle import NOW, load, new_store, small_bundle

pytestmark = pytest.mark.clause("NT-23")


def arrivals(store: PortalStore) -> dict[str, str]:
    engine = open_sync_database(store.database_url)
    try:
        with engine.connect() as connection:
            return dict(read_content(connection, store.digest_secret).arrivals)
    finally:
        engine.dispose()


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    opened = new_store(tmp_path / "portal")
    load(small_bundle().read(tmp_path / "first"), opened)
    return opened


def deliver(store: PortalStore, folder: Path, minutes: int) -> None:
    (folder / "rows.csv").write_text("code,name,note\n99999901,东村,\n", encoding="utf-8")
    what = DataOrder(DataAct.REPLACE, "villages", folder / "rows.csv")
    bring_in(what, store, LoadOrder(NOW + timedelta(minutes=minutes)), no_progress, switch_at_once)


def test_rows_are_as_old_as_their_last_delivery_even_of_the_same_rows(store: PortalStore, tmp_path: Path) -> None:
    assert arrivals(store) == {VILLAGES: "2026-03-01T08:00:00Z", RESIDENTS: "2026-03-01T08:00:00Z"}
    deliver(store, tmp_path, 10)
    deliver(store, tmp_path, 20)
    assert arrivals(store) == {VILLAGES: "2026-03-01T08:20:00Z", RESIDENTS: "2026-03-01T08:00:00Z"}


def test_rows_that_a_load_lays_out_anew_are_as_old_as_before(store: PortalStore, tmp_path: Path) -> None:
    link = {"identifier": "people", "items": ["name"], "target": "residents", "target_items": ["name"], "many": True}
    again = changed(lambda draft: draft.entries["villages"].update(links=[link])).read(tmp_path / "second")
    assert load(again, store, now=NOW + timedelta(hours=1)).changed
    assert arrivals(store) == {VILLAGES: "2026-03-01T08:00:00Z", RESIDENTS: "2026-03-01T08:00:00Z"}
    other = changed(lambda draft: draft.rows["residents"].pop()).read(tmp_path / "third")
    load(other, store, now=NOW + timedelta(hours=2))
    assert arrivals(store)[RESIDENTS] == "2026-03-01T10:00:00Z"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(office_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


DOCUMENT = f'{{ catalogEntry(code: "{SHARED_VILLAGES}") {{ freshness {{ updatedAt dueAt isOverdue rowCount }} }} }}'


def test_catalog_tells_how_fresh_rows_are_and_their_number_to_the_provider_alone(world: PortalWorld) -> None:
    of_provider = world.ask(DOCUMENT, by=MANAGER).data["catalogEntry"]["freshness"]
    assert isinstance(of_provider.pop("rowCount"), int)
    came = datetime.fromisoformat(of_provider["updatedAt"])
    assert abs(datetime.now(UTC) - came) < timedelta(hours=1)
    assert of_provider["isOverdue"] is False
    for by in (CHECKER, None):
        found = world.ask(DOCUMENT, by=by).data["catalogEntry"]["freshness"]
        assert found == {**of_provider, "rowCount": None}


def test_answer_tells_how_fresh_its_rows_are_as_the_catalog_does(world: PortalWorld) -> None:
    in_catalog = world.ask(DOCUMENT, by=CHECKER).data["catalogEntry"]["freshness"]
    del in_catalog["rowCount"]
    for by in (CHECKER, None):
        asked = "{ shared { villages(first: 1) { access { updatedAt dueAt isOverdue receipt } } } }"
        access = world.ask(asked, by=by).data["shared"]["villages"]["access"]
        assert access.pop("receipt")
        assert access == in_catalog


def test_refused_answer_tells_nothing_of_rows(world: PortalWorld) -> None:
    refused = world.ask("{ shared { residents(first: 1) { nodes { name } access { updatedAt } } } }", by=CHECKER)
    assert refused.payload["data"] == {"shared": {"residents": None}}
    assert b"updatedAt" not in refused.content


def test_answer_below_a_link_tells_of_the_rows_that_the_link_leads_to(tmp_path: Path) -> None:
    with open_world(linked_bundle(), tmp_path) as linked:
        document = (
            "{ shared { streets(first: 2) { access { updatedAt } nodes { villages { access { updatedAt } } } } } }"
        )
        found = linked.ask(document, by=CHECKER).data["shared"]["streets"]
        moments = {
            code: str(row.table.arrived_at)
            for code, row in linked.run(linked.portal.road.keeper.current()).snapshot.state_by_code.items()
        }
    for node in found["nodes"]:
        told = datetime.fromisoformat(node["villages"]["access"]["updatedAt"])
        assert str(told) == moments[EntryCode(LINKED_VILLAGES)]
