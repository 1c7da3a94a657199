"""A real nginx in front, configured as docs/tokens.md prints it: no header of a client's tells a certificate (T9)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from portal.agreements.signing import Signer, make_authority
from portal.certificates.jose import Algorithm
from tests.fixtures.ambiguous_lengths import AMBIGUOUS
from tests.fixtures.authority import CONSUMER, VALID_FROM, VALID_UNTIL, authority, foreign_authority
from tests.fixtures.nginx import NAME, Proxied, nginx
from tests.fixtures.raw_http import exchange, statuses
from tests.fixtures.spoofed_headers import spoofs
from tests.fixtures.token_clients import DOCUMENT, SIGNER, bundle
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T9")]

SECRET = "fedcba9876543210fedcba9876543210"
OTHER = authority().certify(CONSUMER, "合成应用二", Algorithm.ES256)
FOREIGN = foreign_authority().certify(CONSUMER, "合成应用", Algorithm.ES256)
UNKNOWN = make_authority("Unknown", VALID_FROM, VALID_UNTIL).certify(CONSUMER, "合成应用", Algorithm.ES256)
SPOOFS = tuple(spoofs())
FORM = urlencode({"grant_type": "client_credentials", "client_id": "checker"}).encode()
QUERY = json.dumps({"query": DOCUMENT}).encode()
SHARED = "西社区".encode()


@dataclass(frozen=True)
class Served:
    """A portal, and nginx before it; `token` is bound to the certificate of the signer."""

    portal: PortalProcess
    proxied: Proxied
    token: str = ""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("proxied")
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = {
        "PORTAL_PUBLIC_URL": f"https://{NAME}",
        "PORTAL_ALLOWED_HOSTS": NAME,
        "PORTAL_CLIENT_CERTIFICATE_HEADER": "X-Client-Cert",
        "PORTAL_PROXY_SECRET_FILE": str(secret),
        "PORTAL_TRUSTED_PROXIES": "127.0.0.1/32",
        "PORTAL_PUBLIC_REQUESTS_PER_SECOND": "100000",
    }
    portal = PortalProcess(folder / "home", settings)
    portal.load(bundle().write(folder / "bundle"))
    portal.start()
    try:
        with nginx(folder / "nginx", portal.port, SECRET, authority()) as proxied:
            granted, _ = proxied.exchange(asking_token(), SIGNER)
            yield Served(portal, proxied, str(json.loads(body_of(granted))["access_token"]))
    finally:
        portal.stop()


def request(path: str, kind: str, body: bytes, lines: bytes = b"") -> bytes:
    """A request whose head holds these lines too."""
    head = f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + lines + b"Connection: close\r\n\r\n" + body


def asking_token(lines: bytes = b"") -> bytes:
    return request("/token", "application/x-www-form-urlencoded", FORM, lines)


def asking_rows(served: Served, lines: bytes = b"") -> bytes:
    """A request with the token that is bound to the signer's certificate."""
    return request(
        "/graphql", "application/json", QUERY, b"Authorization: Bearer %s\r\n" % served.token.encode() + lines
    )


def body_of(received: bytes) -> bytes:
    return received.partition(b"\r\n\r\n")[2]


def told(signer: Signer = SIGNER) -> str:
    """The certificate as nginx tells it."""
    return quote(signer.chain[0].public_bytes(Encoding.PEM).decode(), safe="")


def is_accepted(received: bytes) -> bool:
    """Whether a token was given or rows were answered."""
    return b"access_token" in received or SHARED in received


def test_certificate_of_the_connection_gives_a_token_and_rows(served: Served) -> None:
    received, _ = served.proxied.exchange(asking_rows(served), SIGNER)
    assert statuses(received) == [200]
    assert SHARED in received


@pytest.mark.parametrize("signer", [None, OTHER], ids=["no certificate", "another certificate"])
def test_token_is_good_over_no_other_connection(served: Served, signer: Signer | None) -> None:
    for content in (asking_token(), asking_rows(served)):
        received, _ = served.proxied.exchange(content, signer)
        assert statuses(received) == [401]
        assert not is_accepted(received)


@pytest.mark.parametrize("signer", [FOREIGN, UNKNOWN], ids=["of the same name", "of another name"])
def test_certificate_of_a_foreign_authority_is_refused_by_the_proxy(served: Served, signer: Signer) -> None:
    received, _ = served.proxied.exchange(asking_token(), signer)
    assert statuses(received) == [400]


def test_lies_are_enough() -> None:
    assert len(SPOOFS) >= 60
    assert len({spoof.name for spoof in SPOOFS}) == len(SPOOFS)


@pytest.mark.parametrize("signer", [None, OTHER], ids=["no certificate", "another certificate"])
def test_lies_through_the_proxy_tell_no_certificate(served: Served, signer: Signer | None) -> None:
    accepted = []
    for spoof in SPOOFS:
        # The worst case: who lies knows the secret, and has a token that was stolen.
        lines = spoof.tell(told(), SECRET)
        for content in (asking_token(lines), asking_rows(served, lines)):
            received, _ = served.proxied.exchange(content, signer)
            if is_accepted(received) or statuses(received)[-1] not in (400, 401):
                accepted.append((spoof.name, received))
    assert accepted == []


def test_lies_through_the_proxy_are_overwritten_by_the_true_certificate(served: Served) -> None:
    told_apart, let_through = [], 0
    for spoof in SPOOFS:
        received, _ = served.proxied.exchange(asking_rows(served, spoof.tell(told(OTHER), "0" * 32)), SIGNER)
        # What nginx takes for no request is refused; of what it lets through the connection alone says who asks.
        let_through += is_accepted(received)
        if not is_accepted(received) and statuses(received)[-1] != 400 and b"Authorization:" not in spoof.lines:
            told_apart.append((spoof.name, received))
    assert told_apart == []
    assert let_through >= 60


def test_lies_to_the_portal_itself_are_refused(served: Served) -> None:
    accepted = []
    for spoof in SPOOFS:
        lines = spoof.tell(told(), SECRET[::-1])
        for content in (asking_token(lines), asking_rows(served, lines)):
            received, _ = exchange(served.portal.port, content)
            if is_accepted(received) or statuses(received)[-1] not in (400, 401):
                accepted.append((spoof.name, received))
    assert accepted == []


def test_address_of_the_client_is_what_the_proxy_saw(served: Served) -> None:
    lines = b"X-Forwarded-For: 192.0.2.66\r\nX-Forwarded-For: 127.0.0.1\r\nForwarded: for=192.0.2.66\r\n"
    received, _ = served.proxied.exchange(asking_token(lines), SIGNER, source="127.0.0.9")
    assert statuses(received) == [200]
    with closing(sqlite3.connect(served.portal.home / "portal.db")) as connection:
        records = [json.loads(row[0]) for row in connection.execute("SELECT record FROM audit_records")]
    addresses = [record["client_address"] for record in records if record.get("act") == "token_issued"]
    assert "127.0.0.9" in addresses
    assert not any("192.0.2.66" in json.dumps(record) for record in records)


@pytest.mark.clause("threats.md T76")
@pytest.mark.parametrize("headers", [one for one in AMBIGUOUS if b"27" in one], ids=ascii)
def test_request_of_two_lengths_is_refused_by_the_proxy(served: Served, headers: bytes) -> None:
    head = f"POST /graphql HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/json\r\n".encode()
    smuggled = f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
    received, is_closed = served.proxied.exchange(head + headers + b"\r\n" + b"0\r\n\r\n" + smuggled, SIGNER)
    assert is_closed
    assert set(statuses(received)) <= {400, 501}, received
