"""Finding the record that a transfer ended whole: by its number, for who took it."""

import json
import re
from datetime import datetime
from typing import cast

from sqlalchemy import literal, select

from portal.audit.log_readings import Reading
from portal.audit.proving import SKEW
from portal.audit.records import Act, render_time
from portal.audit.searching import Place
from portal.json_text import JsonValue
from portal.storage.audit_tables import audit_records

_NUMBER = re.compile(r"([0-9]{1,9})-([0-9]{1,9})-[0-9a-f]{16}", re.ASCII)
_records = audit_records.c


def find_manifest(reading: Reading, number: str, subject: str) -> dict[str, JsonValue] | None:
    """Return the manifest of a transfer of the subject, with the receipt of its record; None where none ended whole.

    A number opens with the receipt of the transfer's first record, so nothing older is looked through.
    Raises: TooComplex where that takes too long.
    """
    parsed = _NUMBER.fullmatch(number)
    if parsed is None:
        return None
    first = select(_records.time).where(_records.writer == int(parsed[1]), _records.sequence == int(parsed[2]))
    since = reading.connection.scalar(first)
    return None if since is None else _search(reading, number, subject, since)


def _search(reading: Reading, number: str, subject: str, since: str) -> dict[str, JsonValue] | None:
    ended = (
        select(_records.writer, _records.sequence, _records.record)
        # Written out, because a partial index is used only for what the planner can read.
        .where(_records.act == literal(Act.TRANSFER_ENDED.value, literal_execute=True))
        .where(_records.time >= render_time(datetime.fromisoformat(since) - SKEW), _records.subject == subject)
        # A number has no character that means something here.
        .where(_records.record.contains(f'"target":"{number}"'))
        .limit(1)
    )
    found = reading.connection.execute(ended).one_or_none()
    if found is None:
        return None
    details = cast("dict[str, JsonValue]", json.loads(found.record)["details"])
    return {**details, "receipt": Place(found.writer, found.sequence).receipt}
