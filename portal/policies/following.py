"""The content of the next epoch made of the present one and of the rows that changed, so that it costs what changed.

INVARIANT: it is the content that reading everything would give; where that isn't certain everything is read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.identity.rows import load_registry
from portal.policies.information_point import (
    TYPED,
    ContentParts,
    DataTable,
    EntryState,
    PortalContent,
    assemble,
    data_table,
    entry_state,
    parse_parts,
    reading_content,
    reading_parts,
)
from portal.policies.record_parts import SharedParts
from portal.policies.records import PolicyRecord
from portal.policies.rows import load_record
from portal.policies.successions import successions_of
from portal.storage.content import ActiveRow, StoredContent
from portal.storage.following import Keys, Standing, Touched, read_standing, read_touched
from portal.storage.tables import (
    application_standing,
    applications,
    catalog_entries,
    datasets,
    department_standing,
    departments,
    freezes,
    groups,
    policy_records,
    user_standing,
    users,
)
from portal.vocabulary import EntryCode

_REGISTER = frozenset(
    table.name
    for table in (
        departments,
        department_standing,
        groups,
        applications,
        application_standing,
        users,
        user_standing,
    )
)


@dataclass(frozen=True, slots=True)
class KnownContent:
    """The content of an epoch, and what the next one is made of.

    `touched` are the entries that differ from the former epoch's, or records on them; None where all may.
    """

    content: PortalContent
    touched: frozenset[EntryCode] | None
    parts: ContentParts = field(repr=False)
    standing: Standing


async def read_following(engine: AsyncEngine, known: KnownContent | None, secret: bytes) -> Callable[[], KnownContent]:
    """Read what makes the content that holds now, verified: what changed since where that can be proved, or all.

    What is returned makes the content of it, and raises PolicyUnavailable where that can't be read; a city's records
    take seconds, so it is for a thread. Raises: PolicyUnavailable.
    """
    async with reading_content(engine) as connection:
        if known is not None:
            touched = await connection.run_sync(_read_touched, known, secret)
            if touched is not None:
                return partial(_content_after, known, touched)
        return partial(_whole_content, *await connection.run_sync(read_standing, secret))


def _whole_content(content: StoredContent, standing: Standing) -> KnownContent:
    parts = parse_parts(content)
    return KnownContent(assemble(parts), None, parts, standing)


def _read_touched(connection: Connection, known: KnownContent, secret: bytes) -> Touched | None:
    def records_on_touched(keys: Keys) -> Keys:
        # Whose types may be other ones now: its records are read against them again.
        codes = keys.get(catalog_entries.name, frozenset())
        records = known.parts.records.items() if codes else ()
        return {policy_records.name: {name for name, record in records if record.resource in codes}}

    return read_touched(connection, known.standing, secret, records_on_touched)


def _content_after(known: KnownContent, touched: Touched) -> KnownContent:
    with reading_parts():
        parts = _parts_after(known.parts, touched)
    differ = None if _concerns_all(known.parts, parts, touched) else frozenset(_differing(known.parts, parts, touched))
    return KnownContent(assemble(parts), differ, parts, touched.standing)


def _concerns_all(before: ContentParts, after: ContentParts, touched: Touched) -> bool:
    """Return whether more may differ than the entries whose own rows or records were touched."""
    return (
        freezes.name in touched.rows
        or before.head.quarantine != after.head.quarantine
        or (before.successions is not after.successions and bool(before.successions.ended or after.successions.ended))
    )


def _differing(before: ContentParts, after: ContentParts, touched: Touched) -> Iterable[EntryCode]:
    for table in (catalog_entries, datasets):
        yield from map(EntryCode, touched.rows.get(table.name, ()))
    for name in touched.rows.get(policy_records.name, ()):
        for parts in (before, after):
            if name in parts.records:
                yield parts.records[name].resource


def _parts_after(parts: ContentParts, touched: Touched) -> ContentParts:
    rows = dict(parts.rows)
    for table, of in touched.rows.items():
        if table not in TYPED:
            rows[table] = _merged(rows[table], of)
    head, states = touched.standing.head, _states_after(parts, rows, touched)
    changed = replace(parts, head=head, rows=rows, arrivals={**parts.arrivals, **touched.arrivals}, states=states)
    if not _REGISTER.isdisjoint(touched.rows):
        changed = replace(changed, successions=successions_of(load_registry(StoredContent(head, rows))))
    return replace(changed, records=_records_after(changed, touched))


def _merged(rows: Mapping[str, ActiveRow], touched: Mapping[str, ActiveRow | None]) -> Mapping[str, ActiveRow]:
    kept = {key: row for key, row in rows.items() if key not in touched}
    return kept | {key: row for key, row in touched.items() if row is not None}


def _states_after(
    parts: ContentParts, rows: Mapping[str, Mapping[str, ActiveRow]], touched: Touched
) -> Mapping[str, EntryState]:
    after, arrivals = dict(parts.states), {**parts.arrivals, **touched.arrivals}

    def table(code: str) -> DataTable:
        dataset = rows[datasets.name].get(code)
        return data_table(code, None if dataset is None else dataset.row, arrivals)

    entries = touched.rows.get(catalog_entries.name, {})
    for code, active in entries.items():
        after.pop(code, None)
        if active is not None:
            after[code] = entry_state(code, active, table(code))
    for code in touched.rows.get(datasets.name, {}):
        if code in after and code not in entries:
            after[code] = replace(after[code], table=table(code))
    return after


def _records_after(parts: ContentParts, touched: Touched) -> Mapping[str, PolicyRecord]:
    rows = touched.rows.get(policy_records.name, {})
    records, by_code, shared = dict(parts.records), parts.entry_by_code, SharedParts()
    for name, active in rows.items():
        records.pop(name, None)
        if active is not None:
            records[name] = load_record(name, active, by_code, shared)
    return records
