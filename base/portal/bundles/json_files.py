"""The JSON files of a bundle."""

from portal.errors import Fault
from portal.json_text import JsonValue, NotJson, parse_json


def parse_json_file(content: bytes, file: str) -> tuple[JsonValue, list[Fault]]:
    """Return what a file writes; null, and the fault, where it is no strict JSON."""
    try:
        return parse_json(content), []
    except NotJson as refused:
        return None, [Fault(file, refused.line, refused.path, refused.what, refused.mend)]
