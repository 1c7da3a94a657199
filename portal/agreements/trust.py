"""Whom the portal trusts to say who a department is: the authorities and revocation lists in keys/ca/ (T23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from portal.agreements.certificates import check_authority
from portal.errors import BadInput, Fault, Text

_FOLDER = PurePosixPath("ca")
_MEND_CERTIFICATE = Text(en="put the authority's own certificate there, as PEM", zh="请放入认证机构自身的 PEM 证书")
_MEND_LIST = Text(
    en="fetch the list anew, and keep its issuer's certificate in keys/ca/",
    zh="请重新获取吊销列表，并将其签发者的证书放入 keys/ca/",
)


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The authorities to which a signer's chain has to lead, and issuer and serial number of what they revoked."""

    authorities: tuple[x509.Certificate, ...] = ()
    revoked: frozenset[tuple[x509.Name, int]] = frozenset()

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Return whether a list names the certificate; the day on which it was revoked plays no part."""
        return (certificate.issuer, certificate.serial_number) in self.revoked


def load_trust_store(keys: Mapping[str, bytes], now: datetime) -> tuple[TrustStore, list[Fault], list[Text]]:
    """Return the store made of `ca/*.pem` and `ca/*.crl`, every fault in them, and remarks.

    `keys` maps paths below keys/ to the files' bytes. A list that should have been renewed by now is a remark.
    """
    faults: list[Fault] = []
    remarks: list[Text] = []
    authorities: list[x509.Certificate] = []
    revoked: set[tuple[x509.Name, int]] = set()
    for path in _files(keys, ".pem"):
        try:
            authorities += _parse_authorities(keys[path])
        except BadInput as refused:
            faults.append(Fault(f"keys/{path}", None, "", refused.text, _MEND_CERTIFICATE))
    for path in _files(keys, ".crl"):
        try:
            revocations = _parse_list(keys[path])
            _check_list(revocations, authorities)
        except BadInput as refused:
            faults.append(Fault(f"keys/{path}", None, "", refused.text, _MEND_LIST))
            continue
        revoked.update((revocations.issuer, entry.serial_number) for entry in revocations)
        remarks += _staleness(path, revocations, now)
    return TrustStore(tuple(authorities), frozenset(revoked)), faults, remarks


def _files(keys: Mapping[str, bytes], suffix: str) -> list[str]:
    return sorted(path for path in keys if PurePosixPath(path).parent == _FOLDER and path.endswith(suffix))


def _parse_authorities(content: bytes) -> list[x509.Certificate]:
    if b"PRIVATE KEY-----" in content:
        raise BadInput(Text(en="the file holds a private key", zh="文件含有私钥"))
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except (ValueError, x509.InvalidVersion):
        raise BadInput(Text(en="the file is no certificate in PEM", zh="文件不是 PEM 格式的证书")) from None
    for certificate in certificates:
        check_authority(certificate)
    return certificates


def _parse_list(content: bytes) -> x509.CertificateRevocationList:
    if content.count(b"-----BEGIN") > 1:
        raise BadInput(
            Text(en="the file holds several parts; keep one list a file", zh="文件含有多个部分；每个文件只放一个列表")
        )
    load = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
    try:
        revocations = load(content)
        is_whole = _is_whole(revocations)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise BadInput(Text(en="the file is no revocation list", zh="文件不是证书吊销列表")) from None
    if not is_whole:
        raise BadInput(
            Text(
                en="it lists only changes, or certificates of other issuers", zh="它只列出变更，或列出其他签发者的证书"
            )
        )
    return revocations


def _is_whole(revocations: x509.CertificateRevocationList) -> bool:
    """Return whether the list can be read by itself: no delta of another list, no entries of other issuers."""
    return not any(
        extension.value.indirect_crl
        if isinstance(extension.value, x509.IssuingDistributionPoint)
        else extension.critical
        for extension in revocations.extensions
    )


def _check_list(revocations: x509.CertificateRevocationList, authorities: list[x509.Certificate]) -> None:
    name = revocations.issuer.rfc4514_string()
    issuers = [authority for authority in authorities if authority.subject == revocations.issuer]
    if not issuers:
        raise BadInput(
            Text(
                en=f"no certificate in keys/ca/ is its issuer's, `{name}`",
                zh=f"keys/ca/ 中没有其签发者 `{name}` 的证书",
            )
        )
    if not any(_is_signed_by(revocations, issuer) for issuer in issuers):
        raise BadInput(Text(en=f"the signature isn't that of `{name}`", zh=f"签名不是 `{name}` 所作"))


def _is_signed_by(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return revocations.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # another key: TypeError
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _staleness(path: str, revocations: x509.CertificateRevocationList, now: datetime) -> list[Text]:
    renewal = revocations.next_update_utc
    if renewal is None or renewal >= now:
        return []
    day = renewal.date().isoformat()
    return [
        Text(
            en=f"keys/{path}: the list was to be renewed on {day}; later revocations aren't known",
            zh=f"keys/{path}：吊销列表应于 {day} 更新，此后的吊销情况未知",
        )
    ]
