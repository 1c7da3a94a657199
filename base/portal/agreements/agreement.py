"""A tripartite confidentiality agreement as a typed value (bundle.md; NT-30)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.vocabulary import DepartmentCode, EntryCode


class SigningRole(StrEnum):
    """A party's role in an agreement."""

    CONSUMER = "consumer"
    PROVIDER = "provider"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Signature:
    """One party's detached JWS over the agreement."""

    role: SigningRole
    signed_at: datetime
    jws: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement whose signatures have been verified.

    `document` is the text of the agreement file as compact JSON with its members in the order written; `terms` is its
    member `terms`. The period is that of the terms: `[valid_from, valid_until)`.
    """

    id: str
    version: int
    parties: Mapping[SigningRole, DepartmentCode]
    resource: EntryCode
    valid_from: datetime
    valid_until: datetime
    terms: Mapping[str, object]
    text: str
    signatures: tuple[Signature, ...]
    document: str
