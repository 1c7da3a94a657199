"""`portal demo` without its command line: fills what is empty, leaves alone what isn't, says what there is to try."""

import os
import signal
from dataclasses import replace
from io import StringIO

import pytest

from portal.bundles.loading import has_content
from portal.bundles.store import PortalStore
from portal.demonstration.filling import fill_if_empty
from portal.demonstration.running import run_demonstration
from portal.errors import Language
from portal.identity.keys import load_or_create_keys
from portal.policies.information_point import PortalContent, load_content
from portal.serving import Application, Message
from portal.settings import Settings, load_settings
from portal.storage.database import open_database
from portal.storage.migrating import upgrade_database


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings({"PORTAL_HOME": str(tmp_path_factory.mktemp("home") / "var")}, None)


@pytest.fixture(scope="module")
def store(settings: Settings) -> PortalStore:
    """The store of a portal that the demonstration was loaded into."""
    upgrade_database(settings.database_url)
    secret = load_or_create_keys(settings.key_file).digest_secret
    store = PortalStore(settings.database_url, settings.data_url, secret)
    assert not has_content(store.database_url)
    assert fill_if_empty(store, Language.ENGLISH)
    return store


async def load(store: PortalStore) -> PortalContent:
    engine = open_database(store.database_url)
    try:
        return await load_content(engine, store.digest_secret)
    finally:
        await engine.dispose()


async def test_filling_derives_what_is_unconditional_and_open(store: PortalStore) -> None:
    records = {record.id for record in (await load(store)).records}
    for level in ("provinces", "cities", "areas", "streets", "villages"):
        assert {f"provider-{level}", f"unconditional-{level}", f"open-{level}"} <= records
    assert {"unconditional-legal_persons", "open-legal_persons", "nt-demo-0001", "statute-tax"} <= records
    assert not records & {"unconditional-residents", "open-residents", "open-licences", "unconditional-case_files"}


async def test_filling_changes_nothing_when_it_was_done(store: PortalStore) -> None:
    before = await load(store)
    assert not fill_if_empty(store, Language.CHINESE)
    assert await load(store) == before


class AskingToStop(StringIO):
    """An output that asks the process to stop, as Ctrl-C or a supervisor would, once it was greeted."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self.number = number

    def flush(self) -> None:
        os.kill(os.getpid(), self.number)


async def serve_nothing(scope: Message, receive: object, send: object) -> None:
    """An application without lifespan, which nobody asks anything."""
    raise ValueError(scope["type"], receive, send)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_greets_and_stops_as_asked(store: PortalStore, settings: Settings, number: signal.Signals) -> None:
    given: list[Settings] = []

    def application(used: Settings) -> Application:
        given.append(used)
        return serve_nothing

    output = AskingToStop(number)
    assert run_demonstration(settings, Language.ENGLISH, output, application) == 0
    assert given == [replace(settings, demonstration=True)]
    assert "\x1b" not in output.getvalue()
    assert f"   export PORTAL_HOME={settings.home}\n" in output.getvalue()
    assert (settings.home / "demo" / "tax-registration.headers").is_file()
    assert store.database_url == settings.database_url
