"""What witnesses say: each a file, a folder or a URL that holds checkpoints which the log must hold too."""

import json
import urllib.request
from collections.abc import Iterable
from pathlib import Path

_TIMEOUT_SECONDS = 10
_MAX_ANSWER_BYTES = 1 << 26

Claim = tuple[int, str]
"""Number and hex hash of a checkpoint."""

UNREADABLE_CLAIM: Claim = (0, "")
"""What can't be read is no checkpoint of any log."""


def read_claims(witnesses: Iterable[str]) -> list[Claim]:
    """Return what the witnesses hold: the newest checkpoint of a file or URL, the last of every day of a folder.

    A witness that isn't there yet claims nothing. Raises: OSError for one that can't be reached.
    """
    claims: list[Claim] = []
    for witness in witnesses:
        if witness.startswith(("https://", "http://")):
            claims += _read_url(witness)
        elif Path(witness).is_dir():
            claims += [claim for path in sorted(Path(witness).glob("*.jsonl")) for claim in _last_line(path)]
        elif Path(witness).exists():
            claims.append(_parse(Path(witness).read_bytes()))
    return claims


def _read_url(url: str) -> list[Claim]:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - https and http alone come here
        content = answer.read(_MAX_ANSWER_BYTES)
    return [] if content.strip() == b"null" else [_parse(content)]


def _last_line(path: Path) -> list[Claim]:
    # A line that was torn by a power cut was never acknowledged.
    claims = (_parse(line) for line in reversed(path.read_bytes().rpartition(b"\n")[0].splitlines()))
    return [next((claim for claim in claims if claim != UNREADABLE_CLAIM), UNREADABLE_CLAIM)]


def _parse(content: bytes) -> Claim:
    try:
        document = json.loads(content)
        return document["number"], document["hash"]
    except (ValueError, TypeError, KeyError):
        return UNREADABLE_CLAIM
