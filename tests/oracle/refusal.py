"""Why a root field is refused before anything is read: items, masks, limits, bad input."""

from dataclasses import dataclass

from tests.oracle.conditions import ConditionTree
from tests.oracle.decision import Asking, ItemVerdict, registered
from tests.oracle.expectation import UNCHECKED, CursorOf, Refused
from tests.oracle.reading import Arguments, Fault
from tests.oracle.world import Entry


@dataclass(frozen=True, slots=True)
class Binding:
    """What a cursor is bound to."""

    identity: str
    entry: str
    where: ConditionTree
    order: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A root field to be decided: what is asked, and the verdict of each item that it uses."""

    entry: Entry
    arguments: Arguments
    asking: Asking
    verdicts: dict[str, ItemVerdict]
    compared: frozenset[str] = frozenset()
    """Items that are joined on, or that rows are asked for by."""

    @property
    def binding(self) -> Binding:
        """What the cursors of this field's pages are bound to."""
        identity = self.asking.subject.identity
        return Binding(identity, self.entry.identifier, self.arguments.where, self.arguments.order)


def page_limit(case: Case, returned_today: int) -> int | None:
    """The most rows that a page may ask for; 0 where the day has none left, None for no limit."""
    verdicts = case.verdicts.values()
    request = _smallest([_largest([record.max_rows for record in one.allows]) for one in verdicts])
    daily = _smallest([_largest([record.daily_rows for record in one.allows]) for one in verdicts])
    return _smallest([request, None if daily is None else max(0, daily - returned_today)])


def _largest(limits: list[int | None]) -> int | None:
    """The largest; a record without a limit is the largest."""
    known = [limit for limit in limits if limit is not None]
    return max(known) if known and len(known) == len(limits) else None


def _smallest(limits: list[int | None]) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def refusal_of(case: Case, limit: int | None, view: tuple[str, ...], cursor: CursorOf | None) -> Refused | None:
    """The refusal of a root field, or None; `cursor` is what is known of the text in `after`."""
    codes, items = _item_codes(case)
    if not registered(case.arguments.matter, case.asking.subject):
        codes, items = codes | {"PURPOSE_DENIED"}, UNCHECKED
    if not codes:
        codes, items = _use_codes(case, limit)
    if _is_bad_input(case, cursor):
        # Of a field that is refused for more than one reason the page names no first, but for masks and limits.
        codes, items = codes | {"BAD_INPUT"}, UNCHECKED
    if not codes:
        return None
    return Refused(codes, UNCHECKED if items is None else tuple(name for name in items if name in view))


def _item_codes(case: Case) -> tuple[frozenset[str], tuple[str, ...] | None]:
    refused = {name: verdict.codes for name, verdict in case.verdicts.items() if verdict.codes}
    return frozenset[str]().union(*refused.values()), tuple(refused)


def _use_codes(case: Case, limit: int | None) -> tuple[frozenset[str], tuple[str, ...] | None]:
    exposed = case.arguments.filtered | case.arguments.ordered | case.compared
    masked = tuple(name for name, verdict in case.verdicts.items() if name in exposed and verdict.masked)
    if masked:
        return frozenset({"MASKED_ITEM"}), masked
    exceeded = limit is not None and (limit < 1 or (case.arguments.first or 0) > limit)
    return (frozenset({"QUOTA_EXCEEDED"}) if exceeded else frozenset()), UNCHECKED


def _is_bad_input(case: Case, cursor: CursorOf | None) -> bool:
    if case.arguments.faults & {Fault.BAD_INPUT, Fault.EITHER}:
        return True
    if case.arguments.after is None:
        return False
    return cursor is None or cursor.binding != case.binding
