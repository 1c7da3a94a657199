"""Pushed authorization requests (RFC 9126): what is asked of the identity provider goes to it directly.

The browser then carries a reference alone, so that nobody on its way can read or change what is asked. Pure: what was
fetched is an argument.
"""

import re

from portal.errors import BadInput
from portal.identity.fetching import Fetched
from portal.identity.provider import ProviderMetadata
from portal.identity.sign_in_faults import SignInReason, SignInRefused
from portal.json_text import decode_text, parse_json
from portal.setting_values import PushedRequests

_REFERENCE = re.compile(r"urn:ietf:params:oauth:request_uri:[!-~]{16,2048}")
"""The form of RFC 9126 §2.2: a reference at the provider, never an address that somebody fetches from."""
_JSON_TYPE = "application/json"


def pushed_endpoint(metadata: ProviderMetadata, wanted: PushedRequests) -> str | None:
    """Return where requests are pushed, None where the browser carries them.

    Raises: SignInRefused where they have to be pushed and the provider takes none.
    """
    if metadata.pushed_endpoint is None and wanted is PushedRequests.REQUIRED:
        raise _unusable("the provider takes no pushed requests, and `PORTAL_OIDC_PUSHED_REQUESTS` requires them")
    return metadata.pushed_endpoint


def parse_reference(fetched: Fetched) -> str:
    """Return the reference to a request that was pushed.

    INVARIANT: whatever else comes back ends the sign-in: a request that can't be pushed is never sent by the browser
    instead, or whoever disturbs the endpoint would choose that.
    Raises: SignInRefused.
    """
    if 400 <= fetched.status < 500:
        raise SignInRefused(SignInReason.REFUSED_BY_PROVIDER, "the endpoint of pushed requests refused the request")
    if fetched.status != 201 or fetched.media_type != _JSON_TYPE:
        raise _unusable("the endpoint of pushed requests answered otherwise than by 201 with JSON")
    try:
        members = parse_json(decode_text(fetched.body))
    except BadInput:
        members = None
    match members:
        case {"request_uri": str(reference), "expires_in": int(seconds)} if (
            not isinstance(seconds, bool) and seconds > 0 and _REFERENCE.fullmatch(reference)
        ):
            return reference
        case _:
            raise _unusable("the endpoint of pushed requests answered with no reference that lasts")


def _unusable(detail: str) -> SignInRefused:
    return SignInRefused(SignInReason.PROVIDER_UNAVAILABLE, detail)
