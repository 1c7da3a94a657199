"""The portal that is measured: one synthetic entry, one application, one record with a scope on the region."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from portal.bundles.loading import LoadOrder, load_bundle
from portal.bundles.reading import read_bundle
from portal.bundles.store import PortalStore
from portal.identity.claims import SubjectKind, TokenClaims
from portal.identity.keys import create_keys
from portal.settings import Settings, load_settings
from portal.storage.migrating import upgrade_database

ROWS = 20_000
PROVIDER, CONSUMER = "11999999MB0000027M", "11999999MB0000019T"
SUBJECT = TokenClaims(SubjectKind.APPLICATION, "checker", None, None, datetime.max.replace(tzinfo=UTC), "benchmark")

_ITEMS = [
    {
        "identifier": name,
        "name": name,
        "type": "string",
        "length": 60,
        "share_class": "conditional",
        "open": False,
        "sensitivity": 1,
    }
    for name in ("code", "name", "division")
]
ENTRY = {
    "code": "303001001/00001",
    "identifier": "people",
    "name": "合成人员",
    "provider": PROVIDER,
    "abstract": "合成数据，仅供测量",
    "format": {"category": "database", "type": "sqlite"},
    "kind": "department",
    "classified": False,
    "share_class": "conditional",
    "share_condition": "按测量约定",
    "share_modes": ["query"],
    "legal_basis": None,
    "open": False,
    "update_cycle": "daily",
    "published_on": "2026-01-02",
    "key": ["code"],
    "items": _ITEMS,
    "status": "published",
}
RECORD = {
    "id": "statute-1",
    "effect": "allow",
    "kind": "statutory",
    "consumer": f"department:{CONSUMER}",
    "resource": ENTRY["code"],
    "items": ["*"],
    "purposes": ["verification"],
    "modes": ["query", "exchange"],
    "scope": {"division": {"startsWith": {"subject": "region"}}},
    "basis": "测量",
}


def make_world(
    folder: Path, now: datetime, rows: int = ROWS, padding: int = 0, databases: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of a portal that was loaded into the folder, with so many rows and so much longer names.

    `databases` are settings by the environment's names; left out, its databases are files of the folder.
    """
    settings = load_settings({"PORTAL_HOME": str(folder / "home"), **(databases or {})}, None)
    reading = read_bundle(_write_bundle(folder / "bundle", rows, padding), now)
    if reading.bundle is None:
        raise AssertionError(reading.faults)
    upgrade_database(settings.owner_database_url)
    keys = create_keys(settings.key_file)
    store = PortalStore(settings.owner_database_url, settings.owner_data_url, keys.digest_secret)
    load_bundle(reading.bundle, store, LoadOrder(now=now))
    return settings


def _write_bundle(folder: Path, count: int, padding: int) -> Path:
    rows = "".join(f"{number:06},合成{number:06}{'名' * padding},999999{number % 1000:03}\n" for number in range(count))
    files = {
        "bundle.toml": 'profile = "nantong-2015"\ntitle = "测量"\n',
        "departments.csv": f"code,name,region,groups\n{PROVIDER},提供方,,\n{CONSUMER},使用方,999999,\n",
        "applications.csv": "id,name,department,matter,auth_level,network_zone,public_key\n"
        f"checker,核验,{CONSUMER},,2,government,\n",
        "catalog/people.json": json.dumps(ENTRY, ensure_ascii=False),
        "policies/statute-1.json": json.dumps(RECORD, ensure_ascii=False),
        "data/people.csv": "code,name,division\n" + rows,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder
