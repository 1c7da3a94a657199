"""Runs `clairvoyance` with its own arguments, three guesses a request.

It takes each guess for right that it isn't told is wrong, and the portal names ten faults at most. A right guess
may have three (two arguments are missing, and what is read of the field), so that the ten may be used up before a guess
that is wrong; what the tool then believes leads it in circles without end. The order of its guesses is another in each
run: with eight at once, four orders of sixty went wrong.
"""

from importlib import import_module
from typing import Any

_GUESSES = 3


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
