"""`me { applications }`: people see their department's applications, applications themselves, nobody others'."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from portal.certificates.jose import Algorithm
from portal.identity.registry import ApplicationStatus
from portal.vocabulary import ApplicationId
from tests.fixtures.assertions import key_file
from tests.fixtures.authority import CONSUMER, VALID_UNTIL, authority
from tests.fixtures.portal_world import PortalWorld, open_world
from tests.fixtures.register_changes import change_register, store_of
from tests.fixtures.sharing_bundle import BYSTANDER, RESIDENTS, sharing_bundle
from tests.fixtures.small_bundle import content_of

DOCUMENT = """{ me { applications {
  id name status admitted matters authLevel networkZone
  certificate { keyId subject issuer notAfter endsInDays }
  standing { dailyQuotas { policy resource dailyRows left } endingAgreements { policy } }
} } }"""
SIGNER = authority().certify(CONSUMER, "合成应用", Algorithm.ES256)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    draft = sharing_bundle()
    draft.keys |= {**authority().files(), "checker.pem": SIGNER.chain[0].public_bytes(Encoding.PEM)}
    draft.keys["planner.pem"] = key_file(SIGNER)
    draft.applications[0] += "checker.pem"
    draft.applications[1] += "planner.pem"
    draft.policies["names"]["obligations"] = {"daily_rows": 5}
    draft.users += [f"colleague,同事,{BYSTANDER},,2,government"]
    with open_world(draft, tmp_path_factory.mktemp("own")) as world:
        yield world


def own(world: PortalWorld, by: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.ask(DOCUMENT, by=by).data["me"]["applications"]
    return found


@pytest.mark.clause("threats.md T65")
def test_person_sees_the_departments_applications_and_no_others(world: PortalWorld) -> None:
    assert [one["id"] for one in own(world, "user:clerk")] == ["checker", "planner"]
    assert [one["id"] for one in own(world, "user:colleague")] == ["outsider"]
    assert own(world, "user:keeper") == []
    [outsider] = own(world, "user:colleague")
    assert (outsider["status"], outsider["admitted"], outsider["authLevel"]) == ("APPROVED", True, 1)
    assert (outsider["matters"], outsider["networkZone"], outsider["certificate"]) == ([], "INTERNET", None)


@pytest.mark.clause("threats.md T65")
def test_application_sees_itself_and_the_public_none(world: PortalWorld) -> None:
    assert [one["id"] for one in own(world, "application:checker")] == ["checker"]
    assert own(world, None) == []


def test_standing_is_the_applications_own(world: PortalWorld) -> None:
    quota = {"policy": "names", "resource": RESIDENTS, "dailyRows": 5}
    assert own(world, "user:colleague")[0]["standing"]["dailyQuotas"] == [{**quota, "left": 5}]
    read = "{shared{residents(purpose: VERIFICATION, first: 3){nodes{code}}}}"
    assert world.ask(read, by="application:outsider").data
    assert own(world, "user:colleague")[0]["standing"]["dailyQuotas"] == [{**quota, "left": 2}]
    assert own(world, "application:outsider")[0]["standing"]["dailyQuotas"] == [{**quota, "left": 2}]


def test_certificate_tells_when_it_ends_and_a_key_alone_doesnt(world: PortalWorld) -> None:
    checker, planner = own(world, "user:clerk")
    certificate = checker["certificate"]
    assert "合成应用" in certificate["subject"]
    assert certificate["notAfter"] == VALID_UNTIL.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert certificate["endsInDays"] in {(VALID_UNTIL - datetime.now(UTC)).days + change for change in (0, 1)}
    assert certificate["issuer"]
    alone = {"subject": None, "issuer": None, "notAfter": None, "endsInDays": None}
    assert planner["certificate"] == {"keyId": certificate["keyId"], **alone}
    assert len(certificate["keyId"]) == 64


def test_application_that_is_stopped_is_shown_and_has_nothing_left(tmp_path: Path) -> None:
    draft = sharing_bundle()
    draft.policies["names"]["obligations"] = {"daily_rows": 5}
    draft.users += [f"colleague,同事,{BYSTANDER},,2,government"]
    with open_world(draft, tmp_path) as world:
        assert own(world, "user:colleague")[0]["standing"]["dailyQuotas"]
        known = content_of(store_of(world)).registry.applications[ApplicationId("outsider")]
        change_register(store_of(world), replace(known, status=ApplicationStatus.DISABLED))
        [stopped] = own(world, "user:colleague")
    assert (stopped["status"], stopped["admitted"]) == ("DISABLED", False)
    assert stopped["standing"] == {"dailyQuotas": [], "endingAgreements": []}
