"""The proxy that tells certificates: known by address and secret, each on its own; what it tells, in one form (T9)."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request

from portal.certificates.jose import Algorithm
from portal.errors import ConfigurationError, Unauthenticated
from portal.resolvers.proxies import MAX_HEADER_CHARACTERS, Proxy, load_proxy
from portal.settings import Settings, load_settings
from tests.fixtures.authority import CONSUMER, authority

pytestmark = pytest.mark.clause("threats.md T9")

SECRET = b"0123456789abcdef0123456789abcdef"
CERTIFICATE = authority().certify(CONSUMER, "合成应用", Algorithm.ES256).chain[0]
PEM = CERTIFICATE.public_bytes(Encoding.PEM)
TOLD = ("x-client-cert", quote(PEM.decode(), safe=""))
KNOWN = ("x-proxy-secret", SECRET.decode())
Headers = Sequence[tuple[str, str]]


def settings() -> Settings:
    networks = (ip_network("10.0.0.5/32"), ip_network("fd00::/64"))
    return replace(load_settings({}, None), client_certificate_header="x-client-cert", trusted_proxies=networks)


PROXY = Proxy(settings(), SECRET)


def request(headers: Headers, peer: str | None = "10.0.0.5") -> Request:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    client = None if peer is None else (peer, 40000)
    return Request({"type": "http", "method": "POST", "path": "/token", "headers": raw, "client": client})


def test_certificate_is_the_one_that_the_proxy_tells() -> None:
    for peer in ("10.0.0.5", "fd00::7"):
        assert PROXY.certificate_of(request([TOLD, KNOWN], peer)) == CERTIFICATE


@pytest.mark.parametrize("headers", [[], [KNOWN], [KNOWN, ("x-client-cert", "")], [("x-client-cert", "")]])
def test_nobody_shows_a_certificate_when_the_proxy_tells_none(headers: Headers) -> None:
    assert PROXY.certificate_of(request(headers)) is None


@pytest.mark.parametrize("peer", ["10.0.0.6", "10.0.0.4", "127.0.0.1", "::1", "fd01::7", "proxy", "", None])
def test_header_is_refused_from_another_address_though_the_secret_is_right(peer: str | None) -> None:
    with pytest.raises(Unauthenticated, match="is taken from the portal's proxy alone"):
        PROXY.certificate_of(request([TOLD, KNOWN], peer))


SECRETS: dict[str, list[str]] = {
    "none": [],
    "empty": [""],
    "another": ["fedcba98765432100123456789abcdef"],
    "a part": [SECRET.decode()[:-1]],
    "with more": [f"{SECRET.decode()}0"],
    "in capitals": [SECRET.decode().upper()],
    "twice": [SECRET.decode()] * 2,
    "a wrong one behind": [SECRET.decode(), "x"],
    "a wrong one before": ["x", SECRET.decode()],
    "listed": [f"{SECRET.decode()},{SECRET.decode()}"],
    "beyond ASCII": ["é" * 32],
}


@pytest.mark.parametrize("case", SECRETS)
def test_header_is_refused_without_the_one_secret_though_the_address_is_right(case: str) -> None:
    with pytest.raises(Unauthenticated, match="is taken from the portal's proxy alone"):
        PROXY.certificate_of(request([TOLD, *(("x-proxy-secret", one) for one in SECRETS[case])]))


def test_proxy_without_secret_tells_nothing() -> None:
    for headers in ([TOLD], [TOLD, KNOWN], [TOLD, ("x-proxy-secret", "None")]):
        with pytest.raises(Unauthenticated):
            Proxy(settings()).certificate_of(request(headers))


def encoded(octets: bytes) -> str:
    return quote(octets, safe="")


WRONG: dict[str, list[str]] = {
    "twice": [TOLD[1], TOLD[1]],
    "twice, one empty": [TOLD[1], "", TOLD[1]],
    "two in one": [encoded(PEM + PEM)],
    "its issuer behind": [encoded(PEM + authority().issuing.public_bytes(Encoding.PEM))],
    "not encoded": ["-----BEGIN CERTIFICATE-----"],
    "DER": [encoded(CERTIFICATE.public_bytes(Encoding.DER))],
    "cut": [encoded(PEM[:-40])],
    "white space": [" "],
    "no UTF-8": ["%ff%fe"],
    "beyond ASCII": [encoded("证书".encode())],
    "long": ["A" * (MAX_HEADER_CHARACTERS + 1)],
    "long, and a certificate": [TOLD[1] + "%0A" * MAX_HEADER_CHARACTERS],
}


@pytest.mark.parametrize("case", WRONG)
def test_header_is_refused_that_is_not_one_certificate(case: str) -> None:
    with pytest.raises(Unauthenticated, match="isn't one certificate in PEM, URL-encoded"):
        PROXY.certificate_of(request([KNOWN, *(("x-client-cert", one) for one in WRONG[case])]))


def test_header_means_nothing_where_none_is_set() -> None:
    proxy = Proxy(replace(settings(), client_certificate_header=None), SECRET)
    assert proxy.certificate_of(request([TOLD, KNOWN])) is None


def test_secret_does_not_show() -> None:
    assert SECRET.decode() not in repr(PROXY)


def secret_file(folder: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(octets)
    path.chmod(mode)
    return path


def test_proxy_is_known_by_the_secret_of_its_file(tmp_path: Path) -> None:
    path = secret_file(tmp_path, b"\n " + SECRET + b"\n")
    loaded = load_proxy(replace(settings(), proxy_secret_file=path))
    assert loaded.certificate_of(request([TOLD, KNOWN])) == CERTIFICATE


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666])
def test_secret_that_others_may_use_is_none(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, SECRET, mode)
    with pytest.raises(ConfigurationError, match="others may read"):
        load_proxy(replace(settings(), proxy_secret_file=path))


@pytest.mark.parametrize("octets", [b"", SECRET[:-1], b" " * 40, "凭据".encode() * 12, b"\xff" * 40])
def test_secret_that_is_short_or_can_not_stand_in_a_header_is_none(tmp_path: Path, octets: bytes) -> None:
    path = secret_file(tmp_path, octets)
    with pytest.raises(ConfigurationError, match="is shorter than 32 characters"):
        load_proxy(replace(settings(), proxy_secret_file=path))


def test_half_of_the_settings_is_refused(tmp_path: Path) -> None:
    path = secret_file(tmp_path, SECRET)
    for changed in (settings(), replace(settings(), proxy_secret_file=path, trusted_proxies=())):
        with pytest.raises(ConfigurationError, match="needs `PORTAL_PROXY_SECRET_FILE`"):
            load_proxy(changed)
    assert load_proxy(load_settings({}, None)).secret is None


def test_certificate_that_is_known_is_refused_from_anybody_else() -> None:
    proxy = Proxy(settings(), SECRET)
    assert proxy.certificate_of(request([TOLD, KNOWN])) is proxy.certificate_of(request([TOLD, KNOWN]))
    with pytest.raises(Unauthenticated):
        proxy.certificate_of(request([TOLD, KNOWN], "10.0.0.6"))
    with pytest.raises(Unauthenticated):
        proxy.certificate_of(request([TOLD]))


def test_certificates_that_are_kept_are_told_apart_by_every_character() -> None:
    proxy, other = Proxy(settings(), SECRET), authority().certify(CONSUMER, "另一合成应用", Algorithm.ES256).chain[0]
    told = ("x-client-cert", quote(other.public_bytes(Encoding.PEM).decode(), safe=""))
    for _ in range(2):
        assert proxy.certificate_of(request([TOLD, KNOWN])) == CERTIFICATE
        assert proxy.certificate_of(request([told, KNOWN])) == other
