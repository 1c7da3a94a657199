"""Audit records: of one root field of `shared` (enforcement.md §6), of an act on the portal; and their canonical JSON.

The canonical form is UTF-8 JSON without white space, its members in the fixed order of `render_record`; absent values
are null, times UTC with six decimals. The log puts `writer` and `sequence` in front. What is hashed is exactly the
text that is stored.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import orjson

from portal.conditions.tree import Value
from portal.errors import ErrorCode
from portal.json_text import JsonValue
from portal.vocabulary import UNSTATED, CaseReference, EntryCode, EntryIdentifier, ItemIdentifier, Mode, PolicyId

# China has had one offset without daylight saving since 1991; days before that are never counted.
_SHANGHAI = timezone(timedelta(hours=8))


class Outcome(StrEnum):
    """What was decided: rows released, or a refusal."""

    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPart:
    """What a request read of a linked entry. `filter` as in `AuditRecord`; `policies` are (id, version)."""

    entry: EntryCode
    identifier: EntryIdentifier
    items: tuple[str, ...]
    filter: str | None
    rows: int
    policies: tuple[tuple[PolicyId, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Who asked for what under which policies, and what came of it.

    `items` are the used items; `filter` is canonical JSON text, its values hashed where the item asks for it, None
    without filter; `policies` are (id, version); `code` is the refusal's, `reasons` those of its items; `epoch` is the
    one decided under; `rows` went to the subject, those of linked entries are counted in `parts`; `reference` is the
    case and person that the consumer stated.
    """

    time: datetime
    subject: str
    department: str | None
    application: str | None
    user: str | None
    entry: EntryCode
    identifier: EntryIdentifier
    decision: Outcome
    rows: int
    mode: Mode
    purpose: str | None
    matter: str | None
    items: tuple[str, ...]
    filter: str | None = None
    policies: tuple[tuple[PolicyId, int], ...] = ()
    code: ErrorCode | None = None
    reasons: tuple[tuple[ItemIdentifier, ErrorCode], ...] = ()
    epoch: int
    client_address: str | None
    duration_microseconds: int
    request_id: str
    parts: tuple[RecordPart, ...] = ()
    reference: CaseReference = UNSTATED


class Act(StrEnum):
    """What somebody did with the portal itself, or was refused to do."""

    TOKEN_ISSUED = "token_issued"  # noqa: S105  the name of an act
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  the name of an act
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    FACTOR_ENROLLED = "factor_enrolled"
    FACTOR_SHOWN = "factor_shown"
    FACTOR_REFUSED = "factor_refused"
    FACTOR_RESET = "factor_reset"
    CHANGE_DRAFTED = "change_drafted"
    CHANGE_SUBMITTED = "change_submitted"
    CHANGE_APPROVED = "change_approved"
    CHANGE_REJECTED = "change_rejected"
    CHANGE_WITHDRAWN = "change_withdrawn"
    CHANGE_ACTIVATED = "change_activated"
    FROZEN = "frozen"
    ROWS_REPLACED = "rows_replaced"
    ROWS_APPENDED = "rows_appended"
    ADMINISTRATION_REFUSED = "administration_refused"
    AUDIT_READ = "audit_read"
    POLICY_ASKED = "policy_asked"
    REGISTER_READ = "register_read"
    TRANSFER_ENDED = "transfer_ended"
    TICKET_OPENED = "ticket_opened"
    TICKET_READ = "ticket_read"
    TICKET_ANSWERED = "ticket_answered"
    CONTACTS_ERASED = "contacts_erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRecord:
    """What somebody did with the portal itself, in the same chains as what was read.

    `target` names what it was done with; `details` say more, and hold no personal data and no secret. `entry` is None
    where it is about no entry alone. It holds under any epoch: `epoch` is None.
    """

    time: datetime
    subject: str
    department: str | None
    application: str | None
    user: str | None
    act: Act
    target: str
    entry: EntryCode | None = None
    decision: Outcome = Outcome.PERMIT
    code: ErrorCode | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    client_address: str | None = None
    request_id: str | None = None
    rows: int = 0
    epoch: None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """Rows that a record adds to what a subject took of an entry that day; `limit` is None where no policy sets one."""

    subject: str
    entry: EntryCode
    day: date
    rows: int
    limit: int | None


def quota_day(moment: datetime) -> date:
    """Return the calendar day of Asia/Shanghai in which the moment lies."""
    return moment.astimezone(_SHANGHAI).date()


def render_time(moment: datetime) -> str:
    """Return the moment in UTC with six decimals, so that times sort as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def canonical_filter(value: object) -> str:
    """Return the canonical JSON text of a JSON value: members sorted, no white space."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def hash_value(secret: bytes, value: Value) -> str:
    """Return what stands in a record's filter for a value that the log may not hold: `hmac-sha256:` and 64 hex digits.

    Equal values of one type have equal hashes, so an auditor who holds the secret can look for a known value.
    """
    text = f"{type(value).__name__}:{value}".encode("utf-8", "surrogatepass")
    return "hmac-sha256:" + hmac.digest(secret, text, hashlib.sha256).hex()


def render_record(record: AuditRecord) -> bytes:
    """Return the canonical JSON of the record, as yet without its place in a chain.

    Raises:
        TypeError: a text that UTF-8 can't hold; such input is refused long before.
    """
    # INVARIANT: the members up to `rows` are the searchable columns, in this order; the verifier rebuilds them.
    return orjson.dumps(
        {
            "time": render_time(record.time),
            "subject": record.subject,
            "department": record.department,
            "application": record.application,
            "user": record.user,
            "entry": record.entry,
            "decision": record.decision,
            "rows": record.rows,
            "identifier": record.identifier,
            "mode": record.mode,
            "purpose": record.purpose,
            "matter": record.matter,
            "items": record.items,
            "filter": _fragment(record.filter),
            "policies": record.policies,
            "code": record.code,
            "reasons": record.reasons,
            "epoch": record.epoch,
            "client_address": record.client_address,
            "duration_microseconds": record.duration_microseconds,
            "request_id": record.request_id,
            "parts": [_render_part(part) for part in record.parts],
            "case": record.reference.case,
            "operator": record.reference.operator,
        }
    )


def render_act(record: ActRecord) -> bytes:
    """Return the canonical JSON of an act, as yet without its place in a chain."""
    # INVARIANT: as in `render_record`, the members up to `rows` are the searchable columns.
    return orjson.dumps(
        {
            "time": render_time(record.time),
            "subject": record.subject,
            "department": record.department,
            "application": record.application,
            "user": record.user,
            "entry": record.entry or "",
            "decision": record.decision,
            "rows": record.rows,
            "act": record.act,
            "target": record.target,
            "code": record.code,
            "details": dict(record.details),
            "client_address": record.client_address,
            "request_id": record.request_id,
        }
    )


def _render_part(part: RecordPart) -> dict[str, object]:
    return {
        "entry": part.entry,
        "identifier": part.identifier,
        "items": part.items,
        "filter": _fragment(part.filter),
        "rows": part.rows,
        "policies": part.policies,
    }


def _fragment(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)
