"""Whom the portal trusts to say who a department is: the authorities and revocation lists in keys/ca/ (T23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from portal.certificates.certificates import (
    check_authority,
    parse_pem_certificates,
    refusing_unreadable,
    was_issued_by,
)
from portal.errors import BadInput, Fault, Text

_FOLDER = PurePosixPath("ca")
_MEND_CERTIFICATE = Text(en="put the authority's own certificate there, as PEM", zh="请放入认证机构自身的 PEM 证书")
_MEND_LIST = Text(
    en="fetch the list anew, and keep its issuer's certificate in keys/ca/",
    zh="请重新获取吊销列表，并将其签发者的证书放入 keys/ca/",
)


@dataclass(frozen=True, slots=True)
class ListTerm:
    """Until when a revocation list says what is revoked: its file below keys/, and the authority that signed it.

    `until` is when it was to be renewed, None where it doesn't say.
    """

    path: str
    issuer: x509.Certificate
    until: datetime | None

    def is_current(self, now: datetime) -> bool:
        """Return whether no later list is due yet; one that doesn't say is never known to be the last."""
        return self.until is not None and now <= self.until


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The authorities to which a signer's chain has to lead, and issuer and serial number of what they revoked."""

    authorities: tuple[x509.Certificate, ...] = ()
    revoked: frozenset[tuple[x509.Name, int]] = frozenset()
    lists: tuple[ListTerm, ...] = ()
    """The terms of the lists that say what is revoked."""

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Return whether a list names the certificate; the day on which it was revoked plays no part."""
        return (certificate.issuer, certificate.serial_number) in self.revoked

    def lists_over(self, certificate: x509.Certificate) -> tuple[ListTerm, ...]:
        """Return the terms of the lists of the authority that issued the certificate; none where it keeps none."""
        of_name = [term for term in self.lists if term.issuer.subject == certificate.issuer]
        return tuple(term for term in of_name if was_issued_by(certificate, term.issuer))


def load_trust_store(keys: Mapping[str, bytes], now: datetime) -> tuple[TrustStore, list[Fault], list[Text]]:
    """Return the store made of `ca/*.pem` and `ca/*.crl`, every fault in them, and remarks.

    `keys` maps paths below keys/ to the files' bytes. A list that should have been renewed by now is a remark.
    """
    faults: list[Fault] = []
    remarks: list[Text] = []
    authorities: list[x509.Certificate] = []
    revoked: set[tuple[x509.Name, int]] = set()
    terms: list[ListTerm] = []
    for path in _files(keys, ".pem"):
        try:
            authorities += _parse_authorities(keys[path])
        except BadInput as refused:
            faults.append(Fault(f"keys/{path}", None, "", refused.text, _MEND_CERTIFICATE))
    for path in _files(keys, ".crl"):
        try:
            listed = _parse_list(keys[path])
            issuer = _issuer_of(listed, authorities)
        except BadInput as refused:
            faults.append(Fault(f"keys/{path}", None, "", refused.text, _MEND_LIST))
            continue
        revoked.update((listed.issuer, number) for number in listed.serial_numbers)
        terms.append(ListTerm(path, issuer, listed.renewal))
        remarks += _staleness(path, listed, now)
    return TrustStore(tuple(authorities), frozenset(revoked), tuple(terms)), faults, remarks


def _files(keys: Mapping[str, bytes], suffix: str) -> list[str]:
    return sorted(path for path in keys if PurePosixPath(path).parent == _FOLDER and path.endswith(suffix))


def _parse_authorities(content: bytes) -> list[x509.Certificate]:
    if b"PRIVATE KEY-----" in content:
        raise BadInput(Text(en="the file holds a private key", zh="文件含有私钥"))
    certificates = parse_pem_certificates(content)
    for certificate in certificates:
        check_authority(certificate)
    return certificates


@dataclass(frozen=True, slots=True)
class _RevocationList:
    """A revocation list as read; who signed it isn't asked yet."""

    issuer: x509.Name
    serial_numbers: frozenset[int]
    renewal: datetime | None
    is_whole: bool
    signed: x509.CertificateRevocationList


def _parse_list(content: bytes) -> _RevocationList:
    if content.count(b"-----BEGIN") > 1:
        raise BadInput(
            Text(en="the file holds several parts; keep one list a file", zh="文件含有多个部分；每个文件只放一个列表")
        )
    load = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
    with refusing_unreadable(Text(en="the file is no revocation list", zh="文件不是证书吊销列表")):
        signed = load(content)
        numbers = frozenset(entry.serial_number for entry in signed)
        listed = _RevocationList(signed.issuer, numbers, signed.next_update_utc, _is_whole(signed.extensions), signed)
    if not listed.is_whole:
        raise BadInput(
            Text(
                en="it lists only changes, or certificates of other issuers", zh="它只列出变更，或列出其他签发者的证书"
            )
        )
    return listed


def _is_whole(extensions: x509.Extensions) -> bool:
    """Return whether a list can be read by itself: no delta of another list, no entries of other issuers."""
    return not any(
        extension.value.indirect_crl
        if isinstance(extension.value, x509.IssuingDistributionPoint)
        else extension.critical
        for extension in extensions
    )


def _issuer_of(listed: _RevocationList, authorities: list[x509.Certificate]) -> x509.Certificate:
    """Return the authority that signed the list. Raises: BadInput."""
    name = listed.issuer.rfc4514_string()
    issuers = [authority for authority in authorities if authority.subject == listed.issuer]
    if not issuers:
        raise BadInput(
            Text(
                en=f"no certificate in keys/ca/ is its issuer's, `{name}`",
                zh=f"keys/ca/ 中没有其签发者 `{name}` 的证书",
            )
        )
    signers = [issuer for issuer in issuers if _is_signed_by(listed.signed, issuer)]
    if not signers:
        raise BadInput(Text(en=f"the signature isn't that of `{name}`", zh=f"签名不是 `{name}` 所作"))
    return signers[0]


def _is_signed_by(signed: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return signed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # another key: TypeError
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _staleness(path: str, listed: _RevocationList, now: datetime) -> list[Text]:
    if listed.renewal is None or listed.renewal >= now:
        return []
    day = listed.renewal.date().isoformat()
    return [
        Text(
            en=f"keys/{path}: the list was to be renewed on {day}; later revocations aren't known, and applications "
            "certified by its issuer get no token",
            zh=f"keys/{path}：吊销列表应于 {day} 更新，此后的吊销情况未知，由其签发者认证的应用无法获取令牌",
        )
    ]
