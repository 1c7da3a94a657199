"""A client library of another language does the whole walk by the metadata alone: token, proofs, nonces, revocation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.certificates.jose import Algorithm
from tests.fixtures.assertions import certificate_file
from tests.fixtures.authority import CONSUMER, authority
from tests.fixtures.node import run_script, try_script
from tests.fixtures.sharing_bundle import sharing_bundle
from tests.oracle.runner import PortalProcess

pytestmark = [pytest.mark.heavy, pytest.mark.clause("threats.md T24"), pytest.mark.clause("threats.md T48")]

FOLDER = Path(__file__).with_name("oauth_clients")
SIGNER = authority().certify(CONSUMER, "合成应用", Algorithm.ES256)
INACTIVE = {"active": False}


@pytest.fixture(params=["false", "true"], ids=["no nonces", "nonces"])
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[PortalProcess, bool]]:
    draft = sharing_bundle()
    draft.keys |= {**authority().files(), "checker.pem": certificate_file(SIGNER)}
    draft.applications[0] += "checker.pem"
    settings = {"PORTAL_BEARER_TOKENS": "false", "PORTAL_DPOP_NONCES": request.param}
    process = PortalProcess(tmp_path / "home", settings)
    process.load(draft.write(tmp_path / "bundle"))
    process.start("--workers", "2")
    try:
        yield process, request.param == "true"
    finally:
        process.stop()


def key_file(folder: Path) -> Path:
    path = folder / "key.pem"
    path.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def test_library_does_the_whole_walk(portal: tuple[PortalProcess, bool], tmp_path: Path) -> None:
    process, with_nonces = portal
    site = f"http://127.0.0.1:{process.port}"
    told: dict[str, Any] = json.loads(run_script(FOLDER, "walk.mjs", site, "checker", str(key_file(tmp_path))))
    assert told["metadata"]["issuer"] == site
    assert told["granted"] == {"type": "dpop", "seconds": 300}
    for answer in told["answers"]:
        assert answer["status"] == 200
        assert answer["payload"]["data"]["me"] == {"application": "checker"}
        assert len(answer["payload"]["data"]["shared"]["villages"]["nodes"]) == 1
    assert [one["status"] for one in told["stolen"]] == [401, 401]
    assert (told["active"]["active"], told["active"]["token_type"]) == (True, "DPoP")
    assert told["active"]["client_id"] == "checker"
    assert told["unknown"] == told["inactive"] == INACTIVE
    assert told["revoked"]["status"] == 401
    assert told["revoked"]["challenges"][0][1]["error"] == "invalid_token"
    refused = [one for one in told["seen"] if one[2] == "use_dpop_nonce"]
    # Told once, the library goes on with the nonce of each answer.
    assert refused == ([["/token", 400, "use_dpop_nonce"]] if with_nonces else [])
    assert process.run("audit", "verify").returncode == 0


def test_library_is_told_why_it_gets_none(portal: tuple[PortalProcess, bool], tmp_path: Path) -> None:
    process, _ = portal
    site = f"http://127.0.0.1:{process.port}"
    refused = try_script(FOLDER, "walk.mjs", site, "nobody", str(key_file(tmp_path)))
    assert refused.returncode != 0
    assert "invalid_client" in refused.stderr
    assert "isn't registered with a key" in refused.stderr
