"""An auditor does the job in the browser: searches the log, follows a record, takes its proof away and verifies it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from portal_verify.evidence import verify_evidence
from portal_verify.receipt import verify_receipt
from tests.fixtures.demonstration_portal import demonstration_portal, walk
from tests.oracle.runner import PortalProcess
from tests.unit.audit.logs import OTHER_KEY, public_pem

pytestmark = pytest.mark.heavy

PERMITTED = "{ shared { residents(purpose: VERIFICATION, first: 2) { nodes { name } } } }"
REFUSED = "{ shared { residents(first: 1) { nodes { name } } } }"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    folder = tmp_path_factory.mktemp("portal")
    with demonstration_portal(folder) as process:
        for name, document in (("permitted", PERMITTED), ("refused", REFUSED)):
            place = folder / f"{name}.graphql"
            place.write_text(document, encoding="utf-8")
            process.run("query", "--application", "pension-check", str(place))
        yield process


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def seen(portal: PortalProcess, pictures: Path) -> dict[str, Any]:
    """What the auditor saw, and the analyst."""
    return walk("auditor.mjs", portal, str(pictures), public_pem(OTHER_KEY).decode())


def test_auditor_without_second_factor_is_refused_in_words(seen: dict[str, Any]) -> None:
    assert "未获准许" in seen["unconfirmed"]


def test_auditor_searches_the_log(seen: dict[str, Any]) -> None:
    assert seen["all"][0] == ["时间", "回执", "谁", "做了什么", "用途", "裁决", "行数"]
    assert "subject=application" in seen["address"]
    assert [row[5].split()[0] for row in seen["found"][1:]] == ["拒绝", "准予"]
    assert all(row[2].startswith("pension-check") for row in seen["found"][1:])


def test_record_tells_what_was_asked_decided_and_why(seen: dict[str, Any]) -> None:
    assert "PURPOSE_REQUIRED" in seen["refused"]
    assert "为什么被拒绝" in seen["refused"]
    assert "nt-demo-0001" in seen["record"]
    assert "VERIFICATION" in seen["record"].upper()
    assert "证明成立" in seen["record"]


def test_proof_that_was_taken_away_verifies_without_the_portal(seen: dict[str, Any], portal: PortalProcess) -> None:
    keys = portal.run("audit", "key").stdout.encode()
    verified = verify_receipt(seen["proof"].encode(), keys)
    assert (verified.flaw, verified.receipt) == (None, seen["permitted"])
    assert verify_receipt(seen["proof"].replace("permit", "deny", 1).encode(), keys).flaw is not None


def test_proof_is_verified_in_the_page_step_by_step(seen: dict[str, Any]) -> None:
    assert "证明成立：记录与签名时一致" in seen["record"]
    assert "记录即链中所载 不成立" in seen["altered"]


def test_anybody_verifies_a_file_and_nothing_is_sent(seen: dict[str, Any]) -> None:
    verdicts = seen["verdicts"]
    assert seen["permitted"] in verdicts["sound"]
    assert "公钥取自本门户" in verdicts["sound"]
    assert "用您自己选的公钥核验" in verdicts["ownKeys"]
    assert "记录即链中所载 不成立" in verdicts["record"]
    assert "检查点由审计密钥签名 不成立" in verdicts["otherKey"]
    assert "记录即链中所载 未核验" in verdicts["otherKey"]
    assert "所选文件不是公钥" in verdicts["noKey"]
    assert "格式完整 不成立" in verdicts["cut"]
    assert (seen["sent"], seen["verifyTooWide"]) == ([], False)


def test_log_is_verified_in_the_page_and_what_is_missing_is_found(seen: dict[str, Any]) -> None:
    chain = seen["chain"]
    assert "一致则此前的记录自见证以来未被任何人改动" in chain["text"]
    assert len(chain["chains"]) > 2
    assert seen["permitted"] in {row[1] for row in chain["chains"]}
    assert "没有通到检查点所载的链头" in chain["fault"]


def test_evidence_of_a_search_verifies_without_the_portal(
    seen: dict[str, Any], portal: PortalProcess, pictures: Path, tmp_path: Path
) -> None:
    with ZipFile(pictures / seen["evidence"]) as file:
        file.extractall(tmp_path)
    keys = portal.run("audit", "key").stdout.encode()
    verified = verify_evidence(tmp_path / seen["evidence"].removesuffix(".zip"), keys)
    assert (verified.flaw, verified.records) == (None, 2)


def test_receipt_of_nothing_is_said_to_be_of_nothing(seen: dict[str, Any]) -> None:
    assert "没有此回执的记录" in seen["missing"]


def test_use_is_counted_by_purpose(seen: dict[str, Any]) -> None:
    assert any(row[0].lower() == "verification" for row in seen["use"][1:])


def test_analyst_sees_nothing_of_what_others_asked_of_others(seen: dict[str, Any]) -> None:
    assert "pension-check" not in seen["ofAnalyst"]


def test_no_page_has_a_serious_finding_of_axe(seen: dict[str, Any]) -> None:
    assert set(seen["axe"]) == {"factor", "overview", "search", "record", "use", "chain", "verify"}
    assert {name: found for name, found in seen["axe"].items() if found} == {}


def test_no_page_is_wider_than_a_telephone_breaks_its_policy_or_errs(seen: dict[str, Any]) -> None:
    assert seen["tooWide"] == []
    assert seen["faults"] == []
