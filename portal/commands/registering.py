"""`portal register list`."""

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from portal.commands.auditing import log_url
from portal.commands.options import RegisterOptions
from portal.commands.parsing import parse_choice
from portal.commands.terminal import ExitCode, Session
from portal.errors import Text
from portal.identity.keys import load_keys
from portal.identity.registered import render_registered
from portal.identity.registry import Application, Department, Group, Registered, Registry, User, is_admitted
from portal.identity.rows import load_registry
from portal.json_text import render_json
from portal.settings import Settings
from portal.storage.content import read_content
from portal.storage.database import open_sync_database
from portal.vocabulary import Role


class Listed(StrEnum):
    """What of the register is listed."""

    DEPARTMENTS = "departments"
    GROUPS = "groups"
    APPLICATIONS = "applications"
    USERS = "users"
    MANAGERS = "managers"


def list_register(session: Session, options: RegisterOptions) -> ExitCode:
    """Print who is registered, by code or id; on a terminal one short line each."""
    wanted = parse_choice("KIND", options.kind, Listed)
    registry = _read(session.settings())
    terminal = session.terminal
    for one in _listed(wanted, registry):
        if options.json or not terminal.out.isatty():
            terminal.write(render_json(render_registered(one)))
        else:
            terminal.say(_in_short(one, registry))
    return ExitCode.DONE


def _read(settings: Settings) -> Registry:
    """Return the register of the content in force. Raises: ConfigurationError, PolicyUnavailable."""
    engine = open_sync_database(log_url(settings))
    try:
        with engine.connect() as connection:
            return load_registry(read_content(connection, load_keys(settings.key_file).digest_secret))
    finally:
        engine.dispose()


def _listed(wanted: Listed, registry: Registry) -> Iterable[Registered]:
    users = [registry.users[name] for name in sorted(registry.users)]
    match wanted:
        case Listed.DEPARTMENTS:
            return [registry.departments[code] for code in sorted(registry.departments)]
        case Listed.GROUPS:
            return [registry.groups[code] for code in sorted(registry.groups)]
        case Listed.APPLICATIONS:
            return [registry.applications[name] for name in sorted(registry.applications)]
        case Listed.USERS:
            return users
        case Listed.MANAGERS:
            return [user for user in users if Role.INFORMATION_MANAGER in user.roles]
    assert_never(wanted)


def _in_short(one: Registered, registry: Registry) -> Text:
    """Return a line: code or id, name, department, how it stands."""
    match one:
        case Group():
            return _same(f"{one.code}  {one.name}")
        case Department():
            followed = " → " + " ".join(successor.code for successor in one.successors) if one.successors else ""
            return _same(f"{one.code}  {one.name}  {one.status}{followed}")
        case Application():
            return _owned(one, registry, "")
        case User():
            roles = " ".join(one.roles)
            filed = "" if one.filed_on is None else f"  {one.filed_on.isoformat()} {one.filing or ''}".rstrip()
            return _owned(one, registry, f"  [{roles}]{filed}")
    assert_never(one)


def _owned(one: Application | User, registry: Registry, rest: str) -> Text:
    line = f"{one.id}  {one.name}  {one.department}  {one.status}{rest}"
    if is_admitted(one, registry):
        return _same(line)
    return Text(en=f"{line}  (not admitted)", zh=f"{line}  （不予准入）")


def _same(line: str) -> Text:
    return Text(en=line, zh=line)
