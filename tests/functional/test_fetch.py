"""`portal fetch` against a real server: cut, gone on with, held against its hashes, named once it is whole."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.certificates.jose import Algorithm
from tests.architecture.sources import PROJECT
from tests.fixtures.assertions import certificate_file
from tests.fixtures.authority import CONSUMER, authority
from tests.fixtures.cutting import cutting_proxy
from tests.fixtures.exchanging import ALL_MODES, many_villages, table_of
from tests.fixtures.small_bundle import entry, item
from tests.oracle.runner import PortalProcess

ROWS = 6000
PAGE = PROJECT / "docs/exchange.md"
SIGNER = authority().certify(CONSUMER, "合成应用", Algorithm.ES256)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    folder = tmp_path_factory.mktemp("fetched")
    draft = many_villages(ROWS)
    # A cell beyond what Excel holds, behind the first part.
    draft.entries["long"] = entry(
        "long", "303001001/00009", [item("code"), item("note", "json")], share_modes=ALL_MODES
    )
    notes = [f"{n:05},1" for n in range(1500)]
    draft.rows["long"] = ["code,note", *notes, f'99999,"[""{"x" * 40_000}""]"']
    draft.keys |= {**authority().files(), "checker.pem": certificate_file(SIGNER)}
    draft.applications[0] += "checker.pem"
    process = PortalProcess(folder / "home", {"PORTAL_DPOP_NONCES": "true"})
    process.load(draft.write(folder / "bundle"))
    process.start()
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key.pem"
    path.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def fetched(portal: PortalProcess, out: Path, *options: str, port: int = 0) -> tuple[int, str, str]:
    site = f"http://127.0.0.1:{port or portal.port}"
    done = portal.run("fetch", "villages", "--site", site, "--out", str(out), *options)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("chosen", ["csv", "jsonl", "xlsx", "parquet"])
def test_fetch_gives_the_whole_with_its_manifest(
    portal: PortalProcess, tmp_path: Path, key_file: str, chosen: str
) -> None:
    out = tmp_path / f"villages.{chosen}"
    options = ("--application", "checker", "--key-file", key_file, "--purpose", "verification", "--format", chosen)
    code, printed, complaints = fetched(portal, out, *options, "--items", "code,name,area")
    assert (code, complaints) == (0, "")
    manifest = json.loads(printed)
    assert manifest == json.loads((tmp_path / f"villages.{chosen}.manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (manifest["rows"], manifest["bytes"], manifest["purpose"]) == (ROWS, out.stat().st_size, "verification")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.pem", out.name, f"{out.name}.manifest.json"]


@pytest.mark.heavy
@pytest.mark.clause("threats.md T16")
def test_fetch_goes_on_where_it_was_cut_and_ends_with_the_very_same_file(portal: PortalProcess, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    assert fetched(portal, whole, "--items", "code,name")[0] == 0
    with cutting_proxy(portal.port, [40_000, 20, 30_000]) as port:
        code, printed, complaints = fetched(portal, cut, "--items", "code,name", port=port)
    assert (code, complaints.count("going on after")) == (0, 3)
    assert cut.read_bytes() == whole.read_bytes()
    assert len(table_of(cut.read_bytes())) == ROWS + 1
    assert json.loads(printed)["sha256"] == hashlib.sha256(whole.read_bytes()).hexdigest()


@pytest.mark.heavy
def test_cut_file_has_no_name_and_another_run_goes_on_with_it(portal: PortalProcess, tmp_path: Path) -> None:
    out = tmp_path / "villages.jsonl"
    options = ("--items", "code", "--format", "jsonl", "--retries", "0")
    with cutting_proxy(portal.port, [60_000]) as port:
        site = ("--site", f"http://127.0.0.1:{port}", "--out", str(out))
        cut = portal.run("fetch", "villages", *site, *options)
        # What went on a bit is tried anew: the second connection, which isn't cut, makes it whole.
        assert (cut.returncode, out.exists()) == (0, True)
    part = tmp_path / "other.jsonl"
    with cutting_proxy(portal.port, [60_000, 20]) as port:
        stopped = portal.run("fetch", "villages", "--site", f"http://127.0.0.1:{port}", "--out", str(part), *options)
        assert (stopped.returncode, part.exists()) == (1, False)
        assert 0 < (tmp_path / "other.jsonl.part").stat().st_size < out.stat().st_size
        other = portal.run(
            "fetch", "villages", "--site", f"http://127.0.0.1:{port}", "--out", str(part), "--items", "name"
        )
        assert (other.returncode, "is of another request" in other.stderr) == (2, True)
        done = portal.run("fetch", "villages", "--site", f"http://127.0.0.1:{port}", "--out", str(part), *options)
    assert (done.returncode, part.read_bytes()) == (0, out.read_bytes())


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--items", "nothing"), 1, "isn't there for you"),
        (("--items", "code", "--format", "exe"), 1, "`format` must be"),
    ],
)
def test_fetch_says_what_is_wrong(
    portal: PortalProcess, tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    out = tmp_path / "villages.csv"
    ended, printed, complaints = fetched(portal, out, *options)
    assert (ended, printed, said in complaints) == (code, "", True), complaints
    assert not out.exists()


@pytest.mark.heavy
@pytest.mark.clause("threats.md T16")
def test_cut_answer_is_not_ended(portal: PortalProcess) -> None:
    """A part that can't be written: the chunk of nothing that would end the answer never comes after those before."""
    token = portal.run("token", "--application", "outsider").stdout.strip()
    wish = json.dumps({"items": ["code", "note"], "format": "xlsx", "purpose": "VERIFICATION"})
    with socket.create_connection(("127.0.0.1", portal.port)) as asking:
        asking.sendall(
            f"POST /exchange/long HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(wish)}\r\n\r\n{wish}".encode()
        )
        received = b""
        while octets := asking.recv(65_536):
            received += octets
    assert received.startswith(b"HTTP/1.1 200")
    assert b"transfer-encoding: chunked" in received.lower()
    assert b"PK\x03\x04" in received
    assert not received.endswith(b"0\r\n\r\n")


@pytest.mark.heavy
def test_commands_of_the_page_run_as_they_are_written(portal: PortalProcess, tmp_path: Path, key_file: str) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "SITE": f"http://127.0.0.1:{portal.port}", "LANG": "C"}
    printed = [
        subprocess.run(["bash", "-euc", block], env=environ, cwd=tmp_path, capture_output=True, check=True, timeout=60)
        for block in blocks
    ]
    assert Path(key_file) == tmp_path / "key.pem"
    assert len(table_of((tmp_path / "villages.csv").read_bytes())) == ROWS + 1
    assert json.loads((tmp_path / "largest.xlsx.manifest.json").read_text())["rows"] == 1000
    *rows, last = printed[2].stdout.splitlines()
    assert [json.loads(row) for row in rows] == [{"code": f"{n:08}", "name": f"村{n}"} for n in range(3)]
    assert json.loads(last)["_manifest"]["rows"] == 3
