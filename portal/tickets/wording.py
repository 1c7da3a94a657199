"""What people write in tickets, held to its bounds: untrusted text becomes text that can be kept and shown."""

import unicodedata

from portal.conditions.values import check_text
from portal.errors import BadInput, Text

MOST_WORDS = 2000
MOST_CONTACT = 200
MOST_TITLE = 100
MOST_USE = 200
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows: text would read as what it isn't."""
_CONTROLS = frozenset({"Cc", "Zl", "Zp"})


def parse_words(name: str, text: str, most: int, *, lines: bool = False) -> str:
    """Return what was written, without white space around it. `lines`: it may have several.

    Raises: BadInput where it is empty, too long, or holds characters that nobody sees.
    """
    written = check_text(text).replace("\r\n", "\n").strip()
    if not written:
        raise BadInput(Text(en=f"`{name}` is empty; write it", zh=f"`{name}` 为空；请填写"))
    if len(written) > most:
        raise BadInput(
            Text(
                en=f"`{name}` has {len(written)} characters; write at most {most}",
                zh=f"`{name}` 有 {len(written)} 个字符；请不超过 {most} 个",
            )
        )
    if any(_is_unseen(character, lines=lines) for character in written):
        raise BadInput(
            Text(
                en=f"`{name}` holds control characters, or such as turn the direction of text; write it anew, as plain "
                "text",
                zh=f"`{name}` 含有控制字符或改变文字方向的字符；请以纯文本重新填写",
            )
        )
    return written


def parse_optional(name: str, text: str | None, most: int) -> str | None:
    """Return what was written, None where nothing was. Raises: BadInput."""
    return None if text is None or not text.strip() else parse_words(name, text, most)


def _is_unseen(character: str, *, lines: bool) -> bool:
    if lines and character in "\n\t":
        return False
    return character in _TURNING or unicodedata.category(character) in _CONTROLS
