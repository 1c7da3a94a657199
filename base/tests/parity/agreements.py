"""Signed agreements for the worlds of the reference, and the authority that their parties' certificates come from."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from portal.agreements.agreement import SigningRole
from portal.agreements.signing import Signer as PartySigner
from portal.agreements.signing import SigningAuthority, make_authority, sign_agreement
from portal.vocabulary import DepartmentCode
from tests.oracle.bundle_writer import render_terms, write_bundle
from tests.oracle.document import Json
from tests.oracle.world import Kind, Record, World

YEAR = timedelta(days=365)


@cache
def authority() -> SigningAuthority:
    """The authority of every world."""
    now = datetime.now(UTC).replace(microsecond=0)
    return make_authority("Synthetic", now - 5 * YEAR, now + 5 * YEAR)


@cache
def _party(code: str) -> PartySigner:
    return authority().certify(DepartmentCode(code), "合成部门")


def signed_agreement(world: World, record: Record) -> bytes:
    """The file of the agreement behind a record."""
    consumer = record.consumer.partition(":")[2]
    provider = next(entry.provider for entry in world.entries if entry.code == record.resource)
    third = next(one.code for one in world.departments if one.code not in (consumer, provider))
    parties = {SigningRole.CONSUMER: consumer, SigningRole.PROVIDER: provider, SigningRole.AUTHORITY: third}
    terms = {**render_terms(record), "resource": record.resource, "disposal": "到期三十日内销毁并提交证明"}
    document: dict[str, Json] = {
        "id": record.id,
        "version": 1,
        "parties": {role.value: code for role, code in parties.items()},
        "terms": terms,
        "text": "关于共享信息的协议（合成样例）",
    }
    signers = {role: _party(code) for role, code in parties.items()}
    signed_at = datetime.now(UTC).replace(microsecond=0) - YEAR
    return json.dumps(sign_agreement(json.loads(json.dumps(document)), signers, signed_at)).encode()


def write_signed_bundle(world: World, folder: Path) -> None:
    """Writes the bundle of a world with its agreements and the certificates that they rest on."""
    write_bundle(world, folder, signed_agreement)
    if not any(record.kind is Kind.AGREEMENT for record in world.records):
        return
    for name, octets in authority().files().items():
        path = folder / "keys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
