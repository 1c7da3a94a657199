"""docs/tokens.md: its program gets a token that is bound to a key, and asks with it; its tables are what is so."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.certificates.jose import Algorithm
from tests.architecture.sources import PROJECT
from tests.fixtures.assertions import certificate_file
from tests.fixtures.authority import CONSUMER, authority
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.oracle.runner import PortalProcess

PAGE = PROJECT / "docs/tokens.md"
SETTINGS = (
    *("PUBLIC_URL", "ISSUER", "BEARER_TOKENS", "CLIENT_CERTIFICATE_HEADER", "PROXY_SECRET_FILE"),
    *("DPOP_NONCES", "REVOCATION_LIST_GRACE_SECONDS"),
)


@pytest.mark.parametrize("name", SETTINGS)
def test_page_names_the_settings(name: str) -> None:
    assert re.search(rf"\bPORTAL_{name}\b", PAGE.read_text(encoding="utf-8"))


@pytest.mark.heavy
@pytest.mark.clause("T24")
def test_program_gets_a_token_and_asks_with_it(tmp_path: Path) -> None:
    signer = authority().certify(CONSUMER, "合成应用", Algorithm.ES256)
    draft = sharing_bundle()
    draft.keys |= {**authority().files(), "checker.pem": certificate_file(signer)}
    draft.applications[0] += "checker.pem"
    key = tmp_path / "key.pem"
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    program = tmp_path / "bound_client.py"
    program.write_text(block, encoding="utf-8")
    portal = PortalProcess(tmp_path / "home", {"PORTAL_BEARER_TOKENS": "false"})
    portal.load(draft.write(tmp_path / "bundle"))
    try:
        portal.start("--workers", "2")
        site = f"http://127.0.0.1:{portal.port}"
        environ = {**os.environ, "SITE": site, "APPLICATION": "checker", "KEY_FILE": str(key)}
        command = [sys.executable, str(program)]
        ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
        nobody = {**environ, "APPLICATION": "nobody"}
        refused = subprocess.run(command, env=nobody, capture_output=True, text=True, check=False, timeout=60)
    finally:
        portal.stop()
    assert ended.stderr == ""
    me, shared = map(json.loads, ended.stdout.splitlines())
    assert me == {"data": {"me": {"application": "checker"}}}
    assert len(shared["data"]["shared"]["villages"]["nodes"]) == 1
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "isn't registered" in refused.stderr
