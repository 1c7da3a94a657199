"""Generated logs of requests, with links to others' entries, and of acts; a plain rule of who sees what."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from portal.audit.ledger import submit, submit_act
from portal.audit.log_readings import Reading
from portal.audit.records import Act, ActRecord, AuditRecord, Outcome, RecordPart
from portal.errors import ErrorCode
from portal.policies.duties import Actor
from portal.storage.database import open_sync_database
from portal.vocabulary import DepartmentCode, EntryCode, EntryIdentifier, ItemIdentifier, PolicyId, Role
from tests.unit.audit.logs import MOMENT, PERMITTED, make_log

DEPARTMENTS = tuple(map(DepartmentCode, ("d0", "d1", "d2")))
"""The last one provides nothing."""
PROVIDERS = {EntryCode(f"e{number}"): DEPARTMENTS[number % 2] for number in range(5)}
DEPARTMENT_ROLES = {Role.INFORMATION_MANAGER, Role.HEAD, Role.ANALYST}
RECORDS = 80

Record = dict[str, Any]


def _part(random: Random) -> RecordPart:
    code = random.choice(list(PROVIDERS))
    return RecordPart(
        entry=code,
        identifier=EntryIdentifier(f"linked_{code}"),
        items=("a",),
        filter='{"a":{"eq":"secret"}}',
        rows=random.randint(0, 3),
        policies=((PolicyId("p"), 1),),
    )


def _request(random: Random, number: int) -> AuditRecord:
    code, department = random.choice(list(PROVIDERS)), random.choice([*DEPARTMENTS, None])
    named = (ItemIdentifier("name"), ErrorCode.ITEM_DENIED), (ItemIdentifier("other.secret"), ErrorCode.ITEM_DENIED)
    is_refused = random.random() < 0.3
    return replace(
        PERMITTED,
        time=MOMENT + timedelta(hours=number // 3),
        subject=f"application:{department}",
        application=None if department is None else f"app-{department}",
        department=department,
        entry=code,
        identifier=EntryIdentifier(f"named_{code}"),
        decision=Outcome.DENY if is_refused else Outcome.PERMIT,
        rows=0 if is_refused else random.randint(0, 9),
        purpose=random.choice(["verification", None]),
        code=ErrorCode.ITEM_DENIED if is_refused else None,
        reasons=named if is_refused else (),
        parts=tuple(_part(random) for _ in range(random.choice([0, 0, 1, 2]))),
        request_id=str(number),
    )


def _act(random: Random, number: int) -> ActRecord:
    department = random.choice(DEPARTMENTS)
    return ActRecord(
        time=MOMENT + timedelta(hours=number // 3),
        subject=f"user:{department}",
        department=department,
        application=None,
        user=f"u-{department}",
        act=random.choice(list(Act)),
        target="something",
        entry=random.choice([None, *PROVIDERS]),
    )


@dataclass(frozen=True, slots=True)
class World:
    """A log that is open for reading, and the texts of its records."""

    reading: Reading
    records: list[Record]


@contextmanager
def generated_world(random: Random, folder: Path) -> Iterator[World]:
    """A log of two writers; several records have the same time."""
    log = make_log(folder)
    ledgers = [log.open(), log.open()]
    for number in range(RECORDS):
        is_act = random.random() < 0.2
        submission = submit_act(_act(random, number)) if is_act else submit(_request(random, number), ())
        ledgers[random.randint(0, 1)].append([submission])
    for ledger in ledgers:
        ledger.close()
    engine = open_sync_database(log.url)
    with engine.connect() as connection:
        texts = log.rows("SELECT record FROM audit_records ORDER BY time DESC, writer DESC, sequence DESC")
        yield World(Reading(connection, float("inf")), [json.loads(str(text)) for (text,) in texts])
    engine.dispose()


def seen_entries(actor: Actor, record: Record) -> set[str] | None:
    """The rule: the entries whose use the actor sees, all for a whole record; None where nothing is seen."""
    whole = {record["entry"], *(part["entry"] for part in record.get("parts", []))}
    roles = set(actor.subject.roles)
    if actor.subject.user is None:
        return None
    if Role.AUDITOR in roles and actor.confirmed:
        return whole
    if not roles & DEPARTMENT_ROLES or "act" in record:
        return None
    if record["department"] is not None and record["department"] == actor.subject.department:
        return whole
    provided = {code for code in whole if PROVIDERS[code] == actor.subject.department}
    return provided or None


def sees_whole(actor: Actor, record: Record) -> bool:
    """The rule: whether nothing of the record is left out."""
    is_auditor = Role.AUDITOR in actor.subject.roles and actor.confirmed
    return is_auditor or ("act" not in record and record["department"] == actor.subject.department)
