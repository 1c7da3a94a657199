"""The portal that is measured: the rows as a bundle, many records of which one is for who asks, and a bound token."""

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from benchmarks.over_http.machine import PROJECT
from benchmarks.over_http.processes import NotStarted, Program
from benchmarks.over_http.rows import COLUMNS, MASKED, NUMBERS, REGION, SHOWN_HEAD, SHOWN_TAIL, make_rows
from benchmarks.world import CONSUMER, ENTRY, PROVIDER, RECORD
from portal.certificates.certificates import thumbprint
from portal.identity.claims import Binding, Confirmation, SubjectKind
from portal.identity.keys import load_keys
from portal.identity.tokens import TokenAuthority, TokenGrant, issue_token
from portal.settings import load_settings
from tests.oracle.codes import department_code

RECORDS = 208
"""Policy records on the entry, each for another department; one is for who asks."""
_FIRST_OTHER = 100
_HEADER = "X-Client-Cert"
_PORTAL = [sys.executable, "-c", "from portal.cli import main; main()"]
_TOKEN_SECONDS = 43_200


@dataclass(frozen=True, slots=True)
class LoadedPortal:
    """A portal that can be served: its environment, and the headers that show who asks.

    The token is bound to the certificate of the connection, as a proxy tells it. So every request is the same octets,
    and the client signs nothing, while the portal reads the certificate and compares it for each.
    """

    environment: Mapping[str, str]
    headers: Mapping[str, str]

    def program(self, name: str, workers: int = 1) -> Program:
        """Return what serves it by so many workers."""
        served_by = ("--workers", str(workers), "--host", "127.0.0.1", "--port")
        return Program(name, [*_PORTAL, "serve", *served_by], self.environment)


def load_portal(folder: Path, count: int, databases: Mapping[str, str]) -> LoadedPortal:
    """Return a portal of so many rows in a new folder; `databases` are the settings that name its databases.

    Without them they are SQLite files.

    Raises: NotStarted with what was wrong.
    """
    folder.mkdir(parents=True)
    secret = folder / "proxy-secret"
    secret.write_text(secrets.token_hex(32))
    secret.chmod(0o600)
    environment = {
        "PORTAL_HOME": str(folder / "home"),
        "PORTAL_BEARER_TOKENS": "false",
        "PORTAL_CLIENT_CERTIFICATE_HEADER": _HEADER,
        "PORTAL_PROXY_SECRET_FILE": str(secret),
        "PORTAL_TRUSTED_PROXIES": "127.0.0.0/8",
        **databases,
    }
    _load(_write_bundle(folder / "bundle", count), environment)
    certificate = _make_certificate()
    shown = quote(certificate.public_bytes(Encoding.PEM).decode(), safe="")
    headers = {
        "Authorization": f"Bearer {_make_token(environment, thumbprint(certificate))}",
        _HEADER: shown,
        "X-Proxy-Secret": secret.read_text(),
    }
    return LoadedPortal(environment, headers)


def _load(bundle: Path, environment: Mapping[str, str]) -> None:
    program = Program("load", [*_PORTAL, "load", str(bundle)], environment)
    done = subprocess.run(
        program.command, env=program.whole_environment(), cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NotStarted(f"the bundle can't be loaded: {(done.stdout + done.stderr)[-2000:]}")


def _make_token(environment: Mapping[str, str], bound_to: str) -> str:
    settings = load_settings(environment, None)
    authority = TokenAuthority(settings.issuer, settings.audience, load_keys(settings.key_file).signing)
    confirmation = Confirmation(Binding.CERTIFICATE, bound_to)
    grant = TokenGrant(SubjectKind.APPLICATION, "checker", _TOKEN_SECONDS, confirmation=confirmation)
    return issue_token(grant, authority, datetime.now(UTC))


def _make_certificate() -> x509.Certificate:
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "checker")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, None)


def _write_bundle(folder: Path, count: int) -> Path:
    others = [department_code(number) for number in range(_FIRST_OTHER, _FIRST_OTHER + RECORDS - 1)]
    departments = "".join(f"{code},其他部门,,\n" for code in others)
    records = [_record("asker", CONSUMER), *(_record(f"other-{at}", code) for at, code in enumerate(others))]
    files = {
        "bundle.toml": 'profile = "nantong-2015"\ntitle = "测量"\n',
        "departments.csv": f"code,name,region,groups\n{PROVIDER},提供方,,\n{CONSUMER},使用方,{REGION},\n{departments}",
        "applications.csv": "id,name,department,matter,auth_level,network_zone,public_key\n"
        f"checker,核验,{CONSUMER},,2,government,\n",
        "catalog/people.json": json.dumps({**ENTRY, "items": [_item(name) for name in COLUMNS]}, ensure_ascii=False),
        **{f"policies/{one['id']}.json": json.dumps(one, ensure_ascii=False) for one in records},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "data").mkdir()
    with (folder / "data" / "people.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(",".join(map(str, row)) + "\n" for row in make_rows(count))
    return folder


def _item(name: str) -> dict[str, object]:
    shape: dict[str, object] = {"type": "integer"} if name in NUMBERS else {"type": "string", "length": 60}
    shared = {"share_class": "conditional", "open": False, "sensitivity": 1}
    return {"identifier": name, "name": name, **shape, **shared}


def _record(record_id: str, department: str) -> dict[str, object]:
    mask = {"partial": {"head": SHOWN_HEAD, "tail": SHOWN_TAIL}}
    return {
        **RECORD,
        "id": record_id,
        "consumer": f"department:{department}",
        "obligations": {"mask": {MASKED: mask}},
    }
