"""A bundle as typed values: the whole content of a portal (bundle.md)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.agreements.agreement import Agreement
from portal.catalog.entries import CatalogEntry
from portal.identity.registry import Application, Department, Group, User
from portal.policies.record_parts import RecordDocument
from portal.policies.records import PolicyRecord
from portal.storage.data_store import StoredValue
from portal.vocabulary import EntryCode


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows that follow each other, in columns by item: as stored, and as text that is the same for the same value."""

    stored: tuple[Sequence[StoredValue], ...]
    texts: tuple[Sequence[str | None], ...]

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.stored[0]) if self.stored else 0


@dataclass(frozen=True, slots=True)
class RowMarks:
    """The key of each row of a dataset as stored, and its fingerprint, in the order of the rows."""

    keys: Sequence[StoredValue | tuple[StoredValue, ...]]
    fingerprints: Sequence[int]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The rows of one entry. `digest` is the hex SHA-256 of the entry's item list and the typed rows in order.

    `batches` yields the rows anew each time; none is without rows. `marks` are there where they were kept by who
    checked the rows, who else has them read once more.
    """

    entry: EntryCode
    row_count: int
    digest: str
    batches: Callable[[], Iterator[RowBatch]]
    marks: RowMarks | None = None


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """A policy record, and the JSON object that it was read from."""

    record: PolicyRecord
    document: RecordDocument


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything a bundle holds, in the order in which an export writes it.

    `entries` are in catalog order (by code); `keys` maps a path below `keys/` to the file's bytes.
    """

    profile: str
    title: str
    departments: tuple[Department, ...]
    groups: tuple[Group, ...]
    applications: tuple[Application, ...]
    users: tuple[User, ...]
    keys: Mapping[str, bytes]
    entries: tuple[CatalogEntry, ...]
    records: tuple[WrittenRecord, ...]
    agreements: tuple[Agreement, ...]
    datasets: Mapping[EntryCode, Dataset]
