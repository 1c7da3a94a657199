"""Segments of the compact form of JOSE (RFC 7515 §7.1), taken only in the one form in which they are issued."""

import base64
import binascii

from portal.errors import BadInput, Text
from portal.json_text import JsonValue, parse_json


def decode_segment(segment: str) -> bytes:
    """Return the octets of a base64url segment.

    Raises: BadInput for padding, white space, the ordinary alphabet, or bits that no encoder sets: else one signature
    could be written in several ways.
    """
    try:
        octets = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        octets = b""
    if encode_segment(octets) != segment:
        raise BadInput(Text(en="a segment is no base64url without padding", zh="分段不是无填充的 base64url"))
    return octets


def encode_segment(octets: bytes) -> str:
    """Return the octets in base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def parse_segment(segment: str) -> dict[str, JsonValue]:
    """Return the JSON object that a segment holds.

    Raises: BadInput: no base64url, no UTF-8, a byte order mark, no strict JSON, no object.
    """
    try:
        text = decode_segment(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(Text(en="a segment isn't UTF-8", zh="分段不是 UTF-8 编码")) from None
    members = parse_json(text)
    if not isinstance(members, dict):
        raise BadInput(Text(en="a segment is no JSON object", zh="分段不是 JSON 对象"))
    return members
