"""What is wrong with a change: the findings on what it touches that weren't there before it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import permutations

from portal.catalog.entries import CatalogEntry
from portal.conditions.values import render_instant
from portal.errors import Text
from portal.policies.checking.directory import Directory
from portal.policies.checking.findings import Finding, FindingKind, Severity
from portal.policies.checking.pairs import Pair, Surroundings, examine_pair
from portal.policies.checking.unreachable import CountRows, Examined, examine_alone
from portal.policies.differences import Change
from portal.policies.records import Consumer, PolicyKind, PolicyRecord
from portal.policies.snapshot import Snapshot
from portal.vocabulary import EntryCode, PolicyId

_WORST_FIRST = (Severity.FAULT, Severity.WARNING, Severity.REMARK)


def check_change(
    before: Snapshot, after: Snapshot, now: datetime, count_rows: CountRows | None = None
) -> tuple[Finding, ...]:
    """Return what the change brings about that is wrong or worth a look, the worst first; not what was there before.

    `count_rows` lets scopes be held against the data too.
    """
    change = Change(before, after, now)
    old = frozenset(_key(finding) for finding in _Check(change, before, None).findings())
    # What the data hold is asked of what will be alone: two snapshots read the same rows.
    new = [finding for finding in _Check(change, after, count_rows).findings() if _key(finding) not in old]
    return tuple(sorted(new, key=_rank))


def _key(finding: Finding) -> tuple[object, ...]:
    return finding.kind, finding.records, finding.items, finding.what


def _rank(finding: Finding) -> tuple[int, str, tuple[str, ...], str]:
    return _WORST_FIRST.index(finding.severity), finding.entry, finding.records, finding.kind


@dataclass(frozen=True)
class _Check:
    """One of the two snapshots, looked at where the change touches it."""

    change: Change
    snapshot: Snapshot
    count_rows: CountRows | None

    @cached_property
    def directory(self) -> Directory:
        """Who is registered in the snapshot."""
        return Directory(self.snapshot.registry)

    @cached_property
    def is_register_changed(self) -> bool:
        """Return whether it differs who is registered."""
        return self.change.before.registry != self.change.after.registry

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with every record that the change may have touched."""
        for state in self.snapshot.content.entries:
            code = state.entry.code
            records = self.snapshot.records_on(code)
            is_entry_changed = code in self.change.entries
            differing = self.change.records_by_entry[code]
            touched = frozenset(one.id for one in records if is_entry_changed or one.id in differing)
            for record in records:
                if self.is_register_changed or record.id in touched:
                    examined = Examined(record, state.entry, self.snapshot, self.directory, self.change.now)
                    yield from examine_alone(examined, self.count_rows)
            if touched:
                yield from self._pairs(state.entry, records, touched)
                yield from _gaps(code, records, self.change.now)

    def _pairs(
        self, entry: CatalogEntry, records: Sequence[PolicyRecord], touched: frozenset[PolicyId]
    ) -> Iterator[Finding]:
        surroundings = Surroundings(entry, self.directory, self.change.now)
        for record, other in permutations(records, 2):
            if record.id in touched or other.id in touched:
                yield from examine_pair(Pair(record, other, surroundings))


def _gaps(code: EntryCode, records: Iterable[PolicyRecord], now: datetime) -> Iterator[Finding]:
    """Yield the times to come in which none of the agreements of one consumer is in force, between two that are."""
    lines: defaultdict[Consumer, list[PolicyRecord]] = defaultdict(list)
    for record in records:
        if record.kind is PolicyKind.AGREEMENT:
            lines[record.consumer].append(record)
    for line in lines.values():
        yield from _gaps_of_line(code, line, now)


def _gaps_of_line(code: EntryCode, line: Sequence[PolicyRecord], now: datetime) -> Iterator[Finding]:
    periods = sorted(
        (one.valid_from, one.valid_until, one.id)
        for one in line
        if one.valid_from is not None and one.valid_until is not None
    )
    for place in range(1, len(periods)):
        begins, _, following = periods[place]
        _, ends, former = max(periods[:place], key=lambda period: period[1])
        if max(ends, now) < begins:
            yield _gap(code, (following, former), ends, begins)


def _gap(code: EntryCode, records: tuple[PolicyId, PolicyId], ends: datetime, begins: datetime) -> Finding:
    former, start, end = records[1], render_instant(ends), render_instant(begins)
    return Finding(
        FindingKind.GAP,
        Severity.WARNING,
        code,
        records,
        (),
        Text(
            en=f"no agreement is in force from {start}, when `{former}` ends, to {end}",
            zh=f"自 {start}（`{former}` 到期）至 {end} 没有协议有效",
        ),
        Text(en="let the agreements follow on each other", zh="请使协议的有效期相互衔接"),
    )
