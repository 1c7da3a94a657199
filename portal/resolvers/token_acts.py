"""What the audit keeps of tokens: each that was issued or revoked, and each refusal of who had said who he is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.audit.ledger import RevokedToken
from portal.audit.records import Act, ActRecord, Outcome
from portal.conditions.values import render_instant
from portal.errors import ErrorCode
from portal.identity.authorization import NONCE_ERROR
from portal.identity.registry import Application
from portal.identity.token_requests import Endpoint, NamedToken, TokenReply
from portal.json_text import JsonValue

_ACTS: Mapping[Endpoint, Act] = {Endpoint.TOKEN: Act.TOKEN_ISSUED, Endpoint.REVOCATION: Act.TOKEN_REVOKED}
"""Who asks whether a token counts does nothing to it."""
_CODES: Mapping[str, ErrorCode] = {"invalid_request": ErrorCode.BAD_INPUT}


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and whence it was asked, under which request id."""

    time: datetime
    client_address: str | None
    request_id: str


def act_of(endpoint: Endpoint, reply: TokenReply, occasion: Occasion) -> ActRecord | None:
    """Return the record that an answer needs before it leaves; None where nothing was done.

    Who didn't prove who he is has no record, but is counted: else anybody could fill the log.
    """
    act, client = _ACTS.get(endpoint), reply.client
    # That a nonce is asked for is how a proof is made, no refusal.
    if act is None or client is None or reply.error == NONCE_ERROR:
        return None
    token = reply.issued or reply.revoked
    if reply.error is not None:
        return _record(act, client, occasion, refused=reply.error)
    return None if token is None else _record(act, client, occasion, token=token)


def revoked_by(reply: TokenReply) -> RevokedToken | None:
    """Return the token that is to count no more before the answer leaves."""
    return None if reply.revoked is None else RevokedToken(reply.revoked.id, reply.revoked.expires_at)


def _record(
    act: Act, client: Application, occasion: Occasion, *, token: NamedToken | None = None, refused: str = ""
) -> ActRecord:
    details: dict[str, JsonValue] = {"error": refused}
    if token is not None:
        binding = None if token.binding is None else token.binding.value
        details = {"binding": binding, "expires_at": render_instant(token.expires_at)}
    return ActRecord(
        time=occasion.time,
        subject=f"application:{client.id}",
        department=client.department,
        application=client.id,
        user=None,
        act=act,
        target=client.id if token is None else token.id,
        decision=Outcome.DENY if refused else Outcome.PERMIT,
        code=_CODES.get(refused, ErrorCode.UNAUTHENTICATED) if refused else None,
        details=details,
        client_address=occasion.client_address,
        request_id=occasion.request_id,
    )
