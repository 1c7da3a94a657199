import os
import re
from dataclasses import FrozenInstanceError, fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from portal.errors import ConfigurationError, Language
from portal.setting_values import PushedRequests
from portal.settings import (
    Settings,
    Source,
    describe_settings,
    language_of,
    load_settings,
    process_environment,
)

DEFAULTS = Settings(
    home=Path("var"),
    database_url="sqlite:///var/portal.db",
    data_url="sqlite:///var/data.db",
    owner_database_url="sqlite:///var/portal.db",
    owner_data_url="sqlite:///var/data.db",
    administration_database_url="sqlite:///var/portal.db",
    profile=None,
    key_file=Path("var/keys.json"),
    issuer="portal",
    audience="portal",
    public_url=None,
    bearer_tokens=True,
    dpop_nonces=False,
    revocation_list_grace_seconds=0,
    client_certificate_header=None,
    proxy_secret_file=None,
    oidc_issuer=None,
    oidc_client_id="portal",
    oidc_client_secret_file=None,
    oidc_user_claim="sub",
    oidc_certificate_acr=None,
    oidc_pushed_requests=PushedRequests.WHEN_OFFERED,
    oidc_ca_file=None,
    documents=None,
    backup_key=None,
    statement_timeout_seconds=5.0,
    max_body_bytes=65536,
    max_tokens=8192,
    max_depth=15,
    max_selections=20000,
    max_root_fields=100,
    max_introspection=20,
    max_cells=10**15,
    max_catalog_cells=100_000,
    read_connections=4,
    trusted_proxies=(),
    metrics_from=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
    allowed_hosts=(),
    allowed_origins=(),
    open_data_licence=None,
    receive_timeout_seconds=10.0,
    send_timeout_seconds=30.0,
    max_connections=2000,
    public_requests_per_second=200,
    tickets_per_address_an_hour=10,
    tickets_an_hour=500,
    ticket_contact_days=180,
    concurrent_requests=32,
    concurrent_transfers=2,
    stop_notice_seconds=0,
    audit_witnesses=(),
    audit_witness_seconds=600.0,
    load_approval=False,
    demonstration=False,
)
"""Every setting where nothing is set."""


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def fault_of(environ: dict[str, str], dotenv: Path | None = None) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(environ, dotenv)
    return raised.value


def test_settings_have_defaults_when_nothing_is_set() -> None:
    assert load_settings({}, None) == DEFAULTS


def test_settings_place_their_files_below_home_when_home_is_set(tmp_path: Path) -> None:
    settings = load_settings({"PORTAL_HOME": str(tmp_path / "{home}")}, None)
    home = tmp_path / "{home}"
    assert settings.database_url == f"sqlite:///{home}/portal.db"
    assert settings.data_url == f"sqlite:///{home}/data.db"
    assert settings.key_file == home / "keys.json"
    assert settings.witness_file.parent == home
    assert not home.exists()


def test_witness_belongs_to_one_database_when_others_share_the_home() -> None:
    urls = ("sqlite:///var/one.db", "sqlite:///var/two.db", "sqlite:///var/one.db")
    files = [load_settings({"PORTAL_DATABASE_URL": url}, None).witness_file for url in urls]
    assert files[0] == files[2] != files[1]


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings({}, None).max_depth = 99  # type: ignore[misc]


def test_every_setting_is_described_in_both_languages_and_in_order() -> None:
    lines = describe_settings({}, None)
    assert [line.name for line in lines] == [f"PORTAL_{one.name.upper()}" for one in fields(Settings)]
    assert all(line.meaning.en and re.search(r"[\u4e00-\u9fff]", line.meaning.zh) for line in lines)
    assert {line.source for line in lines} == {Source.DEFAULT}


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("PORTAL_PROFILE", "nantong-2015", "profile", "nantong-2015"),
        ("PORTAL_KEY_FILE", "/run/keys.json", "key_file", Path("/run/keys.json")),
        ("PORTAL_STATEMENT_TIMEOUT_SECONDS", "0.25", "statement_timeout_seconds", 0.25),
        ("PORTAL_MAX_BODY_BYTES", "1024", "max_body_bytes", 1024),
        ("PORTAL_DEMONSTRATION", "true", "demonstration", True),
        ("PORTAL_DEMONSTRATION", "false", "demonstration", False),
        (
            "PORTAL_OPEN_DATA_LICENCE",
            "https://license.example.gov.cn/open/1.0?v=%E5%BC%80#2",
            "open_data_licence",
            "https://license.example.gov.cn/open/1.0?v=%E5%BC%80#2",
        ),
        (
            "PORTAL_TRUSTED_PROXIES",
            "10.0.0.0/8, fd00::/8,",
            "trusted_proxies",
            (ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        ),
    ],
)
def test_setting_is_read_from_its_text(name: str, text: str, field: str, value: object) -> None:
    assert getattr(load_settings({name: text}, None), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORTAL_MAX_DEPTH", "0"),
        ("PORTAL_MAX_DEPTH", "101"),
        ("PORTAL_MAX_DEPTH", "-1"),
        ("PORTAL_MAX_DEPTH", "1.0"),
        ("PORTAL_MAX_DEPTH", "\uff11\uff15"),
        ("PORTAL_MAX_DEPTH", "9" * 5000),
        ("PORTAL_STATEMENT_TIMEOUT_SECONDS", "0"),
        ("PORTAL_STATEMENT_TIMEOUT_SECONDS", "inf"),
        ("PORTAL_STATEMENT_TIMEOUT_SECONDS", "3601"),
        ("PORTAL_OPEN_DATA_LICENCE", "javascript:alert(1)"),
        ("PORTAL_OPEN_DATA_LICENCE", "ftp://license.example.gov.cn/1"),
        ("PORTAL_OPEN_DATA_LICENCE", "CC-BY-4.0"),
        ("PORTAL_OPEN_DATA_LICENCE", 'https://license.example.gov.cn/"><script>'),
        ("PORTAL_OPEN_DATA_LICENCE", "https://license.example.gov.cn/100%"),
        ("PORTAL_DEMONSTRATION", "True"),
        ("PORTAL_DEMONSTRATION", "1"),
        ("PORTAL_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PORTAL_TRUSTED_PROXIES", "proxy.example"),
    ],
)
def test_setting_is_refused_by_name_when_its_text_does_not_fit(name: str, text: str) -> None:
    fault = fault_of({name: text})
    assert f"`{name}={text}`" in fault.text.en
    assert f"`{name}={text}`" in fault.text.zh


