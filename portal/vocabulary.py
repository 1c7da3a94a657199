"""The words of an authorisation request (XACML, NIST SP 800-162): subject, resource, action, environment.

Imports nothing of ours. Source: enforcement.md §1.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import NewType

DepartmentCode = NewType("DepartmentCode", str)
GroupCode = NewType("GroupCode", str)
ApplicationId = NewType("ApplicationId", str)
UserId = NewType("UserId", str)
EntryCode = NewType("EntryCode", str)
EntryIdentifier = NewType("EntryIdentifier", str)
ItemIdentifier = NewType("ItemIdentifier", str)
PolicyId = NewType("PolicyId", str)
Purpose = NewType("Purpose", str)
"""A purpose as records hold it, in lower case: `verification`. GraphQL shows it in capitals."""
Matter = NewType("Matter", str)
"""Code of a business matter (办理事项)."""


class Mode(StrEnum):
    """How shared data are taken (共享方式)."""

    QUERY = "query"
    EXCHANGE = "exchange"
    SERVICE = "service"
    PROCESSING = "processing"


class NetworkZone(StrEnum):
    """Network from which a request comes."""

    GOVERNMENT = "government"
    INTERNET = "internet"


class ShareClass(StrEnum):
    """Share class of an entry or item (共享类型), widest first."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_SHARED = "not_shared"


class Role(StrEnum):
    """Roles of users (bundle.md)."""

    SYSTEM_ADMINISTRATOR = "system_administrator"
    POLICY_ADMINISTRATOR = "policy_administrator"
    AUDITOR = "auditor"
    REGISTRAR = "registrar"
    REVIEWER = "reviewer"
    INFORMATION_MANAGER = "information_manager"
    HEAD = "head"
    ANALYST = "analyst"
    AUTHORITY_OFFICER = "authority_officer"
    OPERATOR_OFFICER = "operator_officer"


EXCLUSIVE_ROLES = (Role.SYSTEM_ADMINISTRATOR, Role.POLICY_ADMINISTRATOR, Role.AUDITOR)
"""Administrators of system, security and audit: nobody is two of them (WH-24 KF-23)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks. An attribute that is empty is missing; the public has no department.

    `matters` are those that the application is registered for: a request may name no other.
    """

    department: DepartmentCode | None = None
    groups: tuple[GroupCode, ...] = ()
    application: ApplicationId | None = None
    user: UserId | None = None
    roles: tuple[Role, ...] = ()
    region: str | None = None
    auth_level: int | None = 0
    matters: tuple[Matter, ...] = ()

    @property
    def is_public(self) -> bool:
        """True for the subject without department."""
        return self.department is None

    @property
    def name(self) -> str:
        """The subject's unambiguous name: `application:ID`, `user:ID` or `public`."""
        if self.application is not None:
            return f"application:{self.application}"
        return "public" if self.user is None else f"user:{self.user}"


PUBLIC = Subject()


@dataclass(frozen=True, slots=True)
class Action:
    """What is asked: mode, and the stated purpose and matter."""

    mode: Mode = Mode.QUERY
    purpose: Purpose | None = None
    matter: Matter | None = None


@dataclass(frozen=True, slots=True)
class CaseReference:
    """What a request is made for, and by whom at the consumer's counter (FJ-28), as the consumer states it.

    `case` is the number of a business case (办件编号), `operator` the person who handles it (经办人).
    """

    case: str | None = None
    operator: str | None = None


UNSTATED = CaseReference()
"""Of a request that says neither."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Circumstances of a request. `now` is aware, UTC, by the portal database's clock."""

    now: datetime
    network_zone: NetworkZone | None = NetworkZone.INTERNET
    client_address: IPv4Address | IPv6Address | None = field(default=None)
    reference: CaseReference = UNSTATED
