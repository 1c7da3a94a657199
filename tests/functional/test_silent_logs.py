"""Whatever is asked, neither the portal nor a library that executes GraphQL logs a word of it (T52, T80)."""

import logging
from collections.abc import Iterator

import pytest

from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.sharing_bundle import CHECKER, sharing_bundle

CANARY = "Kanarienvogel"
LOGGERS = ("strawberry", "strawberry.execution", "graphql", "casbin", "casbin.policy", "starlette", "portal")

REQUESTS: list[tuple[str, dict[str, object] | None]] = [
    ('{shared {residents(purpose: VERIFICATION, where: {name: {eq: "@"}}) {totalCount nodes {code}}}}', None),
    ("query($n: String) {shared {residents(purpose: VERIFICATION, where: {name: {eq: $n}}) {totalCount}}}", {"n": "@"}),
    ('{shared {residents(where: {name: {eq: "@"}}) {totalCount}}}', None),
    ('{shared {residents(after: "@") {totalCount}}}', None),
    ('{shared {residents(matter: "@") {totalCount}}}', None),
    ('{shared {residents(where: {born: {eq: "@"}}) {totalCount}}}', None),
    ("query($n: Int) {shared {residents(first: $n) {totalCount}}}", {"n": "@"}),
    ("query($w: residents_where) {shared {residents(where: $w) {totalCount}}}", {"w": {"@": {"eq": "@"}}}),
    ("{shared {@ {totalCount}}}", None),
    ("{me {@}}", None),
    ('{catalogEntry(code: "@") {code}}', None),
    ('{catalog(provider: "@", after: "@") {totalCount}}', None),
    ('{catalog(first: 0, after: "@") {totalCount}}', None),
    ("query @ {me {user}", None),
    ("{@", None),
    ('"@', None),
]


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Let every logger say all that it can."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield caplog
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def world(loud: pytest.LogCaptureFixture, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    with open_world(sharing_bundle(), tmp_path_factory.mktemp("world")) as opened:
        yield opened


def with_canary(value: object) -> object:
    match value:
        case str():
            return value.replace("@", CANARY)
        case dict():
            return {str(with_canary(key)): with_canary(member) for key, member in value.items()}
        case _:
            return value


def test_no_word_of_a_request_is_logged_whatever_becomes_of_it(
    world: PortalWorld, loud: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for document, variables in REQUESTS:
        given = None if variables is None else {str(with_canary(k)): with_canary(v) for k, v in variables.items()}
        answer = world.ask(document.replace("@", CANARY), by=CHECKER, variables=given)
        assert answer.status == 200
    world.send(by=CHECKER, content=f'{{"query": "{CANARY}"'.encode())
    world.send("GET", by=CHECKER, params={"query": f"{{{CANARY}}}", "variables": CANARY})
    world.send(content=b"{}", headers={"Authorization": f"Bearer {CANARY}"})
    world.send(content=b"{}", headers={"X-Request-Id": f"{CANARY}\r\nX: y", "Accept-Language": CANARY})

    written = capfd.readouterr()
    assert CANARY not in written.out + written.err
    assert CANARY not in loud.text
    assert CANARY not in "".join(f"{record.__dict__}" for record in loud.records)
    # One line a request shows that logs are looked at where they are written.
    assert sum("request_id" in record.__dict__.get("members", ()) for record in loud.records) >= len(REQUESTS)
