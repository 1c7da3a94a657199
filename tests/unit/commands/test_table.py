"""Every command of the table leads to a function that takes its options."""

from dataclasses import is_dataclass
from importlib import import_module
from typing import get_type_hints

import pytest

from portal.commands.table import COMMANDS, GROUPS, CommandLine
from portal.commands.terminal import Session


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: str(line.words))
def test_command_leads_to_what_takes_its_options(line: CommandLine) -> None:
    module, _, function = line.run.partition(":")
    hints = get_type_hints(getattr(import_module(f"portal.commands.{module}"), function))
    result = hints.pop("return")
    assert [*hints.values()] == [Session, line.options]
    assert issubclass(result, int)
    assert is_dataclass(line.options)


def test_words_are_of_a_group_that_has_help_and_each_once() -> None:
    words = [line.words for line in COMMANDS]
    assert len(set(words)) == len(words)
    assert {group for group, _, _ in (line.rpartition(" ") for line in words) if group} == set(GROUPS)
