"""The command line (bundle.md): which commands there are, and how each ends.

A command imports what it needs when it runs: `portal token` is there at once and not after GraphQL.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from inspect import Parameter, Signature
from io import TextIOWrapper
from typing import Any, TypeVar, cast, get_type_hints

import typer
from typer.core import TyperGroup
from typer.main import get_command

from portal.commands.failures import report_bug
from portal.commands.help import Command, Group, describe_usage_error, translate_help
from portal.commands.options import (
    BackupOptions,
    DoctorOptions,
    EvidenceOptions,
    ExplainOptions,
    ExportOptions,
    InitOptions,
    LoadOptions,
    MoveOptions,
    NoOptions,
    QueryOptions,
    ReconcileOptions,
    RestoreOptions,
    RotateOptions,
    SchemaOptions,
    SearchOptions,
    ServeOptions,
    ShowOptions,
    StatisticsOptions,
    TailOptions,
    TokenOptions,
    VerifyOptions,
    WitnessOptions,
)
from portal.commands.terminal import ExitCode, Session, Terminal
from portal.errors import BadInput, ConfigurationError, PortalError, TooComplex, Unauthenticated
from portal.settings import language_of, process_environment

_Options = TypeVar("_Options")
_BAD_INPUT = (BadInput, ConfigurationError, TooComplex, Unauthenticated)


def _demo(session: Session, options: NoOptions) -> int:
    """Load the demonstration into an empty portal and serve it."""
    from portal.commands.serving import demonstrate

    return demonstrate(session, options)


def _load(session: Session, options: LoadOptions) -> int:
    """Check a bundle and make it the portal's content, all or nothing."""
    from portal.commands.loading import load

    return load(session, options)


def _export(session: Session, options: ExportOptions) -> int:
    """Write the portal's content back as a bundle."""
    from portal.commands.loading import export

    return export(session, options)


def _serve(session: Session, options: ServeOptions) -> int:
    """Serve the portal until SIGTERM or Ctrl-C."""
    from portal.commands.serving import serve_portal

    return serve_portal(session, options)


def _token(session: Session, options: TokenOptions) -> int:
    """Print a bearer token for a registered application or user."""
    from portal.commands.tokens import token

    return token(session, options)


def _query(session: Session, options: QueryOptions) -> int:
    """Answer a GraphQL document in this process and print the JSON."""
    from portal.commands.asking import query

    return query(session, options)


def _explain(session: Session, options: ExplainOptions) -> int:
    """Print the decision on an entry, item by item."""
    from portal.commands.asking import explain_decision

    return explain_decision(session, options)


def _schema(session: Session, options: SchemaOptions) -> int:
    """Print the schema as a subject sees it; left out, the public."""
    from portal.commands.asking import print_schema

    return print_schema(session, options)


def _settings(session: Session, options: NoOptions) -> int:
    """Print every setting with its value, source and meaning."""
    from portal.commands.settings import print_settings

    return print_settings(session, options)


def _backup(session: Session, options: BackupOptions) -> int:
    """Write a sealed backup of the whole portal, and verify it."""
    from portal.commands.archiving import backup

    return backup(session, options)


def _restore(session: Session, options: RestoreOptions) -> int:
    """Make empty databases the portal of a backup, in quarantine."""
    from portal.commands.archiving import restore_backup

    return restore_backup(session, options)


def _move(session: Session, options: MoveOptions) -> int:
    """Move the portal to two other, empty databases; stop it first."""
    from portal.commands.archiving import move_portal

    return move_portal(session, options)


def _reconcile(session: Session, options: ReconcileOptions) -> int:
    """Lift a restored portal's quarantine where its log agrees."""
    from portal.commands.reconciling import reconcile_portal

    return reconcile_portal(session, options)


def _init(session: Session, options: InitOptions) -> int:
    """Make databases and accounts on a PostgreSQL server, and print the settings that use them."""
    from portal.commands.databases import init

    return init(session, options)


def _keys_list(session: Session, options: NoOptions) -> int:
    """Print the keys that can be rotated, and former ones that still count."""
    from portal.commands.keys import list_keys

    return list_keys(session, options)


def _keys_rotate(session: Session, options: RotateOptions) -> int:
    """Make a new key and put it in force on every worker at once."""
    from portal.commands.keys import rotate

    return rotate(session, options)


def _keys_activate(session: Session, options: NoOptions) -> int:
    """Put the key that was prepared in force on every worker at once."""
    from portal.commands.keys import activate

    return activate(session, options)


def _upgrade(session: Session, options: NoOptions) -> int:
    """Bring the database's tables to this version's revision, whole or not at all."""
    from portal.commands.databases import upgrade

    return upgrade(session, options)


