"""Texts of the catalog as they may stand in HTML and XML: nothing in them is markup, or a character that these lack."""

import re
from html import escape

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold (XML 1.0 §2.2), not even as a reference."""
_REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """Return the text with the replacement character for each character that XML can't hold."""
    return _NOT_XML.sub(_REPLACEMENT, text)


def marked_up(text: str) -> str:
    """Return the text as it stands in an element or a quoted attribute of HTML or XML."""
    return escape(clean(text))
