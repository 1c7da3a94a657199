from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.demonstration.surroundings import Surroundings, describe_surroundings, write_files
from portal.demonstration.tries import TRIES
from portal.errors import Language
from portal.identity.keys import PortalKeys, generate_keys
from portal.identity.tokens import TokenAuthority, verify_token
from portal.settings import Settings, load_settings

NOW = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)


@pytest.fixture
def keys() -> PortalKeys:
    return generate_keys()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a portal in `var` of the working folder."""
    monkeypatch.chdir(tmp_path)
    return load_settings({}, None)


def test_surroundings_need_no_export_where_everything_is_in_its_usual_place(settings: Settings) -> None:
    around = describe_surroundings(settings, 8000, NOW)
    assert around.exports == ()
    assert around.files == Path("var/demo")
    assert around.address == "http://127.0.0.1:8000"


def test_surroundings_export_what_lies_elsewhere(settings: Settings, tmp_path: Path) -> None:
    elsewhere = load_settings({"PORTAL_HOME": "other place", "PORTAL_KEY_FILE": "/run/keys.json"}, None)
    around = describe_surroundings(elsewhere, 8001, NOW)
    assert around.exports == (("PORTAL_HOME", str(tmp_path / "other place")), ("PORTAL_KEY_FILE", "/run/keys.json"))
    assert around.files == Path("other place/demo")


def write(around: Surroundings, settings: Settings, keys: PortalKeys, language: Language = Language.ENGLISH) -> None:
    around.files.parent.mkdir(exist_ok=True)
    write_files(around, settings, keys, language)


def test_files_hold_each_document_and_a_token_of_each_application(settings: Settings, keys: PortalKeys) -> None:
    around = describe_surroundings(settings, 8000, NOW)
    write(around, settings, keys)
    authority = TokenAuthority(settings.issuer, settings.audience, keys.signing)
    for each in TRIES:
        assert around.document_file(each).read_text(encoding="utf-8") == each.document
        if each.application is None:
            assert not around.headers_file(each).exists()
            continue
        authorization, language = around.headers_file(each).read_text(encoding="utf-8").splitlines()
        claims = verify_token(authorization.removeprefix("Authorization: Bearer "), authority, NOW)
        assert claims.id == each.application
        assert claims.expires_at == NOW + timedelta(days=1) == around.tokens_end_at
        assert language == "Accept-Language: en"


def test_tokens_are_for_their_owner_alone_even_where_a_wider_file_was(settings: Settings, keys: PortalKeys) -> None:
    around = describe_surroundings(settings, 8000, NOW)
    write(around, settings, keys)
    path = around.headers_file(TRIES[1])
    path.chmod(0o644)
    write(around, settings, keys, Language.CHINESE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8").endswith("Accept-Language: zh-CN\n")
