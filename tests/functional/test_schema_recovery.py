"""Tools that recover a schema without introspection learn what introspection shows, and no name beyond (T58)."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from graphql import GraphQLSchema, build_client_schema, get_introspection_query, graphql_sync

from tests.fixtures.linked_bundle import linked_bundle
from tests.fixtures.recovery_tool import RecoveryTool, install_recovery_tool
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.fixtures.small_bundle import BundleDraft
from tests.oracle.runner import PortalProcess
from tests.oracle.world import Caller

PUBLIC = Caller()
CHECKER = Caller(application="checker")
OUTSIDER = Caller(application="outsider")
KEEPER = Caller(user="keeper")
"""A person of the provider, whose view holds every item."""

FIELDS = ("", "_by_key", "_by_keys")
TYPES = ("_connection", "_edge", "_where", "_order", "_key", "_item")
BUNDLES = {"sharing": sharing_bundle(), "linked": linked_bundle()}

pytestmark = [pytest.mark.heavy, pytest.mark.clause("enforcement.md §5, view")]


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> RecoveryTool:
    return install_recovery_tool(tmp_path_factory.mktemp("tool"))


@dataclass(frozen=True)
class Served:
    """A portal that serves a bundle, and every name that it has for whoever may know them all."""

    portal: PortalProcess
    names: frozenset[str]

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.portal.port}/graphql"

    def schema_shown(self, caller: Caller) -> GraphQLSchema:
        """The schema that introspection shows to the caller."""
        reply = self.portal.ask(caller, json.dumps({"query": get_introspection_query()}).encode())
        return build_client_schema(json.loads(reply.body)["data"])

    def hidden(self, caller: Caller) -> frozenset[str]:
        """The names that the portal has and does not show to the caller."""
        return self.names - names_of(self.schema_shown(caller))


@pytest.fixture(scope="module")
def portals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Served]]:
    """A portal that serves, by what its bundle holds."""
    opened = {}
    for name, draft in BUNDLES.items():
        folder = tmp_path_factory.mktemp(name)
        portal = PortalProcess(folder / "home", {"PORTAL_PUBLIC_REQUESTS_PER_SECOND": "100000"})
        portal.load(draft.write(folder / "bundle"))
        portal.start()
        opened[name] = Served(portal, names_in(draft))
    yield opened
    for served in opened.values():
        served.portal.stop()


def names_in(draft: BundleDraft) -> frozenset[str]:
    """Every name that a draft gives to a type or a field."""
    documents = draft.entries.values()
    members = {member["identifier"] for entry in documents for member in (*entry["items"], *entry.get("links", ()))}
    return frozenset(members | {entry["identifier"] + suffix for entry in documents for suffix in FIELDS + TYPES})


def names_of(schema: GraphQLSchema) -> set[str]:
    """Every name of a type, field or argument of a schema."""
    names = set(schema.type_map)
    for kind in schema.type_map.values():
        for name, field in getattr(kind, "fields", {}).items():
            names |= {name, *getattr(field, "args", ())}
    return names


def guesses(served: Served) -> set[str]:
    """Every name of a field that a draft gives, the way to where they are, and some that nothing has."""
    given = {name for name in served.names if not name.endswith(TYPES)}
    return given | {"shared", "nodes", "where", "first"} | {f"{name}_x" for name in given if len(name) == 4}


@pytest.mark.parametrize(
    ("bundle", "caller"),
    [
        pytest.param("sharing", PUBLIC, id="what is shared, the public"),
        pytest.param("sharing", CHECKER, id="what is shared, a consumer"),
        pytest.param("sharing", OUTSIDER, id="what is shared, a bystander"),
        pytest.param("linked", PUBLIC, id="what is linked, the public"),
        pytest.param("linked", OUTSIDER, id="what is linked, a bystander"),
    ],
)
def test_recovery_learns_no_hidden_name_when_every_name_is_guessed(
    tool: RecoveryTool, portals: Mapping[str, Served], bundle: str, caller: Caller
) -> None:
    served = portals[bundle]
    shown = names_of(served.schema_shown(caller))
    assert served.hidden(caller)

    learned = tool.learn(served.url, guesses(served), served.portal.token(caller))

    assert learned <= shown
    assert {"Query", "shared", "villages", "nodes", "code"} <= learned


def test_recovery_learns_the_same_names_when_the_view_holds_them(
    tool: RecoveryTool, portals: Mapping[str, Served]
) -> None:
    served = portals["sharing"]
    learned = tool.learn(served.url, guesses(served), served.portal.token(KEEPER))

    entries = {name for name in served.names if f"{name}_where" in served.names}
    assert entries
    assert entries | {"code", "id_number"} <= learned
    assert entries & served.hidden(PUBLIC)


@contextmanager
def telling_more(schema: GraphQLSchema) -> Iterator[str]:
    """Serve a schema that answers with all that graphql-core says about what isn't valid; yield its address."""

    class Telling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
            body = json.dumps(graphql_sync(schema, query).formatted).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Telling)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/graphql"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def near_misses(names: frozenset[str]) -> set[str]:
    """The names without their last letter, and the words that lead to where they are."""
    given = {name for name in names if not name.endswith(TYPES)}
    return {name[:-1] for name in given if len(name) > 4} | {"shared", "nodes"}


def test_recovery_learns_hidden_names_from_a_server_that_suggests_them(
    tool: RecoveryTool, portals: Mapping[str, Served]
) -> None:
    served = portals["sharing"]
    words = near_misses(served.names)
    hidden = served.hidden(PUBLIC) - words

    with telling_more(served.schema_shown(KEEPER)) as url:
        suggested = tool.learn(url, words) & hidden
    assert {"residents", "id_number"} <= suggested

    assert tool.learn(served.url, words).isdisjoint(hidden)
