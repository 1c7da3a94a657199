"""What a command speaks to: a terminal or a pipe, in one language."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO, TextIO

from portal.errors import Fault, Language, Text
from portal.settings import Settings, load_settings


class ExitCode(IntEnum):
    """How a command ended (bundle.md)."""

    DONE = 0
    NO = 1
    """The work ran and the answer is no."""
    BAD_INPUT = 2


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command writes: what it was asked for to `out`, everything else to `err`."""

    language: Language
    out: TextIO
    err: TextIO

    def say(self, text: Text) -> None:
        """Write a message that the command was asked for."""
        self.write(text.render(self.language))

    def complain(self, text: Text) -> None:
        """Write what went wrong."""
        self.err.write(without_controls(text.render(self.language)) + "\n")

    def complain_of(self, fault: Fault) -> None:
        """Write a fault of a file."""
        self.err.write(fault.render(self.language) + "\n")

    def write(self, line: str) -> None:
        """Write a line, or several."""
        self.out.write(without_controls(line) + "\n")

    def write_json(self, payload: bytes) -> None:
        """Write JSON: as it is into a pipe, indented on a terminal."""
        text = payload.decode()
        if self.out.isatty():
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        self.write(text)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command."""

    terminal: Terminal
    environment: Mapping[str, str]
    stdin: BinaryIO

    @property
    def language(self) -> Language:
        """The language of messages."""
        return self.terminal.language

    def settings(self) -> Settings:
        """Return the settings. Raises: ConfigurationError."""
        return load_settings(self.environment)


def without_controls(text: str) -> str:
    """Return the text with control and format characters as escapes: names in a catalog must not drive a terminal."""
    return "".join(character if _is_harmless(character) else f"\\u{ord(character):04x}" for character in text)


def _is_harmless(character: str) -> bool:
    return character in "\n\t" or (character.isprintable() or unicodedata.category(character) == "Zs")
