"""Whether the certificate of a connection is a person's own: issued by an authority of the government to that person.

It names the department as `organizationIdentifier` and the person's registered id as `UID` (0.9.2342.19200300.100.1.1).
"""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from portal.certificates.chains import check_chain, department_of
from portal.certificates.trust import TrustStore, load_trust_store
from portal.errors import BadInput
from portal.identity.registry import User
from portal.policies.information_point import PortalContent


@dataclass(slots=True)
class Persons:
    """Whom the portal trusts to certify persons, by the content of an epoch; read again when that is another."""

    _kept: tuple[int, TrustStore] = field(default=(-1, TrustStore()))

    def is_of(self, certificate: x509.Certificate, user: User, content: PortalContent, now: datetime) -> bool:
        """Return whether the certificate is good now and names the user; any doubt says no."""
        try:
            check_chain((certificate,), self._trust(content, now), now)
            is_of_department = department_of(certificate) == user.department
        except BadInput:
            return False
        names = certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
        return is_of_department and [str(name.value) for name in names] == [user.id]

    def _trust(self, content: PortalContent, now: datetime) -> TrustStore:
        epoch, store = self._kept
        if epoch != content.epoch:
            store, _, _ = load_trust_store(content.key_files, now)
            self._kept = content.epoch, store
        return store
