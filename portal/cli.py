"""The command line (bundle.md): which commands there are, and how each ends.

A command imports what it needs when it runs: `portal token` is there at once and not after GraphQL.
"""

import sys
from collections.abc import Sequence
from dataclasses import MISSING, fields
from importlib import import_module
from inspect import Parameter, Signature
from io import TextIOWrapper
from typing import Any, cast, get_type_hints

import typer
from typer.core import TyperGroup
from typer.main import get_command

from portal.commands.failures import report_bug
from portal.commands.help import Command, Group, describe_usage_error, translate_help
from portal.commands.table import COMMANDS, GROUPS, HELP, CommandLine
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import BadInput, ConfigurationError, PortalError, TooComplex, Unauthenticated
from portal.settings import language_of, process_environment

_BAD_INPUT = (BadInput, ConfigurationError, TooComplex, Unauthenticated)


def make_command() -> TyperGroup:
    """Return the command line as typer makes it; help texts are English."""
    app = _group(HELP)
    groups = {"": app, **{name: _group(help_text) for name, help_text in GROUPS.items()}}
    for line in COMMANDS:
        group, _, name = line.words.rpartition(" ")
        _add(groups[group], name, line)
    for name in GROUPS:
        app.add_typer(groups[name], name=name)
    return cast("TyperGroup", get_command(app))


def _run(line: CommandLine, session: Session, options: object) -> int:
    module, _, function = line.run.partition(":")
    return int(getattr(import_module(f"portal.commands.{module}"), function)(session, options))


def _group(help_text: str) -> typer.Typer:
    return typer.Typer(
        cls=Group,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _add(app: typer.Typer, name: str, line: CommandLine) -> None:
    """Register the command: typer reads options off a function's parameters, here the fields of its options."""

    def callback(context: typer.Context, **values: Any) -> int:  # noqa: ANN401 - the fields of its options
        return _run(line, context.obj, line.options(**values))

    hints = get_type_hints(line.options, include_extras=True)
    parameters = [Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    for one in fields(line.options):  # every class of options is a dataclass
        default = one.default if one.default_factory is MISSING else one.default_factory()
        parameters.append(
            Parameter(
                one.name,
                Parameter.KEYWORD_ONLY,
                default=Parameter.empty if default is MISSING else default,
                annotation=hints[one.name],
            )
        )
    callback.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app.command(name, cls=Command, help=line.help)(callback)


def run(arguments: Sequence[str], session: Session) -> int:
    """Run one command and return the exit code; whatever goes wrong is said in a sentence."""
    command = make_command()
    translate_help(command, session.language)
    try:
        return int(command.main(list(arguments), prog_name="portal", standalone_mode=False, obj=session) or 0)
    except typer.TyperException as error:
        session.terminal.complain(describe_usage_error(error))
        return ExitCode.BAD_INPUT
    except PortalError as failure:
        session.terminal.complain(failure.text)
        return ExitCode.BAD_INPUT if isinstance(failure, _BAD_INPUT) else ExitCode.NO
    except BrokenPipeError:
        return ExitCode.NO
    except Exception as bug:  # noqa: BLE001 - a person gets a number to report and never a stack trace
        from portal.storage.disk import DISK_FULL, is_disk_full
        from portal.storage.privileges import privilege_refused

        if (refused := privilege_refused(bug)) is not None:
            session.terminal.complain(refused)
            return ExitCode.BAD_INPUT
        session.terminal.complain(DISK_FULL if is_disk_full(bug) else report_bug(bug, session))
        return ExitCode.NO


def main() -> None:
    """Run the command that the process was started with."""
    for stream in (sys.stdout, sys.stderr):
        # Names are Chinese, whatever encoding the locale asks for.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    environ = process_environment()
    terminal = Terminal(language_of(environ), sys.stdout, sys.stderr)
    sys.exit(run(sys.argv[1:], Session(terminal, environ, sys.stdin.buffer)))