def _doctor(session: Session, options: DoctorOptions) -> int:
    """Find what is wrong with the installation, and say how to mend it."""
    from portal.commands.doctor import examine_installation

    return examine_installation(session, options)


def _verify(session: Session, options: VerifyOptions) -> int:
    """Check the whole log: records, chains, signatures."""
    from portal.commands.auditing import verify

    return verify(session, options)


def _witness(session: Session, options: WitnessOptions) -> int:
    """Keep a portal's checkpoints, and refuse another history."""
    from portal.commands.witnessing import keep_checkpoints

    return keep_checkpoints(session, options)


def _audit_key(session: Session, options: NoOptions) -> int:
    """Print the public key that verifies checkpoints."""
    from portal.commands.auditing import print_key

    return print_key(session, options)


def _search(session: Session, options: SearchOptions) -> int:
    """Find records in the audit log, newest first."""
    if options.by:
        from portal.commands.reading_audit import search_as

        return search_as(session, options)
    from portal.commands.searching import search

    return search(session, options)


def _show(session: Session, options: ShowOptions) -> int:
    """Print one record, and prove it by the checkpoint that covers it."""
    from portal.commands.searching import show

    return show(session, options)


def _statistics(session: Session, options: StatisticsOptions) -> int:
    """Count how entries were used, by entry, department, purpose or day."""
    from portal.commands.reading_audit import print_statistics

    return print_statistics(session, options)


def _audit_export(session: Session, options: EvidenceOptions) -> int:
    """Write records as evidence that anybody can check with `portal-verify`."""
    from portal.commands.reading_audit import export_evidence

    return export_evidence(session, options)


def _tail(session: Session, options: TailOptions) -> int:
    """Print the last records, then others as they come."""
    from portal.commands.auditing import tail

    return tail(session, options)


def make_command() -> TyperGroup:
    """Return the command line as typer makes it; help texts are English."""
    app = _group("Share government data under signed agreements, by GraphQL.")
    audit = _group("Check, search or follow the audit log.")
    database = _group("Set up the portal's databases.")
    _add(app, "demo", NoOptions, _demo)
    _add(app, "load", LoadOptions, _load)
    _add(app, "export", ExportOptions, _export)
    _add(app, "serve", ServeOptions, _serve)
    _add(app, "token", TokenOptions, _token)
    _add(app, "query", QueryOptions, _query)
    _add(app, "explain", ExplainOptions, _explain)
    _add(app, "schema", SchemaOptions, _schema)
    _add(app, "settings", NoOptions, _settings)
    _add(app, "backup", BackupOptions, _backup)
    _add(app, "restore", RestoreOptions, _restore)
    _add(app, "move", MoveOptions, _move)
    _add(app, "reconcile", ReconcileOptions, _reconcile)
    _add(app, "upgrade", NoOptions, _upgrade)
    _add(app, "doctor", DoctorOptions, _doctor)
    _add(database, "init", InitOptions, _init)
    keys = _group("List or rotate the portal's keys.")
    _add(keys, "list", NoOptions, _keys_list)
    _add(keys, "rotate", RotateOptions, _keys_rotate)
    _add(keys, "activate", NoOptions, _keys_activate)
    app.add_typer(keys, name="keys")
    app.add_typer(database, name="database")
    _add(audit, "verify", VerifyOptions, _verify)
    _add(audit, "search", SearchOptions, _search)
    _add(audit, "show", ShowOptions, _show)
    _add(audit, "statistics", StatisticsOptions, _statistics)
    _add(audit, "export", EvidenceOptions, _audit_export)
    _add(audit, "witness", WitnessOptions, _witness)
    _add(audit, "key", NoOptions, _audit_key)
    _add(audit, "tail", TailOptions, _tail)
    app.add_typer(audit, name="audit")
    return cast("TyperGroup", get_command(app))


def _group(help_text: str) -> typer.Typer:
    return typer.Typer(
        cls=Group,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _add(app: typer.Typer, name: str, options: type[_Options], run: Callable[[Session, _Options], int]) -> None:
    """Register the command: typer reads options off a function's parameters, here the fields of `options`."""

    def callback(context: typer.Context, **values: Any) -> int:  # noqa: ANN401 - the fields of `options`
        return int(run(context.obj, options(**values)))

    hints = get_type_hints(options, include_extras=True)
    parameters = [Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    for one in fields(options):  # type: ignore[arg-type]  # every class of options is a dataclass
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
    app.command(name, cls=Command, help=run.__doc__)(callback)


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
