"""The certificates of the authorities that agreements rest on: how long they are good."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from cryptography import x509

from portal.certificates.certificates import describe, parse_pem_certificates
from portal.certificates.trust import load_trust_store
from portal.diagnosis.content import stored_content
from portal.diagnosis.findings import Area, Finding, good, warning
from portal.diagnosis.installation import Installation
from portal.errors import BadInput, Text
from portal.storage.tables import key_files

WARN_BEFORE = timedelta(days=30)
_RENEW = Text(
    en="fetch the authority's new certificate, put it into the bundle's `keys/ca/` beside the old one, and load",
    zh="请取得认证机构的新证书，放入数据包的 `keys/ca/`（与旧证书并存），然后装载",
)
_FETCH = Text(en="fetch the list anew, and load the bundle", zh="请重新获取吊销列表，并装载数据包")


def check_authorities(installation: Installation) -> Iterator[Finding]:
    """Yield which authorities' certificates end soon, and which revocation lists are old."""
    content = stored_content(installation)
    if content is None:
        return
    files = {path: row.octets("content") for path, row in content.active(key_files).items()}
    _, _, remarks = load_trust_store(files, installation.now)
    for remark in remarks:
        yield warning(Area.AUTHORITIES, "revocation_list", remark, _FETCH)
    certificates = list(_certificates(files))
    ending = [one for one in certificates if one.not_valid_after_utc - installation.now <= WARN_BEFORE]
    for certificate in ending:
        yield _ending(certificate, installation.now)
    if certificates and not ending:
        first = min(one.not_valid_after_utc for one in certificates)
        yield good(
            Area.AUTHORITIES,
            "certificates",
            Text(
                en=f"{len(certificates)} certificates, the first ends on {first:%Y-%m-%d}",
                zh=f"{len(certificates)} 个证书，最早于 {first:%Y-%m-%d} 到期",
            ),
        )


def _certificates(files: dict[str, bytes]) -> Iterator[x509.Certificate]:
    for path, octets in sorted(files.items()):
        if PurePosixPath(path).parent == PurePosixPath("ca") and path.endswith(".pem"):
            try:
                yield from parse_pem_certificates(octets)
            except BadInput:
                # The load refused such a file; the content's own check tells what has become of it since.
                continue


def _ending(certificate: x509.Certificate, now: datetime) -> Finding:
    end = certificate.not_valid_after_utc
    is_over = end <= now
    name = describe(certificate)
    return warning(
        Area.AUTHORITIES,
        "certificates",
        Text(
            en=f"the certificate of {name} {'ended' if is_over else 'ends'} on {end:%Y-%m-%d}: agreements signed later "
            "can't be loaded",
            zh=f"{name} 的证书{'已' if is_over else '将'}于 {end:%Y-%m-%d} 到期：此后签署的协议无法装载",
        ),
        _RENEW,
    )
