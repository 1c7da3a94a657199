"""A signer's certificates, from its own to an authority in keys/ca/ (bundle.md; T23)."""

from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.x509.oid import NameOID

from portal.certificates.certificates import check_authority, check_signer, describe, was_issued_by
from portal.certificates.trust import TrustStore
from portal.errors import BadInput, Text

MAX_CHAIN = 5
"""Certificates that a signature may carry."""

Chain = tuple[x509.Certificate, ...]
"""The signer's certificate, then each one's issuer."""


def check_chain(certificates: Chain, trust: TrustStore, signed_at: datetime) -> Chain:
    """Refuse certificates that don't say whose signature it is, made at that time; return them up to the authority.

    Each was issued by the next, the signer's is a party's and the others authorities', one of which (or the issuer of
    the last) is in the store; each was valid when it signed, and none is revoked.
    Raises: BadInput.
    """
    chain = _anchored(certificates, trust)
    check_signer(chain[0])
    for authorities_below, authority in enumerate(chain[1:]):
        check_authority(authority, authorities_below)
    for certificate, issuer in pairwise(chain):
        if not was_issued_by(certificate, issuer):
            raise BadInput(
                Text(
                    en=f"`{describe(issuer)}` hasn't issued the certificate `{describe(certificate)}` before it",
                    zh=f"`{describe(issuer)}` 并未签发其前的证书 `{describe(certificate)}`",
                )
            )
    for certificate in chain:
        _check_standing(certificate, trust, signed_at)
    return chain


def check_lists(chain: Chain, trust: TrustStore, now: datetime) -> None:
    """Refuse a chain if nobody knows whether it is revoked now: of a list over it, none is current (T23).

    For who proves who he is at this moment. A signature that was made before is held to the lists as they were read:
    `check_chain` alone. An authority that keeps no list in keys/ca/ revokes nothing.
    Raises: BadInput.
    """
    for certificate in chain:
        terms = trust.lists_over(certificate)
        if terms and not any(term.is_current(now) for term in terms):
            listed = "`, `".join(f"keys/{term.path}" for term in terms)
            raise BadInput(
                Text(
                    en=f"nobody knows whether the certificate `{describe(certificate)}` was revoked lately: `{listed}` "
                    "was to be renewed; the portal's operator loads the authority's new list",
                    zh=f"无法确认证书 `{describe(certificate)}` 近期是否被吊销：`{listed}` 已过更新时间；"
                    "请门户运行单位装载认证机构的新列表",
                )
            )


def department_of(certificate: x509.Certificate) -> str:
    """Return the department code in a signer's certificate: its organizationIdentifier (2.5.4.97), and that alone.

    Raises: BadInput where there is none, or more than one.
    """
    codes = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    if len(codes) != 1:
        raise BadInput(
            Text(
                en=f"the certificate `{describe(certificate)}` has {len(codes)} organizationIdentifiers instead of one",
                zh=f"证书 `{describe(certificate)}` 的 organizationIdentifier 有 {len(codes)} 个，应恰有一个",
            )
        )
    return str(codes[0].value)


def _anchored(certificates: Chain, trust: TrustStore) -> Chain:
    if any(authority in trust.authorities for authority in certificates[1:]):
        return certificates
    for authority in trust.authorities:
        if was_issued_by(certificates[-1], authority):
            return (*certificates, authority)
    raise BadInput(
        Text(
            en=f"the certificate `{describe(certificates[0])}` leads to no authority in keys/ca/",
            zh=f"证书 `{describe(certificates[0])}` 无法追溯到 keys/ca/ 中的认证机构",
        )
    )


def _check_standing(certificate: x509.Certificate, trust: TrustStore, signed_at: datetime) -> None:
    name = describe(certificate)
    if signed_at < certificate.not_valid_before_utc:
        raise BadInput(
            Text(en=f"the certificate `{name}` wasn't valid yet when it signed", zh=f"证书 `{name}` 在签名时尚未生效")
        )
    if signed_at > certificate.not_valid_after_utc:
        raise BadInput(
            Text(en=f"the certificate `{name}` had expired when it signed", zh=f"证书 `{name}` 在签名时已过期")
        )
    if trust.is_revoked(certificate):
        raise BadInput(Text(en=f"the certificate `{name}` is revoked", zh=f"证书 `{name}` 已被吊销"))