def test_unknown_names_are_all_refused_with_the_nearest_known() -> None:
    fault = fault_of({"PORTAL_DATABSE_URL": "x", "PORTAL_ZZZ": "", "PORTAL_MAX_DEPTH": "many"})
    assert fault.text.en.splitlines() == [
        "unknown setting `PORTAL_DATABSE_URL`; did you mean `PORTAL_DATABASE_URL`?",
        "unknown setting `PORTAL_ZZZ`",
        "`PORTAL_MAX_DEPTH=many` is not a whole number from 1 to 100",
    ]
    assert "是否想写 `PORTAL_DATABASE_URL`" in fault.text.zh


def test_names_are_left_alone_when_they_are_of_tests_or_of_others() -> None:
    environ = {"PORTAL_TEST_SEED": "1", "portal_home": "x", "PORTALS": "x", "PATH": "x"}
    assert load_settings(environ, None) == load_settings({}, None)


def test_file_is_read_and_the_environment_goes_before_it(dotenv: Path) -> None:
    dotenv.write_text(
        "\ufeff# a comment\n\n"
        "PORTAL_ISSUER=from-file\n"
        " export PORTAL_AUDIENCE = 'a # b'  # a comment\n"
        'PORTAL_PROFILE="nantong-2015"\n'
        "PORTAL_KEY_FILE=keys#1.json # a comment\n"
        "OTHER=1\n"
        "PORTAL_MAX_DEPTH=\n",
        encoding="utf-8",
    )
    environ = {"PORTAL_ISSUER": "from-environment", "PORTAL_AUDIENCE": ""}
    settings = load_settings(environ, dotenv)
    assert settings.issuer == "from-environment"
    assert settings.audience == "a # b"
    assert settings.profile == "nantong-2015"
    assert settings.key_file == Path("keys#1.json")
    sources = {line.name: line.source for line in describe_settings(environ, dotenv)}
    assert sources["PORTAL_ISSUER"] is Source.ENVIRONMENT
    assert sources["PORTAL_AUDIENCE"] is Source.FILE
    assert sources["PORTAL_MAX_DEPTH"] is Source.DEFAULT


def test_file_is_refused_with_its_line_when_a_line_is_no_setting(dotenv: Path) -> None:
    dotenv.write_text("PORTAL_ISSUER=a\nPORTAL_AUDIENCE='open\n", encoding="utf-8")
    assert "line 2" in fault_of({}, dotenv).text.en


def test_file_is_refused_when_it_is_not_utf_8(dotenv: Path) -> None:
    dotenv.write_bytes("PORTAL_ISSUER=门户".encode("gb18030"))
    assert "UTF-8" in fault_of({}, dotenv).text.en


def test_file_names_are_refused_when_unknown(dotenv: Path) -> None:
    dotenv.write_text("PORTAL_HOMES=x\n", encoding="utf-8")
    assert "`PORTAL_HOMES`" in fault_of({}, dotenv).text.en


@pytest.mark.parametrize("password", ["s3cret", "se@cret", "se:cret"])
def test_password_is_hidden_when_settings_are_shown(password: str) -> None:
    environ = {"PORTAL_DATABASE_URL": f"postgresql://portal:{password}@host:5432/portal"}
    shown = {line.name: line.value for line in describe_settings(environ, None)}
    assert shown["PORTAL_DATABASE_URL"] == "postgresql://portal:***@host:5432/portal"
    assert password not in repr(load_settings(environ, None))


def test_values_are_shown_as_they_would_be_written() -> None:
    environ = {"PORTAL_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8", "PORTAL_DEMONSTRATION": "true"}
    shown = {line.name: line.value for line in describe_settings(environ, None)}
    assert shown["PORTAL_TRUSTED_PROXIES"] == "10.0.0.0/8,fd00::/8"
    assert shown["PORTAL_DEMONSTRATION"] == "true"
    assert shown["PORTAL_STATEMENT_TIMEOUT_SECONDS"] == "5"
    assert shown["PORTAL_PROFILE"] == ""
    assert load_settings(shown, None) == load_settings(environ, None)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, Language.ENGLISH),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "", "LC_ALL": "zh_CN"}, Language.CHINESE),
        ({"LC_ALL": "en_US", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}, Language.ENGLISH),
    ],
)
def test_language_is_that_of_the_first_locale_that_is_set(environ: dict[str, str], language: Language) -> None:
    assert language_of(environ) is language


def test_process_environment_is_that_of_this_process() -> None:
    assert process_environment() is os.environ
