"""Where anybody has the public keys that verify checkpoints: pages verify proofs with them (docs/audit.md)."""

from starlette.requests import Request
from starlette.responses import Response

from portal.access.pipeline import Road

AUDIT_KEYS_PATH = "/audit-keys"
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


async def answer_audit_keys(_request: Request, road: Road) -> Response:
    """Return the keys that `portal audit key` prints: oldest first, as PEMs one behind the other."""
    return Response(road.keys.audit_public_pem(), 200, _HEADERS, "application/x-pem-file")
