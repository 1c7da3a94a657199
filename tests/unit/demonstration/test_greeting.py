import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from portal.bundles.bundle import Bundle
from portal.demonstration.greeting import embolden, render_greeting
from portal.demonstration.surroundings import Surroundings
from portal.demonstration.tries import TRIES
from portal.errors import Language
from portal.identity.registry import Registry
from portal.policies.information_point import DataTable, EntryState, PortalContent

AROUND = Surroundings(
    port=8000,
    folder=Path("/srv/the portal"),
    portal=".venv/bin/portal",
    exports=(),
    files=Path("var/demo"),
    now=datetime(2026, 11, 21, 22, 30, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def content(bundle: Bundle) -> PortalContent:
    registry = Registry(
        {each.code: each for each in bundle.departments},
        {each.code: each for each in bundle.groups},
        {each.id: each for each in bundle.applications},
        {each.id: each for each in bundle.users},
    )
    states = tuple(
        EntryState(entry, 1, False, DataTable("rows", bundle.datasets[entry.code].row_count))
        for entry in bundle.entries
    )
    return PortalContent(1, bundle.profile, bundle.title, registry, states, ())


@pytest.fixture(params=list(Language))
def greeting(request: pytest.FixtureRequest, content: PortalContent) -> str:
    return render_greeting(content, AROUND, request.param)


def test_greeting_is_narrow_and_without_trailing_blanks(greeting: str) -> None:
    assert [line for line in greeting.splitlines() if cell_len(line) > 100 or line != line.rstrip()] == []
    assert "\n\n\n" not in greeting


def test_greeting_names_address_accounts_and_each_try(greeting: str, content: PortalContent) -> None:
    assert "http://127.0.0.1:8000/graphql" in greeting
    assert re.search("http://127.0.0.1:8000/(, in a browser|，在浏览器中打开)", greeting)
    assert "89,589" in greeting
    accounts = [(str(each.id), each.name) for each in content.registry.applications.values()]
    accounts += [(str(each.id), each.name) for each in content.registry.users.values()]
    for identifier, name in accounts:
        assert re.search(rf"^   {identifier} +{name} ", greeting, re.MULTILINE)
    for each in TRIES:
        assert f"     --data-urlencode query@var/demo/{each.name}.graphql -w '\\n'\n" in greeting
    assert "2026-11-22 06:30" not in greeting.split("2026-11-23 06:30", maxsplit=1)[0]
    assert "   cd '/srv/the portal'\n" in greeting


def test_greeting_says_that_the_usual_port_is_taken(content: PortalContent) -> None:
    moved = render_greeting(content, replace(AROUND, port=8002), Language.ENGLISH)
    assert "http://127.0.0.1:8002/graphql   (port 8000 is taken)" in moved
    assert "is taken" not in render_greeting(content, AROUND, Language.ENGLISH)


def test_greeting_names_what_another_terminal_has_to_set(content: PortalContent) -> None:
    around = replace(AROUND, exports=(("PORTAL_HOME", "/srv/a b"),))
    assert "   export PORTAL_HOME='/srv/a b'\n" in render_greeting(content, around, Language.ENGLISH)


@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.ENGLISH, "another bundle"), (Language.CHINESE, "不是演示数据包")],
)
def test_greeting_offers_no_tries_when_the_portal_holds_another_bundle(
    content: PortalContent, language: Language, words: str
) -> None:
    greeting = render_greeting(replace(content, registry=Registry()), AROUND, language)
    assert words in greeting
    assert "curl" not in greeting


def test_headings_alone_are_bold_on_a_terminal(greeting: str) -> None:
    bold = re.findall("\x1b\\[1m(.*)\x1b\\[0m", embolden(greeting))
    assert bold == [line for line in greeting.splitlines() if line and not line.startswith(" ")]
    assert len(bold) == 12
