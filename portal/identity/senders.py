"""Whether who sends a token is who it was issued to: by a proof of its key, or by its connection's certificate.

Pure: what is known of the request and the time are arguments (RFC 9449 §7, RFC 8705 §3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import NoReturn

from portal.errors import Text, Unauthenticated
from portal.identity.claims import Binding, Confirmation, TokenClaims
from portal.identity.nonces import NonceSeal
from portal.identity.proofs import Proof, ProvenRequest, verify_proof
from portal.identity.tokens import PresentedToken, Scheme


@dataclass(frozen=True, slots=True)
class Sender:
    """What a request shows of who sends it.

    `url` is the address as clients write it, without query; `proofs` are its `DPoP` headers; `certificate` is the
    SHA-256 of the certificate of its connection, base64url, as a proxy that is trusted says; `seal` is of the nonces of
    which a proof has to hold one.
    """

    method: str
    url: str
    proofs: Sequence[str] = ()
    certificate: str | None = None
    seal: NonceSeal | None = None


def check_sender(
    presented: PresentedToken, claims: TokenClaims, sender: Sender, now: datetime, *, takes_bearer: bool
) -> Proof | None:
    """Return the proof that the token is its sender's; None where it is bound to no key.

    Who calls it takes each proof only once. `takes_bearer`: tokens bound to nothing are taken.
    Raises: Unauthenticated; NonceNeeded where the proof lacks but the nonce.
    """
    confirmation = claims.confirmation
    if confirmation is not None and confirmation.binding is Binding.KEY:
        return _check_key(presented, confirmation, sender, now)
    if presented.scheme is Scheme.DPOP:
        _refuse("is bound to no key; send it as `Bearer TOKEN`", "未与密钥绑定；请以 `Bearer 令牌` 发送")
    if confirmation is not None:
        _check_certificate(confirmation, sender)
    elif not takes_bearer:
        _refuse(
            "is bound to no key and no certificate, and such tokens aren't taken here; get one with a DPoP proof, or"
            " over a connection with a certificate",
            "未与密钥或证书绑定，本门户不接受此类令牌；请以 DPoP 证明或经证书认证的连接获取令牌",
        )
    return None


def _check_key(presented: PresentedToken, confirmation: Confirmation, sender: Sender, now: datetime) -> Proof:
    if presented.scheme is not Scheme.DPOP:
        _refuse(
            "is bound to a key; send it as `DPoP TOKEN`, with a proof in the header `DPoP`",
            "已与密钥绑定；请以 `DPoP 令牌` 发送，并在 `DPoP` 头中附上证明",
        )
    if len(sender.proofs) != 1:
        _refuse(
            f"needs one `DPoP` header with a proof, and {len(sender.proofs)} came",
            f"需要恰好一个含证明的 `DPoP` 头，实际收到 {len(sender.proofs)} 个",
        )
    request = ProvenRequest(sender.method, sender.url, presented.token, sender.seal)
    proof = verify_proof(sender.proofs[0], request, now)
    if not compare_digest(proof.thumbprint, confirmation.thumbprint):
        _refuse("is bound to another key than the proof's", "所绑定的密钥与证明的密钥不同")
    return proof


def _check_certificate(confirmation: Confirmation, sender: Sender) -> None:
    if sender.certificate is None:
        _refuse(
            "is bound to a certificate, and the connection shows none; use the certificate with which you got it",
            "已与证书绑定，而连接未出示证书；请使用获取令牌时的证书",
        )
    if not compare_digest(sender.certificate, confirmation.thumbprint):
        _refuse("is bound to another certificate than the connection's", "所绑定的证书与连接的证书不同")


def _refuse(en: str, zh: str) -> NoReturn:
    raise Unauthenticated(Text(en=f"the token {en}", zh=f"令牌{zh}"))
