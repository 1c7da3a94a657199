"""A portal that is set up wrong doesn't start, and says what to mend; or it starts as safe as it was (R30)."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.errors import Language
from portal.identity.keys import create_keys
from tests.fixtures.doctor import Patient
from tests.fixtures.small_bundle import small_bundle

pytestmark = pytest.mark.clause("R30")

TAKEN = "192.0.2.1"
"""An address that no machine has: a portal that gets as far as listening ends there."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Patient:
    folder = tmp_path_factory.mktemp("configured")
    patient = Patient(folder / "var", {})
    assert patient.run("load", small_bundle().write(folder / "bundle")).code == 0
    (folder / "other").mkdir()
    return patient


@pytest.fixture
def patient(loaded: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.chdir(tmp_path)
    return loaded


BAD_VALUES = {
    "DATABASE_URL": [
        "portal.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///portal.db?mode=ro",
        "mysql://127.0.0.1/portal",
        "postgresql://127.0.0.1:5432",
        "postgresql://127.0.0.1:1/portal",
        "postgresql://portal:secret@127.0.0.1:x/portal",
        "sqlite:////proc/portal.db",
        "sqlite:////dev/null/portal.db",
        "://",
        "sqlite:///.",
    ],
    "DATA_URL": ["data.db", "sqlite://", "mysql://127.0.0.1/portal", "oracle://x", "http://127.0.0.1/"],
    "OWNER_DATABASE_URL": ["portal.db", "mysql://127.0.0.1/portal", "postgresql://127.0.0.1:1/portal"],
    "KEY_FILE": ["none.json", "/proc/none", ".", "/dev/null", "/etc/hostname"],
    "DOCUMENTS": ["none.json", ".", "/dev/null", "/etc/hostname"],
    "MAX_BODY_BYTES": ["0", "-1", "many", "1e6", "65536.0", "0x10", " 65536", "65,536"],
    "MAX_DEPTH": ["0", "-1", "1000000", "deep"],
    "MAX_TOKENS": ["0", "-5", "8192k"],
    "MAX_SELECTIONS": ["0", "all"],
    "MAX_ROOT_FIELDS": ["0", "*"],
    "MAX_INTROSPECTION": ["-1", "none"],
    "MAX_CELLS": ["0", "1e18", "999999999999999999999"],
    "MAX_CATALOG_CELLS": ["0", "unlimited"],
    "READ_CONNECTIONS": ["0", "65", "four"],
    "MAX_CONNECTIONS": ["1", "0", "10000000"],
    "CONCURRENT_REQUESTS": ["0", "-32"],
    "PUBLIC_REQUESTS_PER_SECOND": ["0", "0.5"],
    "STATEMENT_TIMEOUT_SECONDS": ["0", "-1", "never", "1e3", "3601", "inf", "nan"],
    "RECEIVE_TIMEOUT_SECONDS": ["0", "10s"],
    "SEND_TIMEOUT_SECONDS": ["0", "infinite"],
    "AUDIT_WITNESS_SECONDS": ["0", "99999"],
    "AUDIT_WITNESSES": ["ftp://witness.example.gov.cn/", "s3://bucket"],
    "TRUSTED_PROXIES": ["10.0.0.1/8", "proxy.example.gov.cn", "*", "10.0.0.0/33"],
    "METRICS_FROM": ["everyone", "127.0.0.1/8"],
    "ALLOWED_HOSTS": ["https://share.example.gov.cn", "share.example.gov.cn:443", "a b", "../"],
    "ALLOWED_ORIGINS": ["*", "share.example.gov.cn", "https://*.example.gov.cn", "null"],
    "OIDC_PUSHED_REQUESTS": ["true", "never", "Required"],
    "DEMONSTRATION": ["1", "yes", "True", "on"],
}
MISSPELT = ["DATABSE_URL", "DATABASE", "ALLOWED_HOST", "KEYFILE", "SECRET", "MAX_ROWS", "AUDIT", "HOMES"]
VALUES = [(f"PORTAL_{name}", value) for name, values in BAD_VALUES.items() for value in values]
UNKNOWN = [(f"PORTAL_{name}", "1") for name in MISSPELT]


def refused(patient: Patient, environ: dict[str, str], *named: str) -> None:
    """See that serving is refused in a sentence of either language that names what is wrong."""
    for language in Language:
        ended = patient.run("serve", "--port", "0", "--host", TAKEN, environ=environ, language=language)
        assert ended.code in (1, 2), ended
        assert ended.out == "", ended
        assert any(name in ended.err for name in named), ended.err
        assert TAKEN not in ended.err, ended.err
        assert "Traceback" not in ended.err, ended.err
        assert "report number" not in ended.err, ended.err
        assert "编号" not in ended.err, ended.err


@pytest.mark.parametrize(("variable", "value"), [*VALUES, *UNKNOWN])
def test_setting_that_can_not_be_used_is_refused_by_name(patient: Patient, variable: str, value: str) -> None:
    # A database that can't be opened is named as it is found.
    shown = value.replace(":secret@", ":***@")
    refused(patient, {variable: value}, variable, f"`{shown}`", f"`{value.removeprefix('sqlite:///')}`")


DOTENV = [
    "PORTAL_HOME\n",
    "PORTAL_HOME: var\n",
    "= var\n",
    'PORTAL_ISSUER="here\n',
    "PORTAL_MAX_DEPTH=deep\n",
    "PORTAL_HOUSE=1\n",
    "[portal]\nhome = 'var'\n",
    "PORTAL_MAX_DEPTH=15 15\n",
]


@pytest.mark.parametrize("text", DOTENV)
def test_file_of_settings_that_can_not_be_read_is_refused(patient: Patient, text: str) -> None:
    Path(".env").write_text(text, encoding="utf-8")
    refused(patient, {}, ".env", "PORTAL_MAX_DEPTH", "PORTAL_HOUSE")


def test_file_of_settings_in_another_encoding_is_refused(patient: Patient) -> None:
    Path(".env").write_bytes("PORTAL_ISSUER=门户\n".encode("gb18030"))
    refused(patient, {}, ".env")


def keys_with(change: Callable[[Path], object]) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        create_keys(path)
        change(path)

    return make


def swap_secrets(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    lines = text.splitlines()
    values = [line.rpartition(" ")[2] for line in lines[2:4]]
    path.write_text(text.replace(values[1].strip(","), values[0].strip(",")), encoding="ascii")


KEY_FILES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.touch(mode=0o600),
    "a folder": lambda path: path.mkdir(),
    "half": keys_with(lambda path: os.truncate(path, 150)),
    "for its group": keys_with(lambda path: path.chmod(0o640)),
    "for all": keys_with(lambda path: path.chmod(0o604)),
    "to be written by all": keys_with(lambda path: path.chmod(0o602)),
    "not JSON": keys_with(lambda path: path.write_bytes(b"\x00" * 500)),
    "a list": keys_with(lambda path: path.write_bytes(b"[]")),
    "of another format": keys_with(lambda path: path.write_bytes(path.read_bytes().replace(b"keys-1", b"keys-9"))),
    "without a secret": keys_with(lambda path: path.write_bytes(path.read_bytes().replace(b"mask_", b"task_"))),
    "with one secret twice": keys_with(swap_secrets),
}


@pytest.mark.parametrize("case", KEY_FILES)
def test_key_file_that_can_not_be_used_is_refused(patient: Patient, tmp_path: Path, case: str) -> None:
    KEY_FILES[case](tmp_path / "keys.json")
    refused(patient, {"PORTAL_KEY_FILE": str(tmp_path / "keys.json")}, "keys.json")


DOCUMENT_FILES = [
    b"",
    b"[]",
    b"{",
    b'{"a": 1}',
    b'{"' + b"0" * 64 + b'": "{__typename}"}',
    b'{"x": "{__typename}"}',
    b"\xff\xfe",
    b'{"a": "{__typename}", "a": "{me{id}}"}',
]


@pytest.mark.parametrize("content", DOCUMENT_FILES)
def test_documents_that_can_not_be_used_are_refused(patient: Patient, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "documents.json").write_bytes(content)
    refused(patient, {"PORTAL_DOCUMENTS": str(tmp_path / "documents.json")}, "documents.json")


@pytest.mark.parametrize(
    "content", [b"no database at all, and longer than the header of a file " * 20, b"SQLite format 3\0"]
)
def test_file_that_is_no_database_is_refused(patient: Patient, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "portal.db").write_bytes(content * 9)
    refused(patient, {"PORTAL_DATABASE_URL": f"sqlite:///{tmp_path}/portal.db"}, "portal.db")


SAFE = [("MAX_DEPTH", ""), ("KEY_FILE", ""), ("ALLOWED_ORIGINS", ""), ("DEMONSTRATION", ""), ("DATABASE_URL", "")]


@pytest.mark.parametrize(("name", "value"), SAFE)
def test_setting_left_empty_is_the_default(patient: Patient, name: str, value: str) -> None:
    shown = [line for line in patient.run("settings").out.splitlines() if line.startswith(f"PORTAL_{name}=")]
    emptied = patient.run("settings", environ={f"PORTAL_{name}": value}).out.splitlines()
    assert shown
    assert set(shown) <= set(emptied)


def test_hundred_mutations_are_tried() -> None:
    assert len(VALUES) + len(UNKNOWN) + len(DOTENV) + len(KEY_FILES) + len(DOCUMENT_FILES) + len(SAFE) >= 100


def test_portal_whose_configuration_is_good_gets_as_far_as_listening(patient: Patient) -> None:
    ended = patient.run("serve", "--port", "0", "--host", TAKEN)
    assert (ended.code, ended.out) == (2, "")
    assert TAKEN in ended.err


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORTAL_DATABASE_URL", "mysql://127.0.0.1/portal"),
        ("PORTAL_DATA_URL", "oracle://x"),
        ("PORTAL_KEY_FILE", "none.json"),
        ("PORTAL_DOCUMENTS", "none.json"),
        ("PORTAL_MAX_DEPTH", "deep"),
        ("PORTAL_TRUSTED_PROXIES", "*"),
        ("PORTAL_ALLOWED_ORIGINS", "*"),
        ("PORTAL_HOUSE", "1"),
        ("PORTAL_AUDIT_WITNESSES", "ftp://witness.example.gov.cn/"),
        ("PORTAL_OWNER_DATABASE_URL", "postgresql://127.0.0.1:1/portal"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_process_that_is_set_up_wrong_ends_before_it_listens(
    patient: Patient, tmp_path: Path, variable: str, value: str, workers: str
) -> None:
    command = [
        sys.executable,
        "-c",
        "from portal.cli import main; main()",
        "serve",
        "--port",
        "0",
        "--workers",
        workers,
    ]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PORTAL_HOME": str(patient.home), variable: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert variable in ended.stderr or f"`{value}" in ended.stderr
    assert "Traceback" not in ended.stderr
