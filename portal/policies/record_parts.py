"""A policy record while it is read: the document, its faults, and the parts that many stored records have alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from portal.catalog.entries import CatalogEntry
from portal.conditions.tree import Condition
from portal.errors import Fault, Text
from portal.policies.records import Any, Effect, Obligations, PolicyKind
from portal.vocabulary import ApplicationId, EntryCode, ItemIdentifier, Matter, Mode, Purpose

RecordDocument = Mapping[str, object]
"""The JSON object of a policy record; fractions as `Decimal`."""
_Part = TypeVar("_Part")
_UNREAD = object()
_Place = tuple[str, EntryCode | None, str | tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class SharedParts:
    """Parts of stored records by member, by the entry where it matters, and by the text that is stored.

    Of many records most parts are alike: each is read once, and the records share it.
    """

    values: dict[_Place, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class StoredTexts:
    """The texts in which a stored record's members are written, and the parts that were read of others.

    `text_of` returns a member's text, None for null; it raises ValueError for what is neither. `alike` are the cells of
    all members that `SharedMembers` is read of, as they came.
    """

    text_of: Callable[[str], str | None]
    alike: tuple[object, ...]
    shared: SharedParts


@dataclass(frozen=True, slots=True)
class SharedMembers:
    """What many records say alike: all but whose they are, since when, until when, and on which basis.

    `effect` and `kind` are None where they can't be read.
    """

    effect: Effect | None
    kind: PolicyKind | None
    items: tuple[ItemIdentifier, ...] | Any
    purposes: tuple[Purpose, ...] | Any
    modes: tuple[Mode, ...] | Any
    matters: tuple[Matter, ...]
    applications: tuple[ApplicationId, ...]
    condition: Condition
    scope: Condition | None
    obligations: Obligations


@dataclass(frozen=True, slots=True)
class RecordReading:
    """A record document being read: what it says, and the faults found so far."""

    document: RecordDocument
    file: str
    stored: StoredTexts | None = None
    faults: list[Fault] = field(default_factory=list)

    def part(self, key: str, entry: CatalogEntry | None, read: Callable[[], _Part]) -> _Part:
        """Return what is read of a member, for an entry where it depends on that: once of all that are stored alike."""
        text = None if self.stored is None else self.stored.text_of(key)
        if self.stored is None or not text:
            # What is missing may be a fault for one kind of record and none for another.
            return read()
        return self._once((key, None if entry is None else entry.code, text), self.stored.shared, read)

    def shared_members(self, entry: CatalogEntry | None, read: Callable[[], SharedMembers]) -> SharedMembers:
        """Return what is read of the members that are mostly alike: once of all records on the entry that say the same.

        One look for all of them costs a city's records less than one for each.
        """
        if self.stored is None:
            return read()
        # Cells that are equal to texts which were read are the same texts.
        place = ("", None if entry is None else entry.code, self.stored.alike)
        return self._once(place, self.stored.shared, read)

    def _once(self, place: _Place, shared: SharedParts, read: Callable[[], _Part]) -> _Part:
        found = shared.values.get(place, _UNREAD)
        if found is not _UNREAD:
            # What was read of the same member, of the same text.
            return found  # type: ignore[return-value]
        known = len(self.faults)
        value = read()
        if len(self.faults) == known:
            shared.values[place] = value
        return value

    def refuse(self, path: str, what: Text, mend: Text) -> None:
        """Note a fault at the JSON path."""
        self.faults.append(Fault(self.file, None, path, what, mend))

    def refuse_missing(self, key: str) -> None:
        """Note that a member is missing or empty."""
        self.refuse(
            key,
            Text(en=f"`{key}` is missing or empty", zh=f"缺少 `{key}` 或其为空"),
            Text(en=f"write `{key}`", zh=f"请填写 `{key}`"),
        )
