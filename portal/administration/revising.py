"""What the content would be after a change: the present rows with those of the change, checked as a bundle's would be.

Nothing is read or written here. A change that has a fault leaves nothing half done: there is no revision then.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from portal.administration.documents import PLACE, ChangeDocument
from portal.administration.editing import REGISTER_KINDS, Editing, History, restore, withdraw
from portal.administration.putting import put_records, put_register
from portal.administration.resting import RESTED_UPON, check_what_rests, registry_of, stored_after
from portal.errors import Fault, PolicyUnavailable, Text
from portal.identity.register_checks import validate_register
from portal.identity.rows import load_registry
from portal.policies.expectations import Expectation, load_expectation
from portal.policies.information_point import parse_content
from portal.policies.snapshot import Snapshot
from portal.storage.content import StoredContent
from portal.storage.content_changes import ContentChange, WantedContent, compare_content
from portal.storage.tables import (
    expectations,
    key_files,
)


@dataclass(frozen=True, slots=True)
class Revised:
    """The content after a change: as rows, as what decisions would rest on, and the way there.

    `base` are the present versions of what the change touches, by `TABLE/KEY`, 0 for what isn't there.
    """

    change: ContentChange
    snapshot: Snapshot
    expectations: tuple[Expectation, ...]
    base: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Faulty:
    """A change that can't be made, and everything that is wrong with it."""

    faults: tuple[Fault, ...]


def revise(present: StoredContent, document: ChangeDocument, history: History, now: datetime) -> Revised | Faulty:
    """Return the content after the change, or every fault in it. `now` is when agreements are looked at."""
    editing = Editing({table: {key: active.row for key, active in of.items()} for table, of in present.rows.items()})
    for restoration in document.restorations:
        restore(editing, restoration, history)
    for withdrawal in document.withdrawals:
        withdraw(editing, withdrawal)
    put_register(editing, [put for put in document.puts if put.kind in REGISTER_KINDS])
    # What a load left dangling is told by `portal doctor`, and keeps nobody from changing something else.
    known = validate_register(load_registry(present), present.rows[key_files.name])
    found = validate_register(registry_of(present, editing.rows), editing.rows[key_files.name])
    editing.faults.extend(fault for fault in found if fault not in known)
    put_records(editing, [put for put in document.puts if put.kind not in REGISTER_KINDS], present, now)
    if {table for table, _ in editing.touched} & RESTED_UPON:
        check_what_rests(editing, present, now, None)
    elif document.restorations:
        # It was verified when it was put, by what held then.
        check_what_rests(editing, present, now, {one.key for one in document.restorations})
    if editing.faults:
        return Faulty(tuple(dict.fromkeys(editing.faults)))
    return _revised(present, editing)


def _revised(present: StoredContent, editing: Editing) -> Revised | Faulty:
    return revised_to(present, WantedContent(present.identity, editing.rows), dict(_base(present, editing.touched)))


def revised_to(present: StoredContent, wanted: WantedContent, touched: Mapping[str, int]) -> Revised | Faulty:
    """Return the content as it is wanted, as what decisions would rest on; `touched` as keys of `Revised.base`."""
    rows = {table: dict(of) for table, of in wanted.rows.items()}
    try:
        following = stored_after(present, rows)
        head = replace(following.head, identity=wanted.identity)
        snapshot = Snapshot(parse_content(replace(following, head=head)))
    except PolicyUnavailable as refused:
        return Faulty((Fault(PLACE, None, "", refused.text, Text(en="mend the change", zh="请改正变更内容")),))
    change = compare_content(present, wanted)
    expected = (load_expectation(name, row) for name, row in sorted(rows[expectations.name].items()))
    return Revised(change, snapshot, tuple(expected), present_base(present, touched))


def _base(present: StoredContent, touched: Iterable[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    for table, key in sorted(set(touched)):
        before = present.rows[table].get(key)
        yield f"{table}/{key}", 0 if before is None else before.version


def present_base(present: StoredContent, base: Mapping[str, int]) -> Mapping[str, int]:
    """Return what the versions of `base` are now."""
    pairs = [tuple(place.split("/", 1)) for place in base]
    return dict(_base(present, ((table, key) for table, key in pairs)))
