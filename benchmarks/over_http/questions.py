"""What the contenders are asked, as the octets of HTTP requests, and where in their answers the rows are."""

from collections.abc import Mapping

import orjson

from benchmarks.over_http.rows import COLUMNS

SHARED = ("data", "shared", "people", "nodes")
"""Where the nodes are in the portal's answer, and so in those of all others but PostGraphile."""
LISTED = ("data", "allPeople", "nodes")
_HOST = b"Host: 127.0.0.1\r\n"


def shared_document(rows: int) -> str:
    """Return the document that the portal and the Strawberry contenders are asked."""
    return f"{{ shared {{ people(purpose: VERIFICATION, first: {rows}) {{ nodes {{ {' '.join(COLUMNS)} }} }} }} }}"


def listed_document(rows: int) -> str:
    """Return the document that PostGraphile is asked."""
    return f"{{ allPeople(first: {rows}) {{ nodes {{ {' '.join(COLUMNS)} }} }} }}"


def graphql_request(document: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a POST of the document to `/graphql`."""
    body = orjson.dumps({"query": document})
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()).encode()
    head = b"POST /graphql HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n" + more
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def get_request(path: str) -> bytes:
    """Return a GET of the path."""
    return f"GET {path} HTTP/1.1\r\n".encode() + _HOST + b"\r\n"


def nodes_of(body: bytes, place: tuple[str, ...]) -> object:
    """Return what the answer holds there. Raises: ValueError with the beginning of one that holds nothing there."""
    try:
        found: object = orjson.loads(body)
        for name in place:
            found = found[name]  # type: ignore[index]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"no rows at {'.'.join(place)} in {body[:500]!r}") from None
    return found
