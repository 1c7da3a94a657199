"""Values of an agreement file in the messages about it."""

from portal.json_text import JsonValue, render_json

_SHOWN = 60


def shown(raw: JsonValue) -> str:
    """Return a value as a message shows it: text as it is, else its JSON, and no more than 60 characters of either."""
    text = raw if isinstance(raw, str) else render_json(raw)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
