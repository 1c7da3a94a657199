"""What a change opens to everybody, and the seal of who has looked at what that gives away (threats.md T27)."""

import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from portal.administration.change_sets import ChangeSet
from portal.errors import Conflict, Text
from portal.json_text import JsonValue, render_json
from portal.policies.decision import Permit, Use
from portal.policies.decision_point import DecisionPoint
from portal.policies.impact import Shift, Way
from portal.policies.information_point import EntryState
from portal.policies.matching import Request
from portal.policies.records import Consumer, ConsumerKind
from portal.vocabulary import PUBLIC, Action, EntryCode, Environment, ItemIdentifier, NetworkZone, UserId

EVERYBODY = Consumer(ConsumerKind.PUBLIC)
_RELEASING = frozenset({Way.OPENED, Way.WIDENED, Way.UNMASKED})


@dataclass(frozen=True, slots=True)
class Release:
    """An entry of which a change gives the public more: `given` items; `point` permits them to `request` after it."""

    state: EntryState
    given: tuple[ItemIdentifier, ...]
    request: Request
    point: DecisionPoint


def releases_of(shifts: Iterable[Shift], after: DecisionPoint) -> tuple[Release, ...]:
    """Return what the shifts give the public, by entry; `after` is what decides then."""
    found: dict[EntryCode, list[Shift]] = {}
    for shift in shifts:
        if shift.way in _RELEASING and EVERYBODY in shift.who:
            found.setdefault(shift.entry, []).append(shift)
    return tuple(_release(after, after.snapshot.state_by_code[code], of) for code, of in sorted(found.items()))


def _release(point: DecisionPoint, state: EntryState, shifts: list[Shift]) -> Release:
    # What is given in steps is looked at as it is after the last.
    last = max(shifts, key=lambda shift: shift.begins)
    given = {item for shift in shifts for item in shift.items}
    action = Action(last.modes[0], last.purposes[0], last.matters[0])
    request = Request(PUBLIC, action, Environment(last.begins, NetworkZone.INTERNET))
    in_order = tuple(item.identifier for item in state.entry.items if item.identifier in given)
    return Release(state, in_order, request, point)


def shown_items(point: DecisionPoint, request: Request, state: EntryState) -> tuple[ItemIdentifier, ...]:
    """Return the items of an entry that the request is permitted, in the entry's order."""
    names = (item.identifier for item in state.entry.items)
    return tuple(name for name in names if isinstance(point.decide(request, Use(state.entry.code, (name,))), Permit))


def looked_at(change: ChangeSet, release: Release, person: UserId, secret: bytes) -> str:
    """Return the seal that a person has who looked at the report of a release.

    It holds for this version of the change set, for this person, and for the rows that lie in the data store now.
    """
    sealed: dict[str, JsonValue] = {
        "change": change.id,
        "version": change.version,
        "entry": release.state.entry.code,
        "rows": release.state.table.name,
        "person": person,
    }
    return hmac.digest(secret, b"release:" + render_json(sealed).encode(), "sha256").hex()


def check_looked_at(
    change: ChangeSet, releases: Iterable[Release], person: UserId, seals: Collection[str], secret: bytes
) -> None:
    """Raise Conflict unless the person has looked at the report of every release, as it is now."""
    missing = [
        release.state.entry.code
        for release in releases
        if not any(hmac.compare_digest(looked_at(change, release, person, secret), seal) for seal in seals)
    ]
    if missing:
        raise Conflict(
            Text(
                en=f"change set {change.id} opens data to everybody; read first what rows of {', '.join(missing)} can "
                "be told apart by (`releases { report { … } }`), and give what `lookedAt` says with your approval",
                zh=f"变更单 {change.id} 将向公众开放数据；请先查看 {'、'.join(missing)} 的可识别性报告"
                "（`releases { report { … } }`），并在批准时附上 `lookedAt` 的值",
            )
        )
