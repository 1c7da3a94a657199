"""Who asks, as far as a request says, and as the register has it."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from portal.identity.authentication import subject_of
from portal.identity.claims import TokenClaims
from portal.identity.registry import Registry
from portal.identity.sessions import StaffSession
from portal.vocabulary import PUBLIC, UNSTATED, CaseReference, Environment, NetworkZone, Subject


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the claims of the token (none: the public), whence, and what for as the request's headers say."""

    claims: TokenClaims | None
    client_address: IPv4Address | IPv6Address | None
    request_id: str
    reference: CaseReference = UNSTATED
    has_second_factor: bool = False
    """Whether a second factor was shown for the sign-in; a token says so by its level."""
    session: StaffSession | None = None
    """The session in the browser by which a person asks, None for who asks with a token."""
    is_own_page: bool = False
    """Whether a page of the portal's own sent the request by its script (T43)."""

    def environment(self, now: datetime, zone: NetworkZone | None) -> Environment:
        """Return the circumstances of the request at a moment, the arguments of its fields left aside."""
        return Environment(now, zone, self.client_address, self.reference)


def identify(asker: Asker, registry: Registry) -> tuple[Subject, NetworkZone | None]:
    """Return the subject as the register has it now, and its network zone.

    Raises: Unauthenticated for a subject that isn't registered any more.
    """
    return (PUBLIC, NetworkZone.INTERNET) if asker.claims is None else subject_of(asker.claims, registry)
