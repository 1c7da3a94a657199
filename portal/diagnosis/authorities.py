"""The certificates of the authorities that agreements rest on: how long they are good."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from cryptography import x509

from portal.certificates.certificates import describe, parse_pem_certificates
from portal.certificates.trust import ListTerm, load_trust_store
from portal.diagnosis.content import stored_content
from portal.diagnosis.findings import Area, Finding, good, warning
from portal.diagnosis.installation import Installation
from portal.errors import BadInput, Text
from portal.storage.tables import key_files

WARN_BEFORE = timedelta(days=30)
WARN_BEFORE_RENEWAL = timedelta(days=1)
_RENEW = Text(
    en="fetch the authority's new certificate, put it into the bundle's `keys/ca/` beside the old one, and load",
    zh="请取得认证机构的新证书，放入数据包的 `keys/ca/`（与旧证书并存），然后装载",
)
_ASK = Text(
    en="ask the authority for a list with `nextUpdate` (RFC 5280 §5.1.2.5), and load the bundle",
    zh="请向认证机构索取含 `nextUpdate` 的吊销列表（RFC 5280 §5.1.2.5），并装载数据包",
)
_FETCH = Text(en="fetch the list anew, and load the bundle", zh="请重新获取吊销列表，并装载数据包")


def check_authorities(installation: Installation) -> Iterator[Finding]:
    """Yield which authorities' certificates end soon, and which revocation lists are old."""
    content = stored_content(installation)
    if content is None:
        return
    files = {path: row.octets("content") for path, row in content.active(key_files).items()}
    store, _, remarks = load_trust_store(files, installation.now)
    for remark in remarks:
        yield warning(Area.AUTHORITIES, "revocation_list", remark, _FETCH)
    for term in store.lists:
        yield from _check_list(term, store.lists, installation.now)
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


def _check_list(term: ListTerm, terms: Sequence[ListTerm], now: datetime) -> Iterator[Finding]:
    """Yield what is to be said before a list has ended, unless a later one of its issuer lies beside it."""
    if term.until is None:
        yield warning(
            Area.AUTHORITIES,
            "revocation_list",
            Text(
                en=f"keys/{term.path}: the list doesn't say when it is renewed, so applications certified by its "
                "issuer get no token",
                zh=f"keys/{term.path}：吊销列表未注明下次更新时间，由其签发者认证的应用无法获取令牌",
            ),
            _ASK,
        )
        return
    is_last = not any(other.issuer == term.issuer and other.until and other.until > term.until for other in terms)
    if is_last and now <= term.until <= now + WARN_BEFORE_RENEWAL:
        yield warning(
            Area.AUTHORITIES,
            "revocation_list",
            Text(
                en=f"keys/{term.path}: the list is to be renewed by {term.until:%Y-%m-%d %H:%M} UTC; applications "
                "certified by its issuer get no token after that",
                zh=f"keys/{term.path}：吊销列表应于 {term.until:%Y-%m-%d %H:%M} UTC 前更新，"
                "逾期由其签发者认证的应用无法获取令牌",
            ),
            _FETCH,
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
