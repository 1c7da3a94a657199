"""Every address of the portal, asked in each form that is known to mislead: answered as plainly asked, or not (T8).

The addresses are the application's own routes: a new one fails here until it is told how it is plainly asked.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from portal.app import create_app
from portal.settings import load_settings
from tests.fixtures.assertions import assertion_claims, assertion_header, sign_assertion
from tests.fixtures.identity_provider import SECRET, identity_provider
from tests.fixtures.raw_http import exchange, statuses
from tests.fixtures.sharing_bundle import VILLAGES
from tests.fixtures.signing_in import SECURE_SITE, SESSION
from tests.fixtures.small_bundle import AUTHORITY, statutory
from tests.fixtures.token_clients import FORM, SIGNER, bundle, form, proof_of
from tests.fixtures.twisted_requests import PlainRequest, twists
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T8")]

TWISTS = tuple(twists())
REFUSALS = (400, 401, 403, 404, 405, 406, 413, 415, 421, 422, 431)
OPENED = (
    b"\xe5\x90\x88\xe6\x88\x90",
    b"access_token",
    b'"active"',
    b"portal_requests",
    b'"keys"',
    b"BEGIN PUBLIC KEY",
    b"system-1",
)
"""What stands in answers that were opened: cells, tokens, figures, keys, names of persons."""
SIGNED_OUT = b'{"signed_in":false,"offered":true}'
PERSON = f"system-1,系统管理员,{AUTHORITY},system_administrator,3,government"
DOCUMENT = "{ me { application user } shared { residents(purpose: VERIFICATION) { nodes { name } } } }"
BODY = json.dumps({"query": DOCUMENT}).encode()
JSON = {"Content-Type": "application/json"}
DRAWN = re.compile(
    rb'nonce="[^"]+"'
    rb'|"(?:access_token|ends_at|begun_at|exp|jti)":(?:"[^"]*"|[0-9]+)'
    rb"|\b(?:state|nonce|code_challenge|request_uri)=[A-Za-z0-9_%.-]{40,}"
)
"""What differs from one answer to the same request to the next."""


@dataclass(frozen=True)
class Known:
    """What the plain requests need of the portal that they are sent to."""

    port: int
    token: str
    session: str

    @property
    def cookie(self) -> dict[str, str]:
        """The cookie of who is signed in."""
        return {"Cookie": f"{SESSION}={self.session}"}


@dataclass(frozen=True)
class Asked:
    """How an address is plainly asked, and the status of the answer. `path` is that of the route."""

    path: str
    status: int
    method: str = "GET"
    make: Callable[[Known], Mapping[str, str]] = field(default=lambda _: {})
    body: Callable[[Known], bytes] = field(default=lambda _: b"")
    query: str = ""

    def plain(self, known: Known) -> PlainRequest:
        """The request; what counts once is made anew."""
        return PlainRequest(self.method, self.path, self.query, self.make(known), self.body(known))


def by_token(known: Known) -> Mapping[str, str]:
    return {**JSON, "Authorization": f"Bearer {known.token}"}


def proven(_: Known) -> Mapping[str, str]:
    return {**FORM, "DPoP": proof_of(url=f"{SECURE_SITE}/token")}


def token_alone(known: Known) -> bytes:
    return urlencode({"token": known.token}).encode()


def signed_form(**fields: str) -> bytes:
    claims = assertion_claims("checker", f"{SECURE_SITE}/token", datetime.now(UTC))
    return urlencode(form(client_assertion=sign_assertion(assertion_header(SIGNER), claims, SIGNER), **fields)).encode()


CODES = "items=code&purpose=VERIFICATION"
GUARDED: dict[str, Asked] = {
    "graphql, the public": Asked("/graphql", 200, "POST", lambda _: JSON, lambda _: BODY),
    "graphql, an application": Asked("/graphql", 200, "POST", by_token, lambda _: BODY),
    "graphql by GET with a session": Asked(
        "/graphql", 200, "GET", lambda known: known.cookie, query=urlencode({"query": DOCUMENT})
    ),
    "graphql with another page's session": Asked(
        "/graphql", 403, "POST", lambda known: {**JSON, **known.cookie}, lambda _: BODY
    ),
    "token": Asked("/token", 200, "POST", proven, lambda _: signed_form()),
    "token, nobody": Asked("/token", 401, "POST", lambda _: FORM, lambda _: b"grant_type=client_credentials"),
    "introspect": Asked("/introspect", 200, "POST", lambda _: FORM, lambda known: signed_form(token=known.token)),
    "introspect, nobody": Asked("/introspect", 401, "POST", lambda _: FORM, token_alone),
    "revoke, nobody": Asked("/revoke", 401, "POST", lambda _: FORM, token_alone),
    "file": Asked(
        "/exchange/villages", 200, make=lambda known: {"Authorization": f"Bearer {known.token}"}, query=CODES
    ),
    "file of a session": Asked("/exchange/villages", 403, make=lambda known: known.cookie, query=CODES),
    "file by other means": Asked("/exchange/villages", 403, "POST", lambda _: JSON, lambda _: b"{}"),
    "manifest of nothing": Asked("/exchange/villages/manifest/1", 404, make=by_token),
    "keys": Asked("/jwks", 200),
    "audit keys": Asked("/audit-keys", 200),
    "metadata": Asked("/.well-known/oauth-authorization-server", 200),
    "sign-in": Asked("/sign-in", 303, query="return_to=/session"),
    "callback": Asked("/sign-in/callback", 400, query="state=a&code=b"),
    "sign-out by another page": Asked("/sign-out", 403, "POST", lambda known: known.cookie),
    "session": Asked("/session", 200, make=lambda known: known.cookie),
    "session, nobody": Asked("/session", 200),
    "alive": Asked("/healthz", 200),
    "ready": Asked("/readyz", 200),
    "figures from elsewhere": Asked("/metrics", 404),
    "start page": Asked("/", 200),
    "catalog": Asked("/catalog", 200),
    "data set": Asked("/catalog/303001001/00001", 200),
    "explorer": Asked("/explorer", 200),
    "report of a fault": Asked("/report/303001001/00001", 200),
    "request for data": Asked("/request", 200),
    "verifying": Asked("/verify", 200),
    "tickets": Asked("/ticket", 200),
    "ticket": Asked("/ticket/T-0000-0000-0000-0", 200),
    "console": Asked("/console", 200),
    "page of the console": Asked("/console/audit/1-1", 200),
    "script that isn't there": Asked("/assets/index.js", 404),
    "sign of the portal": Asked("/favicon.svg", 200),
    "open data as JSON-LD": Asked("/dcat.jsonld", 200, query="page=1"),
    "open data as Turtle": Asked("/dcat.ttl", 200),
    "data set as JSON-LD": Asked("/catalog/303001001/00001.jsonld", 200),
    "hidden data set as JSON-LD": Asked("/catalog/303001001/00002.jsonld", 404),
    "data set as Turtle": Asked("/catalog/303001001/00001.ttl", 200),
    "hidden data set as Turtle": Asked("/catalog/303001001/00002.ttl", 404, make=by_token),
    "sitemap": Asked("/sitemap.xml", 200),
    "part of a sitemap": Asked("/sitemap-1.xml", 404),
    "feed": Asked("/feed.atom", 200),
    "robots": Asked("/robots.txt", 200),
    "demonstration's provider": Asked("/demonstration/sign-in", 404),
    "demonstration's provider, chosen": Asked(
        "/demonstration/sign-in", 404, "POST", lambda _: FORM, lambda _: b"user=system-1"
    ),
}
"""Addresses of a portal in production; where nothing is for who asks, no form of the request finds something."""

SHOWN: dict[str, Asked] = {
    "graphql by any name": Asked("/graphql", 200, "POST", lambda _: JSON, lambda _: BODY),
    "metadata by one name": Asked("/.well-known/oauth-authorization-server", 200),
    "figures": Asked("/metrics", 200),
    "start page": Asked("/", 200),
    "sign-in": Asked("/sign-in", 303),
    "demonstration's provider": Asked("/demonstration/sign-in", 400),
    "demonstration's provider, chosen": Asked(
        "/demonstration/sign-in", 400, "POST", lambda _: FORM, lambda _: b"user=system-1"
    ),
}
"""Addresses of a demonstration that are other ones there."""


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[PortalProcess]:
    draft = bundle()
    draft.users.append(PERSON)
    draft.policies["files"] = statutory("files", resource=VILLAGES, items=["code"], modes=["exchange"], purposes=["*"])
    environment = {"PORTAL_PUBLIC_REQUESTS_PER_SECOND": "100000", **settings}
    process = PortalProcess(folder / "home", environment)
    process.load(draft.write(folder / "bundle"))
    process.start()
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """A portal as in production, with an application's token and a person's session."""
    folder = tmp_path_factory.mktemp("guarded")
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    with identity_provider() as provider:
        settings = {
            "PORTAL_PUBLIC_URL": SECURE_SITE,
            "PORTAL_ALLOWED_HOSTS": "portal.test",
            "PORTAL_METRICS_FROM": "192.0.2.0/24",
            "PORTAL_OIDC_ISSUER": provider.issuer,
            "PORTAL_OIDC_CLIENT_SECRET_FILE": str(secret),
            "PORTAL_CLIENT_CERTIFICATE_HEADER": "X-Client-Cert",
            "PORTAL_PROXY_SECRET_FILE": str(secret),
            "PORTAL_TRUSTED_PROXIES": "192.0.2.1/32",
        }
        with served(folder, **settings) as portal:
            token = portal.run("token", "--application", "checker").stdout.strip()
            with httpx2.Client(base_url=f"http://127.0.0.1:{portal.port}", headers={"Host": "portal.test"}) as client:
                begun = client.get("/sign-in")
                cookie = begun.headers["set-cookie"].partition(";")[0]
                back = provider.authorize(begun.headers["location"]).removeprefix(SECURE_SITE)
                kept = client.get(back, headers={"Cookie": cookie}).headers.get_list("set-cookie")
            (session,) = re.findall(rf"{SESSION}=([^;]+)", " ".join(kept))
            yield Known(portal.port, token, session)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """A demonstration of this machine."""
    settings = {"PORTAL_DEMONSTRATION": "true", "PORTAL_PUBLIC_URL": "http://127.0.0.1:8000"}
    with served(tmp_path_factory.mktemp("shown"), **settings) as portal:
        yield Known(portal.port, "", "")


SOURCES = (f"127.{number // 64000 + 1}.{number // 250 % 256}.{number % 250 + 1}" for number in count())


def verdict(port: int, content: bytes) -> tuple[int, bytes]:
    """Status and answer without what is drawn anew; each time another address of this machine asks."""
    received, is_closed = exchange(port, content, source=next(SOURCES))
    assert is_closed
    received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    location = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"location:")), b"")
    answered = body if b"portal_requests" not in body else b"portal_requests"
    return statuses(received)[0], DRAWN.sub(b"", location + answered)


def misled(known: Known, asked: Asked) -> list[str]:
    """Name each form of the request whose answer is neither that to the plain one nor a refusal."""
    plain = verdict(known.port, asked.plain(known).render())
    assert plain[0] == asked.status, plain
    found = []
    for twist in TWISTS:
        status, body = verdict(known.port, twist.change(asked.plain(known)).render())
        is_refused = (status in REFUSALS and not any(mark in body for mark in OPENED)) or body == SIGNED_OUT
        if (status, body) != plain and (twist.is_ignored or not is_refused):
            found.append(f"{twist.name}: {status} {body[:200]!r}")
    assert verdict(known.port, asked.plain(known).render()) == plain
    return found


@pytest.mark.parametrize("asked", GUARDED.values(), ids=GUARDED)
def test_address_is_answered_as_plainly_asked_or_refused(guarded: Known, asked: Asked) -> None:
    assert misled(guarded, asked) == []


@pytest.mark.parametrize("asked", SHOWN.values(), ids=SHOWN)
def test_address_of_a_demonstration_is_answered_as_plainly_asked_or_refused(shown: Known, asked: Asked) -> None:
    assert misled(shown, asked) == []


def test_every_address_of_the_application_is_asked_in_hundreds_of_forms(tmp_path: Path) -> None:
    for demonstration, tables in (("false", [GUARDED]), ("true", [GUARDED, SHOWN])):
        settings = load_settings({"PORTAL_HOME": str(tmp_path), "PORTAL_DEMONSTRATION": demonstration}, None)
        routes: list[Any] = list(create_app(settings).routes)
        told = {asked.path for table in tables for asked in table.values()}
        untold = {route.path for route in routes if not any(map(route.path_regex.fullmatch, told))}
        assert untold == set(), "tell here how the address is plainly asked"
    assert len(TWISTS) >= 300
    assert len({twist.name for twist in TWISTS}) == len(TWISTS)
    assert len({asked.path for asked in GUARDED.values()}) >= 12
