"""The examples of the documents run, and answer as printed."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.asking import NamedSubject, ask
from portal.bundles.loading import LoadOrder, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.demonstration.making import make_bundle
from portal.errors import Language
from portal.identity.claims import SubjectKind
from portal.identity.keys import create_keys
from portal.resolvers.endpoint import Operation
from portal.settings import Settings, load_settings
from portal.storage.migrating import upgrade_database

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"```graphql\n# --application (\S+)\n(.*?)```\n+```json\n(.*?)```", re.DOTALL)
EXAMPLES = [
    pytest.param(language, *match.groups(), id=f"{name}-{number}")
    for name, language in (("README.md", Language.ENGLISH), ("README.zh-CN.md", Language.CHINESE))
    for number, match in enumerate(EXAMPLE.finditer((ROOT / name).read_text(encoding="utf-8")), start=1)
]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A portal that holds the demonstration."""
    folder, now = tmp_path_factory.mktemp("demonstration"), datetime.now(UTC)
    settings = load_settings({"PORTAL_HOME": str(folder / "home")}, None)
    make_bundle(folder / "bundle", now)
    reading = read_bundle(folder / "bundle", now)
    assert reading.bundle is not None
    upgrade_database(settings.database_url)
    keys = create_keys(settings.key_file)
    store = PortalStore(settings.database_url, settings.data_url, keys.digest_secret)
    load_bundle(reading.bundle, store, LoadOrder(now=now))
    return settings


def _without_places(payload: bytes) -> dict[str, object]:
    answer: dict[str, Any] = json.loads(payload)
    for error in answer.get("errors", ()):
        error.pop("locations", None)
    return answer


def test_readme_has_an_answered_and_a_refused_example_in_both_languages() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.heavy
@pytest.mark.parametrize(("language", "application", "document", "printed"), EXAMPLES)
def test_example_answers_as_printed(
    demonstration: Settings, language: Language, application: str, document: str, printed: str
) -> None:
    named = NamedSubject(SubjectKind.APPLICATION, application)
    asked = asyncio.run(ask(demonstration, named, Operation(document), language))
    assert _without_places(asked.payload) == json.loads(printed)
