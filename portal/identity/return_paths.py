"""Where a browser goes after signing in: a path of this portal in one plain form, nothing else (T83)."""

import re

from portal.identity.sign_in_faults import SignInReason, SignInRefused

DEFAULT_PATH = "/session"
MAX_CHARACTERS = 512
_PATH = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?)?", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9._=&-]*", re.ASCII)
_OWN = ("/sign-in", "/sign-out")
"""Who came back there would sign in again and again."""


def parse_return_path(text: str | None) -> str:
    """Return the path as it may stand in a page: segments of letters, digits, `-`, `_` and `.`, and a plain query.

    Nothing in that form can be read as another site, whatever reads it: no empty segment, no backslash, colon, `@`,
    `%`, control character, or segment that begins with a dot.
    Raises: SignInRefused.
    """
    if text is None:
        return DEFAULT_PATH
    path, _, query = text.partition("?")
    is_plain = len(text) <= MAX_CHARACTERS and _PATH.fullmatch(path) and _QUERY.fullmatch(query)
    if not is_plain or any(path == own or path.startswith(f"{own}/") for own in _OWN):
        raise SignInRefused(SignInReason.RETURN_PATH)
    return text
