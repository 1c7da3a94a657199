"""A bundle as typed values: the whole content of a portal (bundle.md)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from portal.agreements.agreement import Agreement
from portal.catalog.entries import CatalogEntry
from portal.conditions.tree import Value
from portal.identity.registry import Application, Department, Group, User
from portal.policies.reading import RecordDocument
from portal.policies.records import PolicyRecord
from portal.vocabulary import EntryCode

DataRow = tuple[Value | None, ...]
"""A row's cells in the order of the entry's items; JSON cells are their text as written."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The rows of one entry. `digest` is the hex SHA-256 of the entry's item list and the typed rows in order."""

    entry: EntryCode
    row_count: int
    digest: str
    rows: Callable[[], Iterator[DataRow]]


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
