"""Runs `clairvoyance` with its own arguments, eight guesses a request.

It takes each guess for right that it isn't told is wrong, and the portal names ten faults at most: with the 64 that it
asks at once by itself it would believe most of what it guesses.
"""

from importlib import import_module
from typing import Any

_GUESSES = 8


def main() -> None:
    """Run the tool's command line."""
    cli: Any = import_module("clairvoyance.cli")
    config: Any = import_module("clairvoyance.config")

    class FewGuesses(config.Config):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._bucket_size = _GUESSES

    cli.Config = FewGuesses
    cli.cli()


if __name__ == "__main__":
    main()
