"""What an application asks of its own tokens: whether one counts (RFC 7662), and that it count no more (RFC 7009).

Of another's token, one that ended and one that never was, both answer alike: nobody learns by them what is out there.
"""

from collections.abc import Mapping
from typing import cast

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from portal.errors import Text, Unauthenticated
from portal.identity.claims import Binding, SubjectKind, TokenClaims, client_of
from portal.identity.registry import Application
from portal.identity.token_requests import AuthMethod, Endpoint, NamedToken, ReceivedRequest, plain
from portal.identity.tokens import Scheme, verify_token

_NO_TOKEN = Text(en="send the token as `token`, once", zh="请以 `token` 发送令牌一次")


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # the library has no types
    """Whether a token of the application that asks would be taken now, and what it says."""

    ENDPOINT_NAME = Endpoint.INTROSPECTION
    CLIENT_AUTH_METHODS = tuple(AuthMethod)

    def create_endpoint_response(self, request: ReceivedRequest) -> tuple[int, Mapping[str, object], object]:
        """Return what the token says, or that it counts for nothing."""
        self.authenticate_endpoint_client(request)
        claims = own_token(request)
        return 200, {"active": False} if claims is None else _described(claims, request), ()


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """That a token of the application that asks count no more."""

    ENDPOINT_NAME = Endpoint.REVOCATION
    CLIENT_AUTH_METHODS = tuple(AuthMethod)

    def create_endpoint_response(self, request: ReceivedRequest) -> tuple[int, Mapping[str, object], object]:
        """Return that it counts no more, which who calls makes so; of one that counts for nothing anyway, the same."""
        self.authenticate_endpoint_client(request)
        claims = own_token(request)
        if claims is not None:
            binding = None if claims.confirmation is None else claims.confirmation.binding
            request.revoked = NamedToken(claims.token_id, claims.expires_at, binding)
        return 200, {}, ()


def own_token(request: ReceivedRequest) -> TokenClaims | None:
    """Return what the token in the form says, None where it isn't a good one of the application that asks.

    `token_type_hint` plays no part: there is one type (RFC 7009 §2.1). Raises: InvalidRequestError without a token.
    """
    token = request.form.get("token")
    if not token:
        request.refused = _NO_TOKEN
        raise InvalidRequestError(description=plain(_NO_TOKEN.en))
    application, terms = cast("Application", request.application), request.terms
    try:
        claims = verify_token(token, terms.authority, request.around.now)
    except Unauthenticated:
        return None
    # INVARIANT: of a token that isn't its own an application learns nothing, and can do nothing to it.
    is_own = claims.kind is SubjectKind.APPLICATION and claims.id == application.id
    is_taken = claims.confirmation is not None or terms.takes_bearer
    return claims if is_own and is_taken and claims.token_id not in terms.revoked else None


def _described(claims: TokenClaims, request: ReceivedRequest) -> Mapping[str, object]:
    """Return the claims as RFC 7662 §2.2, RFC 8705 §3.2 and RFC 9449 §6.2 have them."""
    authority, confirmation = request.terms.authority, claims.confirmation
    is_proven = confirmation is not None and confirmation.binding is Binding.KEY
    members: dict[str, object] = {
        "active": True,
        "client_id": client_of(claims.kind, claims.id),
        "token_type": (Scheme.DPOP if is_proven else Scheme.BEARER).value,
        "exp": int(claims.expires_at.timestamp()),
        "sub": f"{claims.kind}:{claims.id}",
        "aud": authority.audience,
        "iss": authority.issuer,
        "jti": claims.token_id,
    }
    if confirmation is not None:
        members["cnf"] = {confirmation.binding.value: confirmation.thumbprint}
    return members
