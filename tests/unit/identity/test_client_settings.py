"""What the portal is at the provider: nothing that anybody may know, and nothing of the demonstration outside it."""

from pathlib import Path

import pytest

from portal.errors import ConfigurationError, Language
from portal.identity.client_settings import (
    DEMONSTRATION_CLIENT,
    DEMONSTRATION_ISSUER,
    ClientSettings,
    cookie_is_secure,
    load_client_settings,
)
from portal.settings import Settings, load_settings

pytestmark = pytest.mark.clause("threats.md T55")

ISSUER, SITE = "https://id.example.gov.cn/realms/staff", "https://share.example.gov.cn"
DRAWN = "8Jx1vQ-pm3Zr_0kWtYbN5uHdGf7sCaL2"


def settings(secret: Path | None = None, **changed: str) -> Settings:
    environment = {"PORTAL_OIDC_ISSUER": ISSUER, "PORTAL_PUBLIC_URL": SITE}
    if secret is not None:
        environment["PORTAL_OIDC_CLIENT_SECRET_FILE"] = str(secret)
    environment |= {f"PORTAL_{name.upper()}": value for name, value in changed.items()}
    return load_settings(environment, None)


def secret_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(made: Settings) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load_client_settings(made)
    assert raised.value.text.zh != raised.value.text.en
    return raised.value.text.render(Language.ENGLISH)


def test_nobody_signs_in_when_nothing_is_set() -> None:
    assert load_client_settings(load_settings({}, None)) is None


def test_secret_is_read(tmp_path: Path) -> None:
    client = load_client_settings(settings(secret_file(tmp_path, DRAWN.encode() + b"\n")))
    assert client == ClientSettings(ISSUER, "portal", DRAWN)
    assert DRAWN not in repr(client)


def test_portal_signs_assertions_when_no_secret_is_set() -> None:
    client = load_client_settings(settings(oidc_user_claim="employee", oidc_certificate_acr="cert"))
    assert client == ClientSettings(ISSUER, "portal", None, "employee", "cert")


def test_demonstration_has_its_own_provider() -> None:
    client = load_client_settings(load_settings({"PORTAL_DEMONSTRATION": "true"}, None))
    assert client is not None
    assert client.is_demonstration


def test_other_provider_counts_in_the_demonstration() -> None:
    client = load_client_settings(settings(demonstration="true"))
    assert client is not None
    assert not client.is_demonstration


@pytest.mark.parametrize("demonstration", ["true", "false"])
@pytest.mark.parametrize(
    "changed",
    [
        {"oidc_issuer": DEMONSTRATION_ISSUER},
        {"oidc_issuer": f"{DEMONSTRATION_ISSUER}/realm"},
        {"oidc_client_id": DEMONSTRATION_CLIENT},
    ],
    ids=str,
)
def test_demonstration_provider_is_refused_when_named(changed: dict[str, str], demonstration: str) -> None:
    assert "demonstration" in refused(settings(None, demonstration=demonstration, **changed))


@pytest.mark.parametrize("public_url", ["", "http://share.example.gov.cn", "http://10.0.0.5:8000"])
def test_site_without_https_is_refused(public_url: str) -> None:
    assert "PORTAL_PUBLIC_URL" in refused(settings(public_url=public_url))


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example.gov.cn",
        "http://10.0.0.5",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.2",
        "https://id.example.gov.cn/",
        "https://id.example.gov.cn?a=b",
        "https://id.example.gov.cn#a",
        "https://a@id.example.gov.cn",
        "ftp://id.example.gov.cn",
        "id.example.gov.cn",
    ],
)
def test_issuer_is_refused_when_others_may_stand_between(issuer: str) -> None:
    with pytest.raises(ConfigurationError):
        settings(oidc_issuer=issuer)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://localhost:9000/realm", "http://[::1]:9000"])
def test_issuer_on_this_machine_may_be_plain(issuer: str) -> None:
    client = load_client_settings(settings(oidc_issuer=issuer))
    assert client is not None
    assert client.issuer == issuer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        DRAWN[:31].encode(),
        b"changeme" * 5,
        b"ChangeMe-8Jx1vQ-pm3Zr_0kWtYbN5uHd",
        b"secret-secret-secret-secret-secret-1234567",
        b"password12345678901234567890abcdef",
        b"my-client_secret-0123456789abcdefgh",
        b"0123456789" * 0 + b"a" * 64,
        b"0" * 32,
        b"abcdabcdabcdabcdabcdabcdabcdabcdabcd",
        b"00000000-0000-0000-0000-000000000000",
        b"portal-8Jx1vQpm3Zr0kWtYbN5uHdGf7sCaL2",
        b"this-is-the-default-one-0123456789-x",
        b"example.gov.cn-8Jx1vQ-pm3Zr_0kWtYb",
        "密钥8Jx1vQ-pm3Zr_0kWtYbN5uHdGf7sCaL2".encode(),
        b"8Jx1vQ-pm3Zr_0kWtYbN5uHdGf7s\nCaL2xyz",
        b"\xff\xfe" + DRAWN.encode(),
    ],
)
def test_secret_that_anybody_may_know_is_refused(tmp_path: Path, content: bytes) -> None:
    words = refused(settings(secret_file(tmp_path, content)))
    assert "secret" in words
    assert DRAWN[:8] not in words


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    assert "chmod 600" in refused(settings(secret_file(tmp_path, DRAWN.encode(), mode)))


def test_missing_secret_is_refused(tmp_path: Path) -> None:
    assert "can't be read" in refused(settings(tmp_path / "none"))


@pytest.mark.parametrize(
    ("demonstration", "site", "is_secure"),
    [
        ("false", "http://127.0.0.1:8000", True),
        ("false", "https://share.example.gov.cn", True),
        ("true", "https://127.0.0.1:8000", True),
        ("true", "http://10.0.0.5:8000", True),
        ("true", "http://127.0.0.1.evil.example", True),
        ("true", "http://127.0.0.1:8000", False),
        ("true", "http://localhost:8000", False),
    ],
)
def test_cookies_are_plain_in_the_demonstration_on_this_machine_alone(
    demonstration: str, site: str, *, is_secure: bool
) -> None:
    made = load_settings({"PORTAL_DEMONSTRATION": demonstration}, None)
    assert cookie_is_secure(made, site) is is_secure
