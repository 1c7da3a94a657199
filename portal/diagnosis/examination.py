"""All checks, one after another; what keeps one from looking is a finding too, and the others go on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portal.diagnosis.accounts import check_owner_accounts, check_portal_account, check_row_security
from portal.diagnosis.authorities import check_authorities
from portal.diagnosis.clock import check_last_record, check_server_clock
from portal.diagnosis.configuration import (
    check_bearer_tokens,
    check_documents,
    check_dotenv,
    check_reach,
    check_token_names,
    read_settings,
)
from portal.diagnosis.content import check_content, check_leftovers, check_rows
from portal.diagnosis.databases import check_addresses, check_files, check_revision
from portal.diagnosis.files import check_file_systems, check_home, check_modes, check_owners, check_room
from portal.diagnosis.findings import Area, Finding, fault, refused
from portal.diagnosis.installation import Installation
from portal.diagnosis.keys import check_key_file, check_key_owner
from portal.diagnosis.log import check_log, check_whole_log, check_witness_file, check_witnesses
from portal.diagnosis.register import check_dormant_accounts, check_managers, check_register
from portal.diagnosis.servers import check_servers
from portal.diagnosis.software import check_descriptors, check_packages, check_pages, check_versions
from portal.errors import PortalError, Text

Check = Callable[[Installation], Iterator[Finding]]

CHECKS: tuple[tuple[Area, Check], ...] = (
    (Area.SETTINGS, check_reach),
    (Area.SETTINGS, check_token_names),
    (Area.SETTINGS, check_bearer_tokens),
    (Area.SETTINGS, check_documents),
    (Area.FILES, check_home),
    (Area.FILES, check_owners),
    (Area.FILES, check_modes),
    (Area.VOLUMES, check_room),
    (Area.KEYS, check_key_file),
    (Area.DATABASE, check_addresses),
    (Area.DATABASE, check_file_systems),
    (Area.DATABASE, check_files),
    (Area.DATABASE, check_revision),
    (Area.KEYS, check_key_owner),
    (Area.DATABASE, check_servers),
    (Area.DATABASE, check_portal_account),
    (Area.DATABASE, check_owner_accounts),
    (Area.DATA_STORE, check_row_security),
    (Area.CLOCK, check_server_clock),
    (Area.CLOCK, check_last_record),
    (Area.CONTENT, check_content),
    (Area.CONTENT, check_register),
    (Area.CONTENT, check_managers),
    (Area.CONTENT, check_dormant_accounts),
    (Area.DATA_STORE, check_rows),
    (Area.DATA_STORE, check_leftovers),
    (Area.AUDIT, check_log),
    (Area.AUDIT, check_whole_log),
    (Area.AUDIT, check_witness_file),
    (Area.WITNESSES, check_witnesses),
    (Area.AUTHORITIES, check_authorities),
    (Area.SOFTWARE, check_versions),
    (Area.SOFTWARE, check_packages),
    (Area.SOFTWARE, check_pages),
    (Area.SOFTWARE, check_descriptors),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: for so many workers; `thorough` reads all rows, indexes and records."""

    workers: int
    thorough: bool
    now: datetime


def examine(environ: Mapping[str, str], dotenv_path: Path | None, order: Order) -> Iterator[Finding]:
    """Yield everything that is found, in the order of `CHECKS`; what was said already isn't said again."""
    read = read_settings(environ, dotenv_path)
    yield from read.findings
    installation = Installation(read.settings, order.workers, order.thorough, order.now)
    said: set[Text] = set()
    checks = [(Area.SETTINGS, lambda _: check_dotenv(dotenv_path)), *CHECKS]
    for area, check in checks:
        for finding in _run(area, check, installation):
            # A server that is down keeps many checks from looking, and one may hold both databases: once is enough.
            if finding.what not in said:
                yield finding
            said.add(finding.what)


def _run(area: Area, check: Check, installation: Installation) -> Iterator[Finding]:
    try:
        yield from check(installation)
    except PortalError as refusal:
        mend = Text(en="mend that, then run `portal doctor` again", zh="请先排除，再次运行 `portal doctor`")
        yield refused(area, "looked_at", refusal.text, mend)
    except Exception as failure:  # noqa: BLE001 - whatever is broken, the other checks go on
        yield _unlooked(area, failure)


def _unlooked(area: Area, failure: Exception) -> Finding:
    # The driver's own words, without the statement and its parameters that SQLAlchemy adds.
    cause = str(getattr(failure, "orig", None) or failure).strip().replace("\n", " ") or type(failure).__name__
    return fault(
        area,
        "looked_at",
        Text(en=f"this can't be looked at: {cause}", zh=f"无法检查：{cause}"),
        Text(
            en="mend what is named there, run this as the portal's account, or restore the backup",
            zh="请排除所述问题，以门户账户运行本命令，或从备份恢复",
        ),
    )
