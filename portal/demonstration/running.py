"""`portal demo`: fill an empty portal with the demonstration, serve it, and say what there is to try."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO

from portal.bundles.store import PortalStore
from portal.demonstration.filling import fill_if_empty
from portal.demonstration.greeting import USUAL_PORT, embolden, render_greeting
from portal.demonstration.surroundings import describe_surroundings, write_files
from portal.errors import Language
from portal.identity.keys import load_or_create_keys
from portal.policies.information_point import PortalContent, load_content
from portal.serving import Application, listen, serve, service_of
from portal.settings import Settings
from portal.storage.database import open_database
from portal.storage.migrating import upgrade_database

PORTS_TRIED = 100


def run_demonstration(
    settings: Settings, language: Language, output: TextIO, application: Callable[[Settings], Application]
) -> int:
    """Serve the demonstration until SIGTERM or Ctrl-C; return the exit code.

    A portal that holds something already is served as it is. `application` makes the portal's ASGI application.
    Raises: ConfigurationError for a place that can't be written to, a key file that isn't whole, no free port.
    """
    upgrade_database(settings.owner_database_url)
    keys = load_or_create_keys(settings.key_file)
    fill_if_empty(PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret), language)
    content = asyncio.run(_load(settings.database_url, keys.digest_secret))
    with listen("127.0.0.1", USUAL_PORT, PORTS_TRIED) as socket:
        around = describe_surroundings(settings, socket.getsockname()[1], datetime.now(UTC))
        write_files(around, settings, keys, language)

        def greet() -> None:
            greeting = render_greeting(content, around, language)
            output.write(embolden(greeting) if output.isatty() else greeting)
            output.flush()

        return serve(application(replace(settings, demonstration=True)), socket, greet, service_of(settings))


async def _load(database_url: str, digest_secret: bytes) -> PortalContent:
    engine = open_database(database_url)
    try:
        return await load_content(engine, digest_secret)
    finally:
        await engine.dispose()
