"""The keyed digest of the content, made so that a change costs what it touches.

Each row has a tag, a keyed hash of it. What is signed is the sum of all tags, with whose content it is and its epoch: a
multiset hash (Clarke and others, "Incremental Multiset Hash Functions", 2003). A row that comes or goes adds or takes
its tag, and no other row is read for that.

INVARIANT: neither a tag nor a sum leaves the process: who knew them could look for other rows with the same sum.
"""

import hmac
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache

import orjson

_SCHEME = "sum1:"
_BITS = 256
_ALGORITHM = "sha256"
# Names of columns are texts of a kind of their own.
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def row_tag(secret: bytes, row: Sequence[object]) -> int:
    """Return the tag of a row, given as JSON's kinds and bytes. Raises: TypeError where it holds anything else."""
    text = orjson.dumps(row, default=_marked, option=_OPTIONS)
    return int.from_bytes(hmac.digest(_row_key(secret), text, _ALGORITHM))


def change_total(total: int, added: Iterable[int], taken: Iterable[int]) -> int:
    """Return the sum of tags after some were added and some taken."""
    return (total + sum(added) - sum(taken)) % (1 << _BITS)


def sign_total(secret: bytes, head: Sequence[object], total: int) -> str:
    """Return the digest of a content: whose it is and which, and the sum of its rows' tags."""
    text = orjson.dumps([*head, f"{total:x}"], option=_OPTIONS)
    return _SCHEME + hmac.digest(secret, b"content:" + text, _ALGORITHM).hex()


def is_by_lines(digest: str) -> bool:
    """Return whether a digest is of the kind that was signed before there were sums."""
    return not digest.startswith(_SCHEME)


def sign_lines(secret: bytes, lines: Iterable[Sequence[object]]) -> str:
    """Return the digest of all lines in their order, as content was signed that nothing has changed since."""
    mac = hmac.new(secret, digestmod=_ALGORITHM)
    for line in lines:
        mac.update(json.dumps(line, ensure_ascii=True, separators=(",", ":"), sort_keys=True, default=_marked).encode())
        mac.update(b"\n")
    return mac.hexdigest()


@lru_cache(maxsize=8)
def _row_key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"content row", _ALGORITHM)


def _marked(cell: object) -> list[str]:
    """Return bytes as JSON; no cell is a list, so they are told from every text."""
    if not isinstance(cell, bytes):
        raise TypeError(f"no cell is a {type(cell).__name__}")
    return ["bytes", cell.hex()]
