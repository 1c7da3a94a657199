"""Sentences in the two languages of the verifier, and which of them is spoken."""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """One message in English and in Chinese."""

    en: str
    zh: str

    def render(self, *, is_chinese: bool) -> str:
        """Return the message, control and format characters as escapes: what a log says must not drive a terminal."""
        return "".join(map(_harmless, self.zh if is_chinese else self.en))


def speaks_chinese(environment: Mapping[str, str]) -> bool:
    """Tell whether Chinese is asked for by the first that is set of `LC_ALL`, `LC_MESSAGES` and `LANG`."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return locale.lower().startswith("zh")


def _harmless(character: str) -> str:
    is_shown = character == "\n" or character.isprintable() or unicodedata.category(character) == "Zs"
    return character if is_shown else f"\\u{ord(character):04x}"
