"""`portal fetch` in this process, against answers that are written beforehand."""

import io
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.cli import run
from portal.commands.terminal import Session, Terminal
from portal.errors import Language
from tests.fixtures.command_line import CommandLine, Ended
from tests.fixtures.frames import CONTENTS, frame, manifest, whole
from tests.fixtures.scripted_portal import Scripted, ScriptedPortal, refusal, scripted_portal

KEYS: dict[str, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "PS256": rsa.generate_private_key(65537, 2048),
}


@pytest.fixture
def portal(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def fetch(portal: CommandLine, asked: ScriptedPortal, folder: Path, *options: str) -> Ended:
    out = folder / "x.csv"
    return portal("fetch", "villages", "--site", asked.site, "--out", str(out), *options)


def key_file(folder: Path, name: str = "ES256") -> str:
    path = folder / "key.pem"
    path.write_bytes(KEYS[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def test_options_are_what_is_asked_for(portal: CommandLine, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n")
    options = {
        "--items": "code,name",
        "--where": '{"code": {"eq": "1"}}',
        "--order-by": '[{"code": "DESC"}]',
        "--first": "3",
        "--purpose": "verification",
        "--matter": "m",
        "--case": "c",
        "--operator": "o",
        "--format": "csv",
        "--token-file": str(token),
    }
    with scripted_portal([Scripted(200, whole())]) as asked:
        flat = [text for option in options.items() for text in option]
        ended = fetch(portal, asked, tmp_path, *flat, "--mark", "--raw")
    assert (ended.code, json.loads(ended.out)["rows"]) == (0, 3), ended.err
    ((path, headers, body),) = asked.asked
    assert (path, headers["Authorization"]) == ("/exchange/villages", "Bearer abc")
    assert json.loads(body) == {
        "items": ["code", "name"],
        "where": {"code": {"eq": "1"}},
        "orderBy": [{"code": "DESC"}],
        "first": 3,
        "purpose": "VERIFICATION",
        "matter": "m",
        "case": "c",
        "operator": "o",
        "format": "csv",
        "mark": True,
        "raw": True,
        "frames": True,
    }


@pytest.mark.clause("threats.md T16")
def test_cut_answer_is_gone_on_with_where_its_last_whole_frame_ended(portal: CommandLine, tmp_path: Path) -> None:
    answers = [
        Scripted(200, frame(CONTENTS[0]) + frame(CONTENTS[1])[:-1], is_cut=True),
        Scripted(200, frame(CONTENTS[1]) + frame(CONTENTS[2])),
        Scripted(200, manifest(sha256=None)),
    ]
    with scripted_portal(answers) as asked:
        ended = fetch(portal, asked, tmp_path)
    assert (ended.code, (tmp_path / "x.csv").read_bytes()) == (0, b"".join(CONTENTS)), ended.err
    assert [json.loads(body).get("after") for _, _, body in asked.asked] == [None, "after-1", "after-3"]
    assert ended.err.count("going on after") == 2


def test_passing_refusal_is_waited_out_and_another_is_told(portal: CommandLine, tmp_path: Path) -> None:
    with scripted_portal([refusal(429, "two are under way", Retry_After="1"), refusal(403, "not for you")]) as asked:
        ended = fetch(portal, asked, tmp_path)
    assert (ended.code, ended.out, not asked.answers) == (1, "", True)
    assert "two are under way; going on after 0 rows" in ended.err
    assert ended.err.endswith("not for you\n")
    assert not (tmp_path / "x.csv").exists()


def test_fetch_gives_up_when_nothing_goes_on(portal: CommandLine, tmp_path: Path) -> None:
    with scripted_portal([Scripted(200, b"", is_cut=True)] * 2) as asked:
        ended = fetch(portal, asked, tmp_path, "--retries", "1")
    assert (ended.code, not asked.answers, "cut or not made" in ended.err) == (1, True, True)


def test_answer_that_is_no_portals_is_told_by_its_status(portal: CommandLine, tmp_path: Path) -> None:
    with scripted_portal([Scripted(502, b"<html>" + b"x" * 200_000)]) as asked:
        ended = fetch(portal, asked, tmp_path)
    assert (ended.code, ended.err) == (1, "HTTP 502\n")


@pytest.mark.parametrize("name", list(KEYS))
def test_application_gets_its_token_by_its_key_with_the_nonce_that_is_asked_for(
    portal: CommandLine, tmp_path: Path, name: str
) -> None:
    answers = [
        Scripted(400, b'{"error": "use_dpop_nonce"}', {"DPoP-Nonce": "n1"}),
        Scripted(200, b'{"access_token": "t1"}', {"DPoP-Nonce": "n2"}),
        refusal(401, "the token has expired"),
        Scripted(200, b'{"access_token": "t2"}'),
        Scripted(200, whole()),
    ]
    with scripted_portal(answers) as asked:
        ended = fetch(portal, asked, tmp_path, "--application", "checker", "--key-file", key_file(tmp_path, name))
    assert ended.code == 0, ended.err
    assert [path for path, _, _ in asked.asked] == [
        "/token",
        "/token",
        "/exchange/villages",
        "/token",
        "/exchange/villages",
    ]
    assert all("Dpop" in headers or "DPoP" in headers for _, headers, _ in asked.asked)
    assert [headers.get("Authorization") for _, headers, _ in asked.asked] == [None, None, "DPoP t1", None, "DPoP t2"]


def test_refused_token_is_told(portal: CommandLine, tmp_path: Path) -> None:
    said = b'{"error": "invalid_client", "error_description": "not registered"}'
    with scripted_portal([Scripted(400, said)]) as asked:
        ended = fetch(portal, asked, tmp_path, "--application", "checker", "--key-file", key_file(tmp_path))
    assert (ended.code, ended.err) == (1, "not registered\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--where", "{"), "`--where`"),
        (("--application", "checker"), "`--key-file`"),
        (("--token-file", "/nonexistent"), "can't be read"),
        (("--application", "checker", "--key-file", "/nonexistent"), "no private key"),
        (("--first", "0"), "`--first"),
        (("--site", "http://192.0.2.1"), "`https://HOST`"),
        (("--site", "http://portal.example"), "`https://HOST`"),
        (("--site", "https://u:p@portal.example"), "`https://HOST`"),
        (("--site", "ftp://localhost"), "`https://HOST`"),
    ],
)
def test_option_that_can_not_be_used_is_refused_before_anything_is_asked(
    portal: CommandLine, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    with scripted_portal([]) as asked:
        ended = fetch(portal, asked, tmp_path, *options)
    assert (ended.code, said in ended.err, asked.asked) == (2, True, []), ended.err


def test_key_of_another_kind_is_refused(portal: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    other = ec.generate_private_key(ec.SECP384R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with scripted_portal([]) as asked:
        ended = fetch(portal, asked, tmp_path, "--application", "checker", "--key-file", str(path))
    assert (ended.code, "no private key" in ended.err) == (2, True)


def test_file_that_is_there_is_never_overwritten(portal: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    with scripted_portal([]) as asked:
        ended = fetch(portal, asked, tmp_path)
    assert (ended.code, "is there already" in ended.err) == (2, True)
    assert (tmp_path / "x.csv").read_text() == "mine"


class TerminalText(io.StringIO):
    """Text on a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    shown = TerminalText()
    session = Session(Terminal(Language.ENGLISH, io.StringIO(), shown), {"PORTAL_HOME": str(tmp_path)}, io.BytesIO())
    with scripted_portal([Scripted(200, whole())]) as asked:
        assert run(["fetch", "villages", "--site", asked.site, "--out", str(tmp_path / "x.csv")], session) == 0
    assert shown.getvalue().endswith("100 %  3 / 3  0.0 MB\n")
