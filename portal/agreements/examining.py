"""An agreement's signatures one by one: who made each, with which certificate, and whether it holds now."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from portal.agreements.agreement import Signature, SigningRole
from portal.agreements.reading import UnverifiedAgreement
from portal.agreements.signatures import signing_chain
from portal.agreements.verification import Circumstances, check_party
from portal.errors import BadInput, Text
from portal.vocabulary import DepartmentCode


@dataclass(frozen=True, slots=True)
class ExaminedSignature:
    """A party's signature. The certificate's members are None where it can't be read; `flaw` is None where it holds."""

    role: SigningRole
    department: DepartmentCode
    signed_at: datetime
    subject: str | None
    issuer: str | None
    not_after: datetime | None
    flaw: Text | None


def examine_signatures(unverified: UnverifiedAgreement, circumstances: Circumstances) -> tuple[ExaminedSignature, ...]:
    """Return every signature in the file's order, each held against its party, the text and the authorities."""
    return tuple(_examine(unverified, signature, circumstances) for signature in unverified.content.signatures)


def _examine(unverified: UnverifiedAgreement, signature: Signature, circumstances: Circumstances) -> ExaminedSignature:
    flaw = None
    try:
        check_party(unverified, signature, circumstances)
    except BadInput as refused:
        flaw = refused.text
    leaf = _leaf(signature)
    return ExaminedSignature(
        signature.role,
        unverified.content.parties[signature.role],
        signature.signed_at,
        None if leaf is None else leaf.subject.rfc4514_string(),
        None if leaf is None else leaf.issuer.rfc4514_string(),
        None if leaf is None else leaf.not_valid_after_utc,
        flaw,
    )


def _leaf(signature: Signature) -> x509.Certificate | None:
    try:
        return signing_chain(signature)[0]
    except (BadInput, ValueError):
        # What is wrong with it is the flaw already.
        return None
